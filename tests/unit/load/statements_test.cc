#include "load/statements.h"

#include <gmock/gmock.h>

#include "load/copy_statement.h"

namespace load {
namespace {

using archive::parse_copy;
using archive::TocEntry;
using testing::HasSubstr;
using testing::Not;

TEST(CopyStatement, TakesNamesApart) {
  const auto plain = parse_copy("COPY public.members (id, \"select\") FROM stdin;\n");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->schema, "public");
  EXPECT_EQ(plain->table, "members");
  EXPECT_EQ(copy_sql(*plain, Freeze::No),
            "COPY \"public\".\"members\" (id, \"select\") FROM STDIN");
  EXPECT_EQ(copy_sql(*plain, Freeze::Yes),
            "COPY \"public\".\"members\" (id, \"select\") FROM STDIN WITH (FREEZE)");
  const auto odd = parse_copy("COPY \"a.b\"\"c\".\"FROM stdin; (\" (c) FROM stdin;\n");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->schema, "a.b\"c");
  EXPECT_EQ(odd->table, "FROM stdin; (");
}

TEST(CopyStatement, TableWithoutColumns) {
  const auto zero = parse_copy("COPY app.zero  FROM stdin;\n");
  ASSERT_TRUE(zero);
  EXPECT_EQ(zero->table, "zero");
}

TEST(CopyStatement, AnythingElseIsNone) {
  for (const char* text :
       {"", "INSERT INTO a", "COPY a FROM stdin;", "COPY a.b (c) FROM '/etc/passwd';",
        "COPY \"a.b (c) FROM stdin;", "COPY a. (c) FROM stdin;", "COPY a.bFROM stdin;"}) {
    EXPECT_FALSE(parse_copy(text)) << text;
  }
}

TocEntry owned(std::string desc, std::string tag, std::string definition) {
  TocEntry entry;
  entry.desc = std::move(desc);
  entry.tag = std::move(tag);
  entry.definition = std::move(definition);
  entry.drop = "DROP …;\n";
  entry.owner = "o\"wner";
  entry.schema = "public";
  return entry;
}

TEST(Statements, OwnerAndStorageGoAlong) {
  archive::Toc toc;
  TocEntry table = owned("TABLE", "t", "CREATE TABLE public.t ();\n");
  table.tablespace = "";
  table.table_access_method = "heap";
  EXPECT_THAT(restoring_sql(toc, table, {}), HasSubstr("OWNER TO \"o\"\"wner\""));
  EXPECT_THAT(restoring_sql(toc, table, {}), HasSubstr("default_table_access_method"));
  Options without;
  without.owners = false;
  EXPECT_THAT(restoring_sql(toc, table, without), Not(HasSubstr("OWNER")));
}

TEST(Statements, S12ExtensionVersion) {
  archive::Toc toc;
  const TocEntry extension =
      owned("EXTENSION", "pg_trgm", "CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;\n");
  Options options;
  options.extensions = {{"pg_trgm", "1.5"}};
  EXPECT_THAT(
      restoring_sql(toc, extension, options),
      HasSubstr("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public VERSION '1.5';"));
}

TEST(Statements, LargeObjectsOfAGroup) {
  archive::Toc toc;
  TocEntry group = owned("BLOB METADATA", "1..2", "16400\n16401\n");
  group.dump_id = 7;
  toc.entries.push_back(group);
  TocEntry acl =
      owned("ACL", "LARGE OBJECTS 16400..16401", "GRANT SELECT ON LARGE OBJECT 16400 TO reader;\n");
  acl.drop.reset();
  acl.dependencies = {7};
  EXPECT_THAT(restoring_sql(toc, group, {}),
              testing::AllOf(HasSubstr("lo_create('16400')"), HasSubstr("lo_create('16401')")));
  EXPECT_THAT(restoring_sql(toc, acl, {}), testing::AllOf(HasSubstr("LARGE OBJECT 16400 TO"),
                                                          HasSubstr("LARGE OBJECT 16401 TO")));
}

TEST(Statements, ForeignKeyAsNotValid) {
  TocEntry key = owned(
      "FK CONSTRAINT", "b fk",
      "ALTER TABLE ONLY public.b\n    ADD CONSTRAINT fk FOREIGN KEY (i) REFERENCES public.a(i);\n");
  EXPECT_THAT(not_valid(key).value_or(""), HasSubstr("REFERENCES public.a(i) NOT VALID;"));
  key.definition =
      "ALTER TABLE ONLY public.b ADD CONSTRAINT fk FOREIGN KEY (i) REFERENCES public.a(i) NOT "
      "VALID;\n";
  EXPECT_FALSE(not_valid(key));
  EXPECT_FALSE(not_valid(owned("CONSTRAINT", "b pk", "ALTER TABLE …;\n")));
}

TEST(Statements, CommentsOnExtensions) {
  TocEntry comment = owned("COMMENT", "EXTENSION \"uuid-ossp\"",
                           "COMMENT ON EXTENSION \"uuid-ossp\" IS 'it''s';\n");
  EXPECT_EQ(commented_extension(comment), "uuid-ossp");
  EXPECT_TRUE(same_comment(*comment.definition, "it's"));
  EXPECT_FALSE(same_comment(*comment.definition, "it"));
  EXPECT_FALSE(commented_extension(owned("COMMENT", "TABLE t", "…")));
}

}  // namespace
}  // namespace load
