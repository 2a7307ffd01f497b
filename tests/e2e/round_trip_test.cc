// A backup, restored in every way there is, is the same database: databases with every kind of
// data, name and encoding; our loader, stock pg_restore, and psql, against a stock pg_dump of the
// same database.
#include "support/round_trip.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "support/run_binary.h"

namespace {

using test::RoundTrip;

// F6: varchar … IN (…) in CHECK, views, indexes and so on; M3: sequences, large objects; S13, S14.
TEST_F(RoundTrip, OfEveryKindOfDataIsTheSameByEveryWay) {
  make("kinds", "", {"types", "tables", "objects"});
  back_up();
  EXPECT_NE(told().find("objects.stale was stale"), std::string::npos) << "K3: a note, no failure\n"
                                                                       << told();
  expect_all_copies_equal();
}

// The same with the schema read from the catalogues. Both loaders work in parallel, so that every
// entry must name what it needs: a key to a partitioned table is refused (42830) before the indexes
// of the partitions are attached.
class FromCatalogs : public RoundTrip {
 protected:
  void read_catalogs() {
    back_up({"--proof", "proven", "--sql-owners", "--sql-acls", "--schema-from", "catalog"});
  }
};

TEST_F(FromCatalogs, EveryKindOfDataIsTheSameByEveryWay) {
  make("kinds", "", {"types", "tables", "objects"});
  read_catalogs();
  expect_all_copies_equal();
}

// M9, and what the server quotes.
TEST_F(FromCatalogs, EveryKindOfNameIsTheSame) {
  make("na\"me's %\n\\! touch pwned\n", "", {"names"});
  read_catalogs();
  expect_all_copies_equal();
  EXPECT_FALSE(std::filesystem::exists(folder() / "pwned"));
}

TEST_F(FromCatalogs, ADatabaseInLatin1IsTheSame) {
  make("latin1", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'", {"latin1"});
  read_catalogs();
  expect_all_copies_equal();
}

// M9: a name with a newline and a command of psql runs nothing.
TEST_F(RoundTrip, OfEveryKindOfNameIsTheSameAndRunsNothing) {
  make("na\"me's %\n\\! touch pwned\n", "", {"names"});
  back_up();
  expect_all_copies_equal();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
    EXPECT_NE(entry.path().filename(), "pwned");
  }
  EXPECT_FALSE(std::filesystem::exists("pwned"));
  const test::BinaryResult sums = test::run_program(
      "/usr/bin/sha256sum",
      {.args = {"-c", "--quiet", "SHA256SUMS"}, .env = {}, .directory = backup(), .on_line = {}});
  EXPECT_EQ(sums.status, 0) << sums.err;
}

TEST_F(RoundTrip, OfADatabaseInLatin1IsTheSame) {
  make("latin1", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'", {"latin1"});
  back_up();
  expect_all_copies_equal();
}

TEST_F(RoundTrip, OfADatabaseOfBytesIsTheSame) {
  make("sql_ascii", "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'", {"sql_ascii"});
  back_up();
  expect_all_copies_equal();
}

// Which partition a row belongs to depends on the OIDs of the labels, which a restore gives anew:
// the rows have to go through the root, and the fingerprint is that of all partitions.
TEST_F(RoundTrip, OfPartitionsByTheHashOfAnEnumIsTheSame) {
  make("enum_partitions", "", {"enum_partitions"});
  back_up();
  const auto rows = [](const test::TestDatabase& from) {
    return from.connect()
        .query("select string_agg(c || n::text, ' ' order by c, n) from public.by_colour")
        .str(0, 0);
  };
  const std::string before = rows(database());
  EXPECT_EQ(before, rows(copy_by_pg_restore()));
  EXPECT_EQ(before, rows(copy_by_pgbelay()));
  const test::TestDatabase copy = copy_by_psql();
  EXPECT_EQ(before, rows(copy));
  EXPECT_EQ(test::run_sql(folder(), sql(), copy.url()).ended.status, 0);
  EXPECT_EQ(before, rows(copy)) << "over the existing database";
}

// A field of 100 MB, of which COPY and SQL make twice as much.
TEST_F(RoundTrip, OfVeryLongFieldsIsTheSame) {
  make("long_fields", "", {});
  database().connect().execute(
      "create table long (id int primary key, t text, b bytea); alter table long alter t set "
      "storage external, alter b set storage external;"
      "insert into long values (1, repeat(E'01234567\\\\\t\n', 2000000), null), (2, '', "
      "decode(repeat('00ff0a5c', 26214400), 'hex'))");
  back_up();
  const std::string before = test::content(database());
  EXPECT_EQ(before, test::content(copy_by_pg_restore()));
  EXPECT_EQ(before, test::content(copy_by_psql()));
}

// K15: our programs hold a row like this one once or twice, not per format and worker.
TEST_F(RoundTrip, OfAFieldOfHalfAGigabyteIsTheSameInLittleMemory) {
  make("huge_field", "", {});
  database().connect().execute(
      "create table huge (id int primary key, t text);"
      "alter table huge alter t set storage external;"
      "insert into huge values (1, repeat('0123456789abcdef', 31250000))");
  back_up();
  EXPECT_EQ(test::content(database()), test::content(copy_by_pgbelay()));
  // Of all programs that this one has started so far, the largest.
  struct rusage children {};
  ASSERT_EQ(::getrusage(RUSAGE_CHILDREN, &children), 0);
  constexpr long kRowKilobytes = 500'000'000 / 1024;
  EXPECT_LE(children.ru_maxrss, kRowKilobytes * 5 / 2);
  EXPECT_GT(children.ru_maxrss, kRowKilobytes) << "that of the one which read the row";
}

// A row whose text is longer than 1 GB can be stored and not be sent, by nobody: pg_dump fails too.
TEST_F(RoundTrip, IsRefusedForARowThatPostgresCannotSend) {
  make("endless_field", "", {});
  database().connect().execute(
      "create unlogged table endless (t text); alter table endless alter t set storage main;"
      "insert into endless values (repeat(E'\n', 600000000))");
  const test::BinaryResult result = run({"backup", "--formats", "dump"});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_NE(result.err.find("public.endless"), std::string::npos) << result.err;
  EXPECT_EQ(run({"list"}).out.find("20"), std::string::npos) << "a backup is listed";
}

}  // namespace
