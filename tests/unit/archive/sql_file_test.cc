#include "archive/sql_file.h"

#include <gmock/gmock.h>

#include "codec/inflate.h"
#include "codec/sha256.h"
#include "util/files.h"

namespace archive {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string gunzip(std::string_view file) {
  std::string text;
  codec::Inflater inflater(codec::Framing::Gzip);
  inflater.add(std::as_bytes(std::span(file)), [&](std::span<const std::byte> bytes) {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  inflater.finish();
  return text;
}

TocEntry& add(Toc& toc, int id, Section section, std::string desc, std::string tag,
              std::string definition) {
  TocEntry entry;
  entry.dump_id = id;
  entry.section = section;
  entry.desc = std::move(desc);
  entry.tag = std::move(tag);
  if (!definition.empty()) entry.definition = std::move(definition);
  entry.schema = "s";
  entry.owner = "o";
  return toc.entries.emplace_back(std::move(entry));
}

// One entry of each kind that has a place of its own, in an order as pg_dump's.
Toc small_toc() {
  Toc toc;
  toc.entries.reserve(40);
  toc.database = "d\n\\! date";
  add(toc, 1, Section::PreData, "ENCODING", "ENCODING", "SET client_encoding = 'LATIN1';\n");
  add(toc, 2, Section::PreData, "DATABASE", "d", "CREATE DATABASE d;\n").drop =
      "DROP DATABASE d;\n";
  add(toc, 3, Section::None, "COMMENT", "DATABASE d", "COMMENT ON DATABASE d IS 'x';\n");
  add(toc, 4, Section::PreData, "SCHEMA", "s", "CREATE SCHEMA s;\n").drop = "DROP SCHEMA s;\n";
  TocEntry& table = add(toc, 5, Section::PreData, "TABLE", "t", "CREATE TABLE s.t (a text);\n");
  table.drop = "DROP TABLE s.t;\n";
  table.tablespace = "fast";
  table.table_access_method = "heap";
  add(toc, 6, Section::None, "COMMENT", "TABLE t", "COMMENT ON TABLE s.t IS 'c';\n");
  add(toc, 7, Section::None, "ACL", "TABLE t", "GRANT SELECT ON TABLE s.t TO r;\n");
  add(toc, 8, Section::PreData, "TABLE", "c", "CREATE TABLE s.c (a text);\n").drop =
      "DROP TABLE s.c;\n";
  add(toc, 9, Section::PreData, "TABLE ATTACH", "c",
      "ALTER TABLE ONLY s.t ATTACH PARTITION s.c DEFAULT;\n")
      .dependencies = {8, 5};
  TocEntry& blobs = add(toc, 10, Section::Data, "BLOB METADATA", "7..8", "7\n8\n");
  blobs.drop = "-- dummy";
  add(toc, 11, Section::None, "ACL", "LARGE OBJECTS 7..8",
      "GRANT SELECT ON LARGE OBJECT 7 TO r;\nSET SESSION AUTHORIZATION g;\n"
      "GRANT UPDATE ON LARGE OBJECT 7 TO r;\nRESET SESSION AUTHORIZATION;\n")
      .dependencies = {10};
  add(toc, 12, Section::None, "COMMENT", "LARGE OBJECT 7", "COMMENT ON LARGE OBJECT 7 IS 'lo';\n");
  add(toc, 13, Section::Data, "TABLE DATA", "t", "").copy = "COPY s.t (a) FROM stdin;\n";
  add(toc, 14, Section::Data, "SEQUENCE SET", "q", "SELECT pg_catalog.setval('s.q', 5, true);\n");
  add(toc, 20, Section::PostData, "CONSTRAINT", "t t_pkey",
      "ALTER TABLE ONLY s.t ADD CONSTRAINT t_pkey PRIMARY KEY (a);\n")
      .drop = "ALTER TABLE ONLY s.t DROP CONSTRAINT t_pkey;\n";
  add(toc, 21, Section::PostData, "CONSTRAINT", "c c_pkey",
      "ALTER TABLE ONLY s.c ADD CONSTRAINT c_pkey PRIMARY KEY (a);\n")
      .drop = "ALTER TABLE ONLY s.c DROP CONSTRAINT c_pkey;\n";
  add(toc, 22, Section::PostData, "INDEX ATTACH", "c_pkey",
      "ALTER INDEX s.t_pkey ATTACH PARTITION s.c_pkey;\n");
  add(toc, 23, Section::PostData, "EVENT TRIGGER", "e", "CREATE EVENT TRIGGER e;\n").drop =
      "DROP EVENT TRIGGER e;\n";
  add(toc, 24, Section::None, "COMMENT", "EVENT TRIGGER e", "COMMENT ON EVENT TRIGGER e IS 'e';\n");
  add(toc, 25, Section::PostData, "MATERIALIZED VIEW DATA", "mv",
      "REFRESH MATERIALIZED VIEW s.mv;\n");
  add(toc, 26, Section::PostData, "SUBSCRIPTION", "sub",
      "CREATE SUBSCRIPTION sub WITH (connect = false);\n")
      .drop = "DROP SUBSCRIPTION sub;\n";
  add(toc, 27, Section::PostData, "INDEX", "i", "CREATE INDEX i ON s.t (a);\n").drop =
      "DROP INDEX s.i;\n";
  add(toc, 28, Section::PostData, "DEFAULT ACL", "DEFAULT PRIVILEGES FOR TABLES",
      "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO r;\n");
  return toc;
}

class SqlFile : public testing::Test {
 protected:
  std::filesystem::path path() const { return folder_.path() / "full_backup.sql.gz"; }

  std::string written(const Toc& toc, SqlFileOptions options) {
    std::filesystem::remove(path());
    SqlFileWriter writer(path(), toc, options);
    const std::vector<codec::Piece> pieces{codec::deflate_piece("one\n"),
                                           codec::deflate_piece("two\n")};
    for (const TocEntry& entry : toc.entries) {
      if (entry.desc == "BLOB METADATA" || entry.desc == "SEQUENCE SET") writer.statement(entry);
      if (entry.desc != "TABLE DATA") continue;
      writer.begin_table(entry);
      offsets_.clear();
      for (const codec::Piece& piece : pieces) offsets_.push_back(writer.write_piece(piece));
      writer.end_table();
    }
    sum_ = writer.finish();
    pieces_ = pieces;
    return gunzip(util::read_text(path()));
  }

  util::TempDir folder_{"sql-file"};
  std::vector<codec::Piece> pieces_;
  std::vector<std::uint64_t> offsets_;
  std::string sum_;
};

// The places of `parts` in `text`, each of which must be there once.
std::vector<std::size_t> places(std::string_view text, const std::vector<std::string>& parts) {
  std::vector<std::size_t> found;
  for (const std::string& part : parts) {
    found.push_back(text.find(part));
    EXPECT_NE(found.back(), std::string::npos) << part;
    EXPECT_EQ(text.find(part, found.back() + 1), std::string::npos) << part << " is there twice";
  }
  return found;
}

TEST_F(SqlFile, PiecesLieWhereItSays) {
  written(small_toc(), {});
  const std::string file = util::read_text(path());
  for (std::size_t n = 0; n < pieces_.size(); ++n) {
    const std::string_view deflated(reinterpret_cast<const char*>(pieces_[n].deflated.data()),
                                    pieces_[n].deflated.size());
    EXPECT_EQ(file.substr(offsets_[n], deflated.size()), deflated);
  }
  EXPECT_EQ(sum_, codec::sha256_of(file));
}

TEST_F(SqlFile, HasDropsThenDefinitionsThenDataThenTheRest) {  // S16
  const std::vector<std::size_t> order =
      places(written(small_toc(), {.owners = Include::Yes, .acls = Include::Yes}),
             {"SET client_encoding = 'LATIN1'",
              "DROP EVENT TRIGGER IF EXISTS e",
              "DROP INDEX IF EXISTS s.i",
              "ALTER TABLE IF EXISTS ONLY s.t DROP CONSTRAINT IF EXISTS t_pkey",
              "lo_unlink",
              "DROP TABLE IF EXISTS s.c",
              "DROP TABLE IF EXISTS s.t;",
              "DROP SCHEMA IF EXISTS s;",
              "CREATE SCHEMA s;",
              "CREATE TABLE s.t",
              "ALTER TABLE \"s\".\"t\" OWNER TO \"o\"",
              "COMMENT ON TABLE s.t",
              "ATTACH PARTITION s.c DEFAULT",
              "lo_create('7')",
              "COPY s.t (a) FROM stdin;\none\ntwo\n\\.\n",
              "setval('s.q', 5, true)",
              "COMMENT ON LARGE OBJECT 7",
              "ADD CONSTRAINT t_pkey",
              "ATTACH PARTITION s.c_pkey",
              "CREATE SUBSCRIPTION",
              "CREATE INDEX i",
              "GRANT SELECT ON TABLE s.t",
              "GRANT SELECT ON LARGE OBJECT 7 TO r",
              "GRANT SELECT ON LARGE OBJECT 8 TO r;\nSET SESSION AUTHORIZATION g;\n"
              "GRANT UPDATE ON LARGE OBJECT 8 TO r;\nRESET SESSION AUTHORIZATION;",
              "ALTER DEFAULT PRIVILEGES",
              "CREATE EVENT TRIGGER e",
              "COMMENT ON EVENT TRIGGER e",
              "REFRESH MATERIALIZED VIEW"});
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << testing::PrintToString(order);
}

TEST_F(SqlFile, HasNoOwnersAndPrivilegesUnlessAskedFor) {
  const std::string text = written(small_toc(), {});
  EXPECT_THAT(text, Not(HasSubstr("OWNER TO")));
  EXPECT_THAT(text, Not(HasSubstr("GRANT")));
  EXPECT_THAT(text, Not(HasSubstr("PRIVILEGES")));
}

TEST_F(SqlFile, LeavesTheDatabaseItsTablespacesAndLiveSlotsAlone) {  // F8
  const std::string text = written(small_toc(), {.owners = Include::Yes, .acls = Include::Yes});
  EXPECT_THAT(text, Not(HasSubstr("DATABASE d")));
  EXPECT_THAT(text, Not(HasSubstr("fast")));
  EXPECT_THAT(text, Not(HasSubstr("DROP SUBSCRIPTION")));
}

TEST_F(SqlFile, IsNoTransactionOfItsOwnAndNeverCascades) {  // S16
  const std::string text = written(small_toc(), {});
  EXPECT_THAT(text, Not(HasSubstr("\nBEGIN;")));
  EXPECT_THAT(text, Not(HasSubstr("COMMIT")));
  EXPECT_THAT(text, Not(HasSubstr("CASCADE")));
}

TEST_F(SqlFile, DropsAttachedConstraintsWithTheirParents) {
  EXPECT_THAT(written(small_toc(), {}), Not(HasSubstr("DROP CONSTRAINT IF EXISTS c_pkey")));
}

TEST_F(SqlFile, StopsAtPartitionsThatItDoesNotKnow) {  // S16
  EXPECT_THAT(
      written(small_toc(), {}),
      HasSubstr("inhparent = pg_catalog.to_regclass('\"s\".\"t\"') AND NOT (inhrelid = ANY "
                "(pg_catalog.array_remove(ARRAY[pg_catalog.to_regclass('\"s\".\"c\"')], NULL)))"));
}

TEST_F(SqlFile, NoLineOutsideDataBeginsWithABackslash) {  // M9
  Toc toc = small_toc();
  for (TocEntry& entry : toc.entries) entry.tag += "\n\\! touch /tmp/x\r\\q";
  std::string text = written(toc, {});
  for (std::size_t at = text.find("\n\\"); at != std::string::npos;
       at = text.find("\n\\", at + 1)) {
    EXPECT_EQ(text.substr(at, 4), "\n\\.\n") << text.substr(at, 40);
  }
  EXPECT_EQ(text.find('\r'), std::string::npos);
}

TEST_F(SqlFile, IsTheSameForTheSameInput) {
  written(small_toc(), {});
  const std::string first = sum_;
  written(small_toc(), {});
  EXPECT_EQ(sum_, first);
}

TEST_F(SqlFile, WritesLargeObjectsInSteps) {
  const Toc toc = small_toc();
  {
    SqlFileWriter writer(path(), toc, {});
    const std::vector<std::byte> bytes(700'000, std::byte{0xAB});
    writer.begin_large_object(4000000000U);
    writer.large_object_bytes(std::span(bytes).first(100'000));
    writer.large_object_bytes(std::span(bytes).subspan(100'000));
    writer.end_large_object();
    writer.begin_large_object(8);
    writer.end_large_object();
    writer.begin_large_object(9);
    writer.large_object_bytes(std::span(bytes).first(1));
    writer.end_large_object();
    writer.finish();
  }
  const std::string text = gunzip(util::read_text(path()));
  EXPECT_THAT(text, HasSubstr("SELECT pg_catalog.lo_put('4000000000', 0, pg_catalog.decode('abab"));
  EXPECT_THAT(text,
              HasSubstr("SELECT pg_catalog.lo_put('4000000000', 524288, pg_catalog.decode('abab"));
  EXPECT_THAT(text, HasSubstr("SELECT pg_catalog.lo_put('9', 0, pg_catalog.decode('ab', 'hex'));"));
  EXPECT_THAT(text, Not(HasSubstr("lo_put('8'")));
}

}  // namespace
}  // namespace archive
