// Bad input: each case has its exit code, a message that names object, cause and remedy, no trace
// of the password, and leaves nothing half done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>

#include "pg/ident.h"
#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using util::cat;

class BadInput : public test::GuardedTest {
 protected:
  BadInput() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (!IsSkipped()) fill();
  }

  BinaryResult backup() { return run({"backup"}); }
  // A backup's directory, made for the case.
  std::filesystem::path made() {
    const BinaryResult result = run({"backup", "--formats", "dump"});
    EXPECT_EQ(result.status, 0) << result.err;
    return backups() / std::string(util::trim(result.out));
  }
  std::string url_as(std::string_view user, std::string_view password) {
    return cat("postgresql://", user, ":", password, "@127.0.0.1:", server().server().port(), "/",
               database().name());
  }
};

TEST_F(BadInput, WrongPassword) {
  const BinaryResult result = run({"backup", "-d", url_as("postgres", "not-the-password")});
  expect_refusal(result, 1, {database().name(), "password"});
  EXPECT_EQ(result.err.find("not-the-password"), std::string::npos)
      << "a wrong password is one, too";
  EXPECT_TRUE(published().empty());
  expect_nothing_left_behind();
}

TEST_F(BadInput, UnknownHost) {
  expect_refusal(run({"backup", "-d", "postgresql://someone@no-such-host.invalid/shop"}), 1,
                 {"no-such-host.invalid"});
}

TEST_F(BadInput, DatabaseThatDoesNotExist) {
  expect_refusal(run({"backup", "-d", test::scram_server().url("no_such_database")}), 1,
                 {"no_such_database"});
}

TEST_F(BadInput, NoDatabaseNamed) {
  const BinaryResult result =
      test::run_release({.args = {"backup", "--no-env-file"}, .env = {}, .directory = folder()});
  expect_refusal(result, 2, {"no database is named", "DATABASE_URL"});
}

TEST_F(BadInput, UrlThatIsNone) {
  expect_refusal(run({"backup", "-d", "mysql://root:secret@localhost/x"}), 2, {"postgresql://"});
}

TEST_F(BadInput, FolderThatCannotBeWritten) {
  // Root may write everywhere but where the file system itself says no.
  const std::string folder = ::geteuid() == 0 ? "/proc/backups" : "/backups-of-nobody";
  expect_refusal(run({"backup", "--dir", folder}), 5, {folder});
  expect_nothing_left_behind();
}

TEST_F(BadInput, FullDiskDuringTheBackup) {
  if (::geteuid() != 0) GTEST_SKIP() << "mounting needs root";
  database().connect().execute(
      "insert into orders (customer, total, note) select 1, n, (select string_agg(md5((n * 100 + "
      "k)::text), '') from generate_series(1, 40) k) from generate_series(1, 12000) n");
  const std::filesystem::path small = folder() / "small";
  std::filesystem::create_directory(small);
  ASSERT_EQ(::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=3m"), 0);
  const BinaryResult result = run({"backup", "--dir", small.string()});
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(small))
    left.push_back(entry.path().string());
  ::umount(small.c_str());
  expect_refusal(result, 5, {"space"});
  EXPECT_THAT(left, testing::Each(testing::Not(testing::HasSubstr("full_backup"))));
  expect_nothing_left_behind();
}

TEST_F(BadInput, PgDumpOlderThanTheServer) {
  write("pg_dump", "#!/bin/sh\necho 'pg_dump (PostgreSQL) 12.22'\n");
  std::filesystem::permissions(folder() / "pg_dump", std::filesystem::perms::owner_all);
  expect_refusal(run({"backup", "--pg-dump", (folder() / "pg_dump").string()}), 5,
                 {"12.22", "pg_dump"});
  expect_nothing_left_behind();
}

TEST_F(BadInput, NoPermissionOnOneTable) {
  database().connect().execute(
      "create role reader login password 'reader-password'; grant select on customers, \"odd "
      "\"\"name\" to reader; "
      "grant select on all sequences in schema public to reader");
  const BinaryResult result = run({"backup", "-d", url_as("reader", "reader-password")});
  database().connect().execute("drop owned by reader; drop role reader");
  expect_refusal(result, 5, {"orders", "permission"});
  EXPECT_TRUE(published().empty());
  expect_nothing_left_behind();
}

TEST_F(BadInput, BackupWithoutManifest) {
  const std::filesystem::path path = made();
  std::filesystem::remove(path / "manifest.json");
  expect_refusal(run({"verify", path.string()}), 8, {"manifest.json"});
  expect_refusal(run({"list"}), 0, {"DAMAGED"});
}

TEST_F(BadInput, BackupWithADamagedManifest) {
  const std::filesystem::path path = made();
  std::ofstream(path / "manifest.json", std::ios::trunc) << "{\"format\": 1, \"tables\": [";
  expect_refusal(run({"verify", path.string()}), 8, {"manifest.json"});
  expect_refusal(run({"restore", path.string(), "--yes"}), 8, {"manifest.json"});
}

