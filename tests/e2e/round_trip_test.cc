// A backup, restored in every way there is, is the same database: databases with every kind of data, name and
// encoding; our loader, stock pg_restore, and psql, against a stock pg_dump of the same database.
#include <gtest/gtest.h>

#include <optional>

#include "support/round_trip.h"
#include "support/run_binary.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using test::TestDatabase;
using util::cat;

class RoundTrip : public test::ServerTest {
 protected:
  void make(std::string_view name, std::string_view create_options, const std::vector<std::string>& scripts) {
    test::make_kinds_roles(test::test_server());
    database_.emplace(test::make_database(name, create_options));
    for (const std::string& script : scripts) test::load_kinds(folder(), *database_, script);
  }

  BinaryResult run(std::vector<std::string> args) {
    return test::run_release({.args = std::move(args), .env = {cat("DATABASE_URL=", database_->url())},
                              .directory = folder(), .timeout = std::chrono::seconds(300)});
  }

  // A proven backup. Owners and privileges are in the SQL file too, so that all copies can be the same.
  void back_up() {
    const BinaryResult made = run({"backup", "--proof", "proven", "--sql-owners", "--sql-acls"});
    ASSERT_EQ(made.status, 0) << made.err;
    EXPECT_NE(made.err.find("proven"), std::string::npos) << made.err;
    output_ = made.err;
    backup_ = folder() / "backups" / std::string(util::trim(made.out));
  }

  TestDatabase empty(std::string_view name) { return test::make_database(name, options_); }

  TestDatabase stock_copy() {
    TestDatabase copy = empty("stock_copy");
    const std::string file = (folder() / "stock.dump").string();
    test::stock(folder(), "pg_dump", {"-Fc", "-Z1", "-f", file, "-d", database_->url()});
    test::stock(folder(), "pg_restore", {"-e", "-d", copy.url(), file});
    return copy;
  }
  TestDatabase copy_by_pg_restore() {
    TestDatabase copy = empty("pg_restore_copy");
    test::stock(folder(), "pg_restore", {"-e", "-j", "4", "-d", copy.url(), dump()});
    return copy;
  }
  TestDatabase copy_by_psql() {
    TestDatabase copy = empty("psql_copy");
    const util::Captured result = test::run_sql(folder(), sql(), copy.url());
    EXPECT_EQ(result.ended.status, 0) << result.err;
    return copy;
  }
  TestDatabase copy_by_pgbelay() {
    TestDatabase copy = empty("pgbelay_copy");
    test::test_server().connect().execute(cat("drop database \"", copy.name(), '"'));
    const BinaryResult result = run({"restore", backup_.string(), "--to", copy.name(), "--yes"});
    EXPECT_EQ(result.status, 0) << result.err;
    return copy;
  }

  // All rows but those of stale materialised views are the source's; and everything is the same in all copies.
  void expect_all_copies_equal() {
    const TestDatabase reference = stock_copy();
    const std::string rows = test::content(reference);
    EXPECT_EQ(test::difference(test::content(*database_, test::Rows::WithoutMatviews),
                               test::content(reference, test::Rows::WithoutMatviews)), "") << "the stock copy";
    const std::string objects = test::definitions(folder(), reference);
    const auto expect_equal = [&](std::string_view way, const TestDatabase& copy) {
      EXPECT_EQ(test::difference(rows, test::content(copy)), "") << "rows after " << way;
      EXPECT_EQ(test::difference(objects, test::definitions(folder(), copy)), "") << "objects after " << way;
    };
    expect_equal("pg_restore -j 4", copy_by_pg_restore());
    expect_equal("pgbelay restore", copy_by_pgbelay());
    expect_equal("gunzip | psql -1", copy_by_psql());
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::string dump() const { return (backup_ / "full_backup.dump").string(); }
  std::string sql() const { return (backup_ / "full_backup.sql.gz").string(); }

  util::TempDir folder_{"pgbelay-round-trip-"};
  std::string options_;  // of CREATE DATABASE
  std::optional<TestDatabase> database_;
  std::filesystem::path backup_;
  std::string output_;  // of the backup, for people
};

// F6: varchar … IN (…) in CHECK, views, indexes and so on; M3: sequences, large objects; S13, S14.
TEST_F(RoundTrip, OfEveryKindOfDataIsTheSameByEveryWay) {
  make("kinds", options_, {"types", "tables", "objects"});
  back_up();
  EXPECT_NE(output_.find("objects.stale was stale"), std::string::npos) << "K3: a note, no failure\n" << output_;
  expect_all_copies_equal();
}

// M9: a name with a newline and a command of psql runs nothing.
TEST_F(RoundTrip, OfEveryKindOfNameIsTheSameAndRunsNothing) {
  make("na\"me's %\n\\! touch pwned\n", options_, {"names"});
  back_up();
  expect_all_copies_equal();
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder())) {
    EXPECT_NE(entry.path().filename(), "pwned");
  }
  EXPECT_FALSE(std::filesystem::exists("pwned"));
  const test::BinaryResult sums = test::run_program("/usr/bin/sha256sum", {.args = {"-c", "--quiet", "SHA256SUMS"}, .env = {}, .directory = backup_, .on_line = {}});
  EXPECT_EQ(sums.status, 0) << sums.err;
}

TEST_F(RoundTrip, OfADatabaseInLatin1IsTheSame) {
  options_ = "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'";
  make("latin1", options_, {"latin1"});
  back_up();
  expect_all_copies_equal();
}

TEST_F(RoundTrip, OfADatabaseOfBytesIsTheSame) {
  options_ = "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'";
  make("sql_ascii", options_, {"sql_ascii"});
  back_up();
  expect_all_copies_equal();
}

}  // namespace
