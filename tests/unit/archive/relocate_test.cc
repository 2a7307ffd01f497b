#include "archive/relocate.h"

#include <gtest/gtest.h>

namespace {

archive::Relocation relocation() {
  archive::Relocation moved;
  moved.add("app", "members", "aside");
  moved.add("app", "members_id_seq", "aside");
  moved.add("app", "members_pkey", "aside");
  moved.add("Odd \"schema\"", "a.b", "a side");
  return moved;
}

TEST(Relocation, MovesQualifiedNamesOfItsRelationsOnly) {
  const archive::Relocation moved = relocation();
  EXPECT_EQ(moved.statement("CREATE TABLE app.members (\n    id integer NOT NULL\n);\n"),
            "CREATE TABLE \"aside\".\"members\" (\n    id integer NOT NULL\n);\n");
  EXPECT_EQ(
      moved.statement(
          "ALTER TABLE ONLY app.members\n    ADD CONSTRAINT members_pkey PRIMARY KEY (id);"),
      "ALTER TABLE ONLY \"aside\".\"members\"\n    ADD CONSTRAINT members_pkey PRIMARY KEY (id);");
  EXPECT_EQ(moved.statement("ALTER SEQUENCE app.members_id_seq OWNED BY app.members.id;"),
            "ALTER SEQUENCE \"aside\".\"members_id_seq\" OWNED BY \"aside\".\"members\".id;");
  EXPECT_EQ(moved.statement("CREATE INDEX i ON app.members2 USING btree (app.f(x));"),
            "CREATE INDEX i ON app.members2 USING btree (app.f(x));");
  EXPECT_EQ(moved.statement("COPY \"Odd \"\"schema\"\"\".\"a.b\" (x) FROM stdin;"),
            "COPY \"a side\".\"a.b\" (x) FROM stdin;");
}

TEST(Relocation, LeavesLiteralsCommentsOfNumbersAndFunctionsAlone) {
  const archive::Relocation moved = relocation();
  for (const char* text :
       {"CHECK (x <> 'app.members')", "CHECK (x <> E'it\\'s app.members')", "SELECT app.members(1)",
        "$$ app.members $$", "$q$ app.members '$q$", "CHECK ((1.5 > 0.5))", "other.app.members",
        "CHECK (x <> 'it''s app.members')", "'no end app.members", "\"app.members\""}) {
    EXPECT_EQ(moved.statement(text), text);
  }
  EXPECT_EQ(moved.statement("FOREIGN KEY (up) REFERENCES app.members(id)"),
            "FOREIGN KEY (up) REFERENCES \"aside\".\"members\"(id)");
}

TEST(Relocation, MovesSequencesInDefaultsAndTheirPositions) {
  const archive::Relocation moved = relocation();
  EXPECT_EQ(moved.statement("SET DEFAULT nextval('app.members_id_seq'::regclass);"),
            "SET DEFAULT nextval('\"aside\".\"members_id_seq\"'::regclass);");
  EXPECT_EQ(moved.statement("SET DEFAULT nextval('app.other_seq'::regclass);"),
            "SET DEFAULT nextval('app.other_seq'::regclass);");
  EXPECT_EQ(moved.statement("SELECT pg_catalog.setval('app.members_id_seq', 5, true);"),
            "SELECT pg_catalog.setval('\"aside\".\"members_id_seq\"', 5, true);");
}

TEST(Relocation, MovesAnEntryWithItsSchema) {
  archive::TocEntry entry;
  entry.desc = "TABLE";
  entry.tag = "members";
  entry.schema = "app";
  entry.definition = "CREATE TABLE app.members ();";
  const archive::TocEntry moved = relocation().entry(entry);
  EXPECT_EQ(moved.schema, "aside");
  EXPECT_EQ(moved.definition, "CREATE TABLE \"aside\".\"members\" ();");
  entry.tag = "others";
  EXPECT_EQ(relocation().entry(entry).schema, "app");
}

}  // namespace
