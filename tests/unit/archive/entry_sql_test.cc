#include "archive/entry_sql.h"

#include <gmock/gmock.h>

namespace archive {
namespace {

using testing::HasSubstr;
using testing::Optional;

TocEntry entry(std::string desc, std::string tag, std::optional<std::string> drop = std::nullopt) {
  TocEntry made;
  made.desc = std::move(desc);
  made.tag = std::move(tag);
  made.drop = std::move(drop);
  made.schema = "s";
  made.owner = "o \"x\"";
  made.section = Section::PreData;
  return made;
}

std::string drop(std::string desc, std::string statement) {
  return drop_if_exists_statement(entry(std::move(desc), "t", std::move(statement)))
      .value_or("nothing");
}

TEST(Quoted, DoublesInnerQuotes) { EXPECT_EQ(archive::quoted("a\"b"), "\"a\"\"b\""); }

TEST(Owner, IsSetByNameForMostKinds) {
  EXPECT_THAT(owner_statement(entry("TABLE", "a\"b", "DROP TABLE s.x;\n")),
              Optional(std::string("ALTER TABLE \"s\".\"a\"\"b\" OWNER TO \"o \"\"x\"\"\";\n")));
  EXPECT_THAT(owner_statement(entry("SCHEMA", "s", "DROP SCHEMA s;\n")),
              Optional(HasSubstr("ALTER SCHEMA \"s\" OWNER")));
  EXPECT_THAT(owner_statement(entry("EVENT TRIGGER", "e", "DROP EVENT TRIGGER e;\n")),
              Optional(HasSubstr("ALTER EVENT TRIGGER \"e\" OWNER")));
  EXPECT_THAT(
      owner_statement(entry("TEXT SEARCH DICTIONARY", "d", "DROP TEXT SEARCH DICTIONARY s.d;\n")),
      Optional(HasSubstr("ALTER TEXT SEARCH DICTIONARY \"s\".\"d\" OWNER")));
}

TEST(Owner, ComesFromTheDropStatementWhereTheTagIsNotEnough) {
  EXPECT_THAT(owner_statement(entry("FUNCTION", "f(integer)",
                                    "DROP FUNCTION s.f(a integer, VARIADIC b text[]);\n")),
              Optional(HasSubstr("ALTER FUNCTION s.f(a integer, VARIADIC b text[]) OWNER TO ")));
  EXPECT_THAT(
      owner_statement(entry("OPERATOR CLASS", "oc", "DROP OPERATOR CLASS s.oc USING btree;\n")),
      Optional(HasSubstr("ALTER OPERATOR CLASS s.oc USING btree OWNER TO ")));
}

TEST(Owner, OfTheSchemaThatIsNotCreated) {
  EXPECT_THAT(owner_statement(
                  entry("SCHEMA", "public", "-- *not* dropping schema, since initdb creates it\n")),
              Optional(HasSubstr("ALTER SCHEMA \"public\" OWNER TO ")));
}

TEST(Owner, OfLargeObjectsAloneAndInGroups) {
  EXPECT_THAT(
      owner_statement(entry("BLOB", "3000000001", "SELECT pg_catalog.lo_unlink('3000000001');\n")),
      Optional(std::string("ALTER LARGE OBJECT 3000000001 OWNER TO \"o \"\"x\"\"\";\n")));
  TocEntry group = entry("BLOB METADATA", "7..8", "-- dummy");
  group.definition = "7\n8\n";
  EXPECT_THAT(
      owner_statement(group),
      Optional(HasSubstr("OBJECT 7 OWNER TO \"o \"\"x\"\"\";\nALTER LARGE OBJECT 8 OWNER")));
}

TEST(Owner, IsNotSetForOthers) {
  EXPECT_EQ(owner_statement(entry("SEQUENCE", "identity_seq", "")),
            std::nullopt);  // goes with its column
  EXPECT_EQ(owner_statement(entry("TABLE ATTACH", "part")), std::nullopt);
  EXPECT_EQ(owner_statement(entry("INDEX", "i", "DROP INDEX s.i;\n")), std::nullopt);
  EXPECT_EQ(owner_statement(entry("DATABASE", "d", "DROP DATABASE d;\n")), std::nullopt);
  TocEntry nobody = entry("TABLE", "t", "DROP TABLE s.t;\n");
  nobody.owner = "";
  EXPECT_EQ(owner_statement(nobody), std::nullopt);
}

TEST(Drop, KnowsIfExistsForEveryKind) {  // S16
  EXPECT_EQ(drop("TABLE", "DROP TABLE s.t;\n"), "DROP TABLE IF EXISTS s.t;\n");
  EXPECT_EQ(drop("MATERIALIZED VIEW", "DROP MATERIALIZED VIEW s.v;\n"),
            "DROP MATERIALIZED VIEW IF EXISTS s.v;\n");
  EXPECT_EQ(drop("TRIGGER", "DROP TRIGGER tg ON s.t;\n"), "DROP TRIGGER IF EXISTS tg ON s.t;\n");
  EXPECT_EQ(drop("CAST", "DROP CAST (s.a AS s.b);\n"), "DROP CAST IF EXISTS (s.a AS s.b);\n");
  EXPECT_EQ(drop("TRANSFORM", "DROP TRANSFORM FOR integer LANGUAGE x;\n"),
            "DROP TRANSFORM IF EXISTS FOR integer LANGUAGE x;\n");
  EXPECT_EQ(drop("OPERATOR", "DROP OPERATOR s.=== (integer, integer);\n"),
            "DROP OPERATOR IF EXISTS s.=== (integer, integer);\n");
  EXPECT_EQ(drop("OPERATOR CLASS", "DROP OPERATOR CLASS s.oc USING btree;\n"),
            "DROP OPERATOR CLASS IF EXISTS s.oc USING btree;\n");
  EXPECT_EQ(drop("USER MAPPING", "DROP USER MAPPING FOR public SERVER s;\n"),
            "DROP USER MAPPING IF EXISTS FOR public SERVER s;\n");
  EXPECT_EQ(drop("PROCEDURAL LANGUAGE", "DROP PROCEDURAL LANGUAGE x;\n"),
            "DROP PROCEDURAL LANGUAGE IF EXISTS x;\n");
  EXPECT_EQ(drop("FK CONSTRAINT", "ALTER TABLE ONLY s.\"a b\" DROP CONSTRAINT \"c;d\";\n"),
            "ALTER TABLE IF EXISTS ONLY s.\"a b\" DROP CONSTRAINT IF EXISTS \"c;d\";\n");
  EXPECT_EQ(drop("CHECK CONSTRAINT", "ALTER FOREIGN TABLE s.t DROP CONSTRAINT c;\n"),
            "ALTER FOREIGN TABLE IF EXISTS s.t DROP CONSTRAINT IF EXISTS c;\n");
}

TEST(Drop, KeepsWhatIsSafeAlready) {
  EXPECT_EQ(drop("TABLE", "DROP TABLE IF EXISTS s.t;\n"), "DROP TABLE IF EXISTS s.t;\n");
  EXPECT_EQ(drop("TABLE", "ALTER TABLE IF EXISTS s.t DROP CONSTRAINT c;\n"),
            "ALTER TABLE IF EXISTS s.t DROP CONSTRAINT IF EXISTS c;\n");
}

TEST(Drop, TakesSeveralStatementsAndLeavesCommentsOut) {
  EXPECT_EQ(drop("TABLE", "DROP TABLE s.\"a;\"\"b\";\n-- it's gone;\nDROP TABLE s.c;\n"),
            "DROP TABLE IF EXISTS s.\"a;\"\"b\";\nDROP TABLE IF EXISTS s.c;\n");
  EXPECT_EQ(drop("SCHEMA", "-- *not* dropping schema, since initdb creates it\n"), "nothing");
}

TEST(Drop, LooksFirstWherePostgresqlHasNoIfExists) {  // S16
  EXPECT_EQ(drop("DEFAULT", "ALTER TABLE s.t ALTER COLUMN \"it's\" DROP DEFAULT;\n"),
            "DO $pgbelay$BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = "
            "pg_catalog.to_regclass('s.t') AND attname = 'it''s' AND NOT attisdropped) THEN "
            "ALTER TABLE s.t ALTER COLUMN \"it's\" DROP DEFAULT; END IF; END$pgbelay$;\n");
  EXPECT_EQ(drop("CHECK CONSTRAINT", "ALTER DOMAIN s.d DROP CONSTRAINT c;\n"),
            "DO $pgbelay$BEGIN IF pg_catalog.to_regtype('s.d') IS NOT NULL THEN ALTER DOMAIN s.d "
            "DROP CONSTRAINT IF "
            "EXISTS c; END IF; END$pgbelay$;\n");
  EXPECT_EQ(
      drop("RULE", "CREATE OR REPLACE VIEW s.v AS\nSELECT\n    NULL::text AS \"$pgbelay$;\";\n"),
      "DO $pgbelay_$BEGIN IF pg_catalog.to_regclass('s.v') IS NOT NULL THEN CREATE OR REPLACE VIEW "
      "s.v AS\n"
      "SELECT\n    NULL::text AS \"$pgbelay$;\"; END IF; END$pgbelay_$;\n");
  EXPECT_THAT(drop("OPERATOR FAMILY", "DROP OPERATOR FAMILY s.f USING \"My am\";\n"),
              HasSubstr("IF EXISTS (SELECT FROM pg_catalog.pg_am WHERE amname = 'My am') THEN DROP "
                        "OPERATOR FAMILY IF EXISTS"));
}

TEST(Drop, CascadesOnlyBehindACheck) {  // S16
  const std::string dropped = drop("TYPE", "DROP TYPE s.\"b\\t\" CASCADE;\n");
  EXPECT_THAT(dropped, HasSubstr("to_regtype(E's.\"b\\\\t\"')"));
  EXPECT_LT(dropped.find("RAISE EXCEPTION"),
            dropped.find("DROP TYPE IF EXISTS s.\"b\\t\" CASCADE"));
  EXPECT_EQ(drop("TYPE", "DROP TYPE s.t;\n"), "DROP TYPE IF EXISTS s.t;\n");
}

TEST(Drop, NeverEndsASubscription) {  // F8
  EXPECT_EQ(drop("SUBSCRIPTION", "DROP SUBSCRIPTION s1;\n"), "nothing");
  EXPECT_EQ(drop("DATABASE", "DROP DATABASE d;\n"), "nothing");
}

TEST(Drop, UnlinksLargeObjectsThatAreThere) {
  TocEntry group = entry("BLOB METADATA", "7..8", "-- dummy");
  group.definition = "7\n8\n";
  EXPECT_THAT(drop_if_exists_statement(group),
              Optional(std::string("SELECT pg_catalog.lo_unlink(oid) FROM "
                                   "pg_catalog.pg_largeobject_metadata WHERE oid IN (7, 8);\n")));
}

TEST(StorageSettings, StandOnlyForKindsWithStorage) {
  TocEntry table = entry("TABLE", "t");
  EXPECT_EQ(storage_settings(table), "");
  table.tablespace = "";
  table.table_access_method = "heap";
  EXPECT_EQ(storage_settings(table),
            "SET default_tablespace = '';\nSET default_table_access_method = \"heap\";\n");
  table.tablespace = "fast disk";
  table.relkind = 'p';
  EXPECT_EQ(storage_settings(table), "SET default_tablespace = \"fast disk\";\n");
  EXPECT_THAT(access_method_statement(table),
              Optional(std::string("ALTER TABLE \"s\".\"t\" SET ACCESS METHOD \"heap\";\n")));
}

TEST(CommentBlock, CannotBeLeftByAName) {  // M9, CVE-2025-8715
  const std::string block = comment_block(entry("TABLE", "x\n\\! touch /tmp/y\r\\q"));
  EXPECT_THAT(block, testing::StartsWith("\n--\n-- Name: x\\x0a\\! touch"));
  EXPECT_EQ(block.find('\r'), std::string::npos);
  EXPECT_EQ(block.find("\n\\"), std::string::npos);
}

TEST(LargeObjects, AreRecognised) {
  EXPECT_TRUE(is_large_object_related(entry("COMMENT", "LARGE OBJECT 7")));
  EXPECT_TRUE(is_large_object_related(entry("ACL", "LARGE OBJECTS 7..9")));
  EXPECT_TRUE(is_large_object_related(entry("BLOBS", "BLOBS")));
  EXPECT_FALSE(is_large_object_related(entry("TABLE", "LARGE OBJECT 7")));
  EXPECT_FALSE(is_large_object_related(entry("COMMENT", "TABLE t")));
}

}  // namespace
}  // namespace archive