TEST_F(BadInput, BackupFromANewerVersion) {
  const std::filesystem::path path = made();
  const std::string text = util::read_text(path / "manifest.json");
  std::ofstream(path / "manifest.json", std::ios::trunc)
      << util::replace_all(text, "\"format\": 1,", "\"format\": 99,");
  expect_refusal(run({"verify", path.string()}), 2, {"newer"});
}

TEST_F(BadInput, ReferenceThatFitsTwoBackups) {
  const std::string first = made().filename().string();
  const std::string second = made().filename().string();
  expect_refusal(run({"show", "manual"}), 2, {first, second});
  expect_refusal(run({"show", "no-such-backup"}), 2, {"no-such-backup"});
}

TEST_F(BadInput, RestoreOfAnotherDatabasesBackup) {
  const std::filesystem::path path = made();
  test::TestDatabase other(test::scram_server(), "other");
  expect_refusal(run({"restore", path.string(), "--yes", "-d", other.url()}), 2,
                 {database().name(), other.name(), "--to"});
}

TEST_F(BadInput, CommandThatDoesNotExist) {
  expect_refusal(run({"migrate", "--yes", "--", "no-such-command"}), 2, {"no-such-command"});
  expect_refusal(run({"migrate", "--yes", "--"}), 2, {"no command"});
  EXPECT_TRUE(published().empty()) << "it is looked up before anything starts";
}

TEST_F(BadInput, NobodyToAsk) {
  expect_refusal(run({"migrate", "--", "true"}), 6, {"--yes"});
  EXPECT_TRUE(published().empty()) << "said at once, not after the backup";
}

TEST_F(BadInput, MigrationFilesThatCannotBeRun) {
  write("migrations/001.sql", "");
  expect_refusal(run({"migrate", "--yes", "migrations"}), 2, {"001.sql"});
  write("migrations/001.sql", "select '\xC3\x28';");
  expect_refusal(run({"migrate", "--yes", "migrations"}), 2, {"001.sql", "UTF-8"});
  expect_refusal(run({"migrate", "--yes", "no-such-folder"}), 2, {"no-such-folder"});
  EXPECT_TRUE(published().empty());
  expect_nothing_left_behind();
}

TEST_F(BadInput, UnknownOptionsAndCommandsNameTheNearest) {
  expect_refusal(run({"migrat"}), 2, {"migrate"});
  expect_refusal(run({"backup", "--job", "2"}), 2, {"--jobs"});
  expect_refusal(run({"backup", "--formats", "dump,parquet"}), 2, {"parquet"});
  expect_refusal(run({"migrate", "--hold", "shared", "--yes", "--", "true"}), 2, {"exclusive"});
}

TEST_F(BadInput, TwoRunsAtOnce) {
  const std::string before = content();
  const std::string over = (folder() / "second-is-over").string();
  const std::string waits = cat("echo the migration runs; for n in $(seq 600); do test -e ", over,
                                " && exit 0; sleep 0.1; done; exit 1");
  int second_status = -1;
  std::string second_text;
  const BinaryResult first =
      run({"migrate", "--yes", "--", "sh", "-c", waits}, {},
          [&](util::Stream, std::string_view line, pid_t) {
            if (line.find("the migration runs") == std::string_view::npos || second_status != -1)
              return;
            const BinaryResult second = run({"migrate", "--yes", "--", "true"});
            second_status = second.status;
            second_text = second.err;
            write("second-is-over", "");
          });
  EXPECT_EQ(first.status, 0) << first.err;
  EXPECT_EQ(second_status, 7) << second_text;
  EXPECT_NE(second_text.find("pgbelay-"), std::string::npos)
      << "the owner is named: " << second_text;
  EXPECT_EQ(content(), before);
  expect_nothing_left_behind();
}

TEST_F(BadInput, ACommandThatIgnoresItsEnvironmentCountsAsOthers) {
  // It connects by itself, writes, commits, and fails: its writes are foreign, so nothing is undone
  // by itself.
  const std::string own =
      cat("psql '", database().url(),
          "' -X -q -v ON_ERROR_STOP=1 -c 'drop view totals' -c 'select nonsense'");
  const BinaryResult result =
      run({"migrate", "--yes", "--on-foreign-writes", "ask", "--", "sh", "-c", own});
  expect_refusal(result, 4, {"pgbelay undo", "pgbelay close"});
  EXPECT_EQ(run({"status"}).status, 4);
  EXPECT_EQ(run({"undo", "--yes", "--on-foreign-writes", "undo"}).status, 0);
  EXPECT_EQ(query("select count(*) from pg_views where viewname = 'totals'"), "1");
  expect_nothing_left_behind();
}

}  // namespace
