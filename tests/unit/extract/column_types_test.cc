// Which columns are numbers, booleans or documents, by the definition that an archive holds.
#include "extract/column_types.h"

#include <gmock/gmock.h>

#include "extract/encoder.h"

namespace extract {
namespace {

using testing::ElementsAre;

std::vector<std::string> told(std::string_view definition) {
  std::vector<std::string> out;
  for (const ColumnType& column : column_types(definition))
    out.push_back(column.name + ' ' + "TNBJ"[static_cast<int>(column.type)]);
  return out;
}

TEST(ColumnTypes, AreReadFromTheDefinition) {
  EXPECT_THAT(
      told("CREATE TABLE app.t (\n    id integer NOT NULL,\n    big bigint,\n    small smallint,\n"
           "    price numeric(10,2) DEFAULT 1.5,\n    any_number numeric,\n    r real,\n"
           "    d double precision,\n    o oid,\n    yes boolean DEFAULT true NOT NULL,\n    j "
           "json,\n"
           "    jb jsonb DEFAULT '{\"a\": [1, 2], \"b\": \"it''s )\"}'::jsonb,\n"
           "    \"odd \"\", name\" integer,\n    note text COLLATE \"C, (x\"\n);\n"),
      ElementsAre("id N", "big N", "small N", "price N", "any_number N", "r N", "d N", "o N",
                  "yes B", "j J", "jb J", "odd \", name N", "note T"));
}

TEST(ColumnTypes, OtherTypesAndTheirNamesakesAreText) {
  EXPECT_THAT(
      told("CREATE UNLOGGED TABLE public.\"T (\" (\n    a integer[],\n    b numeric(3,1)[],\n"
           "    c app.json,\n    d interval,\n    e jsonpath,\n    f integer GENERATED ALWAYS AS "
           "((g * length('a,b)'::text))) STORED,\n    g int4range,\n    CONSTRAINT k CHECK "
           "((a IS NOT NULL))\n)\nINHERITS (public.p);\n")
          .size(),
      8U);
  EXPECT_THAT(told("CREATE TABLE s.t (\n    a integer[],\n    b numeric(3,1)[],\n    c app.json,\n"
                   "    d interval,\n    e jsonpath,\n    g int4range\n);\n"),
              ElementsAre("a T", "b T", "c T", "d T", "e T", "g T"));
  EXPECT_THAT(told("CREATE TABLE s.empty (\n);\n"), ElementsAre());
  EXPECT_THAT(told("CREATE TABLE s.typed OF s.kind (\n    a WITH OPTIONS PRIMARY KEY\n);\n"),
              ElementsAre());
  EXPECT_THAT(told("CREATE VIEW s.v AS\n SELECT 1;\n"), ElementsAre());
  EXPECT_THAT(told("CREATE TABLE s.cut (\n    a integer,\n    b"), ElementsAre("a N"));
}

TEST(JsonEncoder, ValuesHaveTheirTypes) {
  RowOutput output{.format = Format::Json,
                   .projection = {.names = {"n", "b", "j", "t"}, .fields = {}},
                   .types = {JsonType::Number, JsonType::Boolean, JsonType::Json, JsonType::Text},
                   .insert = {},
                   .after_values = {}};
  const std::unique_ptr<Encoder> encoder = make_encoder(output);
  std::string out;
  encoder->append(out, "-12.50\tt\t{\"a\": [1, \"x\\\\ny\"],\\n \"b\": null}\t1");
  encoder->append(out, "NaN\tf\t\"text\"\ttrue");
  encoder->append(out, "-Infinity\t\\N\t\\N\t\\N");
  encoder->append(out, "1e+20\tt\t12345678901234567890.5\t");
  EXPECT_EQ(out,
            "{\"n\":-12.50,\"b\":true,\"j\":{\"a\": [1, \"x\\ny\"],  \"b\": null},\"t\":\"1\"}\n"
            "{\"n\":\"NaN\",\"b\":false,\"j\":\"text\",\"t\":\"true\"}\n"
            "{\"n\":\"-Infinity\",\"b\":null,\"j\":null,\"t\":null}\n"
            "{\"n\":1e+20,\"b\":true,\"j\":12345678901234567890.5,\"t\":\"\"}\n");
}

}  // namespace
}  // namespace extract
