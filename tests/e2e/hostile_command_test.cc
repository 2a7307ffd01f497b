// Commands that do not behave: whatever they do, the run ends in the new state or in the old one,
// says which, and leaves nothing behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include "pg/ident.h"
#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::Not;
using util::cat;

class HostileCommand : public test::GuardedTest {
 protected:
  HostileCommand() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    before_ = content();
  }
  BinaryResult migrate(const std::string& script, test::OnLine on_line = {}) {
    return run({"migrate", "--yes", "--", "/bin/sh", "-c", script}, {}, std::move(on_line));
  }
  // It is asked before an undo, on servers before 15 too, which the tests undo on unasked.
  BinaryResult migrate_and_ask(const std::string& script) {
    return run({"migrate", "--yes", "--on-foreign-writes", "ask", "--", "/bin/sh", "-c", script});
  }
  static std::string psql(std::string_view sql) {
    return cat("psql -X -q -v ON_ERROR_STOP=1 -c \"", sql, "\"");
  }
  std::string quoted() { return pg::quote_ident(database().name()); }
  void expect_undone(const BinaryResult& result) {
    EXPECT_EQ(result.status, 3) << result.err;
    EXPECT_EQ(content(), before_);
    expect_nothing_left_behind();
  }
  void expect_back_by_undo() {
    const BinaryResult back = run({"undo", "--yes", "--on-foreign-writes", "undo"});
    EXPECT_EQ(back.status, 0) << back.err;
    EXPECT_EQ(content(), before_);
    expect_nothing_left_behind();
  }
  std::string before_;
};

TEST_F(HostileCommand, OneThatForksAndDetachesWritesNothingAfterItsEnd) {
  const BinaryResult result =
      migrate(cat("setsid sh -c 'sleep 3; ", psql("create table too_late (i int)"),
                  "' >/dev/null 2>&1 & ", psql("create table in_time (i int)")));
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'in_time'"), "1");
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'too_late'"), "0");
  expect_nothing_left_behind();
}

// Its statement still runs when the command ends: it is ended with it.
TEST_F(HostileCommand, OneThatLeavesAStatementRunningHasItEnded) {
  const BinaryResult result = migrate(cat(
      "setsid ", psql("create table half as select pg_sleep(600)"), " >/dev/null 2>&1 & sleep 1"));
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'half'"), "0") << result.err;
  expect_nothing_left_behind();
}

TEST_F(HostileCommand, OneThatClosesItsStreamsCountsByItsStatus) {
  EXPECT_EQ(migrate(cat("exec 1>&- 2>&-; ", psql("create table made (i int)"))).status, 0);
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  EXPECT_EQ(migrate(cat("exec 1>&- 2>&-; ", psql("drop table made"), "; exit 7")).status, 3);
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
}

TEST_F(HostileCommand, OneThatPrintsThePasswordsHasThemHidden) {
  const BinaryResult result = migrate(
      "echo \"$DATABASE_URL\"; echo \"$PGPASSWORD\" >&2; printf %s \"$PGPASSWORD\" > "
      "password");
  EXPECT_EQ(result.status, 0) << result.err;
  const std::string password = util::read_text(folder() / "password");
  ASSERT_GE(password.size(), 16U);
  EXPECT_THAT(result.out + result.err, Not(HasSubstr(password)));
  EXPECT_THAT(result.out + result.err, HasSubstr("***"));
}

TEST_F(HostileCommand, OneThatIgnoresSignalsIsEndedAllTheSame) {
  const BinaryResult result = migrate(cat("trap '' INT TERM; ", psql("create table half (i int)"),
                                          "; echo asleep; while :; do sleep 1; done"),
                                      test::signal_at("asleep", SIGINT));
  EXPECT_FALSE(result.timed_out);
  expect_undone(result);
}

// With the database its counters are gone: nobody can say whether others had written. So it is a
// decision, and one command brings the old state back.
TEST_F(HostileCommand, OneThatDropsTheDatabaseHasItBackByOneCommand) {
  const BinaryResult result = migrate_and_ask(
      cat("psql -X -q -d postgres -c 'drop database ", quoted(), " with (force)'; exit 1"));
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the database is gone"));
  EXPECT_THAT(result.err, HasSubstr("--on-foreign-writes undo"));
  expect_back_by_undo();
}

TEST_F(HostileCommand, OneThatRenamesTheDatabaseHasItBackByOneCommand) {
  const std::string stolen = pg::quote_ident(cat(database().name(), "_stolen"));
  const BinaryResult result = migrate_and_ask(cat("psql -X -q -d postgres -c 'alter database ",
                                                  quoted(), " rename to ", stolen, "'; exit 1"));
  EXPECT_EQ(result.status, 4) << result.err;
  expect_back_by_undo();
  server().connect().execute(cat("drop database ", stolen));
}

TEST_F(HostileCommand, OneThatEndsOurSessionsDoesNotKeepUsFromTheUndo) {
  const BinaryResult result =
      migrate(cat(psql("alter table orders drop column note"), "; ",
                  "psql -X -q -c \"select pg_terminate_backend(pid) from pg_stat_activity where "
                  "application_name like 'pgbelay-2%' and pid <> pg_backend_pid()\"; exit 1"));
  EXPECT_EQ(content(), before_) << result.err;
  EXPECT_EQ(result.status, 3) << result.err;
  expect_nothing_left_behind();
}

TEST_F(HostileCommand, OneThatChangesTheOwnerHasItChangedBack) {
  const std::string role = cat("thief_of_", database().name());
  server().connect().execute(cat("create role ", role));
  const BinaryResult result =
      migrate(cat(psql(cat("alter database ", database().name(), " owner to ", role)), "; exit 1"));
  EXPECT_EQ(query("select pg_get_userbyid(datdba) from pg_database where datname = "
                  "current_database()"),
            "postgres")
      << result.err;
  EXPECT_EQ(result.status, 3);
  for (const std::string& kept : sides())
    server().connect().execute(cat("drop database ", pg::quote_ident(kept)));
  server().connect().execute(cat("drop role ", role));
}

// Nothing of it was committed, whatever the command's status says.
TEST_F(HostileCommand, OneThatLeavesATransactionOpenHasChangedNothing) {
  migrate("echo 'begin; create table half (i int);' | psql -X -q -v ON_ERROR_STOP=1");
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'half'"), "0");
  expect_nothing_left_behind();
}

TEST_F(HostileCommand, APsqlMetaCommandThatFailsIsAFailure) {
  expect_undone(
      migrate("printf 'create table half (i int);\\n\\\\i no_such_file.sql\\n' | psql -X -q -v "
              "ON_ERROR_STOP=1"));
}

}  // namespace
