#include "migrate/apply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "migrate/history.h"
#include "support/server.h"
#include "util/clock.h"

namespace migrate {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Collecting : public util::QuietReporter {
 public:
  void output(std::string_view text) override { shown += text; }
  std::string shown;
};

class Apply : public test::ServerTest {
 protected:
  Outcome apply_files(const std::vector<std::pair<std::string, std::string>>& files,
                      std::stop_token stop = {}) {
    std::vector<File> parsed;
    for (const auto& [name, text] : files) parsed.push_back(parse_file(name, text));
    return apply(Side{database_.name()}, connection_, pending(connection_, parsed).files, options_,
                 reporter_, std::move(stop));
  }
  std::string value(std::string_view sql) { return connection_.query(sql).str(0, 0); }
  std::vector<std::string> applied() {
    std::vector<std::string> names;
    for (const Applied& row : history(connection_)) names.push_back(row.name);
    return names;
  }

  test::TestDatabase database_ = test::make_database("apply");
  pg::Connection connection_ = database_.connect();
  ApplyOptions options_{.run = "2026-11-20_143050_test"};
  Collecting reporter_;
};

TEST_F(Apply, RunsEachFileOnceAndRemembersIt) {
  const Outcome first =
      apply_files({{"1.sql", "create table a (i int); insert into a values (1)"}});
  ASSERT_FALSE(first.failure) << first.failure->text();
  EXPECT_THAT(first.applied, ElementsAre("1.sql"));
  EXPECT_EQ(first.statements, 2U);
  const Outcome second = apply_files({{"1.sql", "create table a (i int); insert into a values (1)"},
                                      {"2.sql", "insert into a values (2)"}});
  ASSERT_FALSE(second.failure) << second.failure->text();
  EXPECT_THAT(second.applied, ElementsAre("2.sql"));
  EXPECT_EQ(value("select sum(i) from a"), "3");
  ASSERT_THAT(applied(), ElementsAre("1.sql", "2.sql"));
  EXPECT_EQ(history(connection_)[0].run, options_.run);
}

TEST_F(Apply, AFailureNamesStatementLineAndStateAndLeavesNothingOfItsFile) {
  const Outcome outcome = apply_files({{"1.sql", "create table a (i int)"},
                                       {"2.sql",
                                        "insert into a values (1);\n\nalter table a\n  add j "
                                        "int;\nselect nothing from a;\nselect 2"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->message(),
            "statement 3 of 4, 2.sql:5: column \"nothing\" does not exist");
  EXPECT_EQ(outcome.failure->sqlstate(), "42703");
  EXPECT_EQ(outcome.failure->kind(), util::Kind::Query);
  EXPECT_TRUE(outcome.committed);
  EXPECT_THAT(outcome.applied, ElementsAre("1.sql"));
  EXPECT_EQ(value("select count(*) from a"), "0");
  EXPECT_THAT(applied(), ElementsAre("1.sql"));
}

TEST_F(Apply, AFirstFileThatFailsLeavesNoHistoryEither) {
  const Outcome outcome = apply_files({{"1.sql", "create table a (i int); select 1/0"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_FALSE(outcome.committed);
  EXPECT_EQ(value("select count(*) from pg_catalog.pg_namespace where nspname = 'pgbelay'"), "0");
}

TEST_F(Apply, ConstraintsThatSpeakAtTheCommitAreTold) {
  const Outcome outcome = apply_files({{"1.sql",
                                        "create table a (i int primary key); create table b (i int "
                                        "references a deferrable initially deferred);"
                                        "insert into b values (1)"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_THAT(outcome.failure->message(), HasSubstr("commit of 1.sql"));
  EXPECT_EQ(outcome.failure->sqlstate(), "23503");
  EXPECT_FALSE(outcome.committed);
}

TEST_F(Apply, WithoutTransactionEachStatementStands) {
  const Outcome outcome = apply_files({{"1.sql",
                                        "-- pgbelay: no-transaction\ncreate table a (i int); "
                                        "create index concurrently on a (i); select 1/0"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_TRUE(outcome.committed);
  EXPECT_THAT(outcome.failure->message(), HasSubstr("statement 3 of 3, 1.sql:2"));
  EXPECT_EQ(value("select count(*) from pg_catalog.pg_indexes where tablename = 'a'"), "1");
  EXPECT_THAT(applied(), IsEmpty());
}

TEST_F(Apply, AFileMayNotEndInsideATransaction) {
  const Outcome outcome =
      apply_files({{"1.sql", "-- pgbelay: no-transaction\nbegin; create table a (i int)"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_THAT(outcome.failure->message(), HasSubstr("1.sql: the file ends inside a transaction"));
  EXPECT_EQ(value("select count(*) from pg_catalog.pg_class where relname = 'a'"), "0");
}

TEST_F(Apply, WhatCannotRunInATransactionGetsTheRemedy) {
  const Outcome outcome =
      apply_files({{"1.sql", "create table a (i int); create index concurrently on a (i)"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->sqlstate(), "25001");
  EXPECT_THAT(outcome.failure->hint(), HasSubstr("pgbelay: no-transaction"));
}

TEST_F(Apply, SettingsAndRolesDoNotReachTheNextFile) {
  connection_.execute("drop role if exists apply_low; create role apply_low");
  const Outcome outcome = apply_files(
      {{"1.sql",
        "create schema s; set search_path to s; create temp table t (i int); set role apply_low"},
       {"2.sql", "create table here (i int); create temp table t (i int)"}});
  ASSERT_FALSE(outcome.failure) << outcome.failure->text();
  EXPECT_EQ(value("select count(*) from pg_catalog.pg_tables where schemaname = 'public' and "
                  "tablename = 'here'"),
            "1");
  connection_.execute("drop role apply_low");
}

TEST_F(Apply, NoticesAreShown) {
  apply_files({{"1.sql", "select 1;\ndo $$ begin raise warning 'look out'; end $$"}});
  EXPECT_THAT(reporter_.shown, HasSubstr("1.sql:2: WARNING:  look out"));
}

// What builds concurrently waits for transactions, not for locks: it has a limit of its own, and
// what comes behind it has the lock timeout again.
TEST_F(Apply, ConcurrentlyHasATimeLimitOfItsOwn) {
  connection_.execute("create table a (i int)");
  options_.lock_timeout = std::chrono::milliseconds(100);
  options_.concurrently_timeout = std::chrono::milliseconds(400);
  pg::Connection writer = database_.connect();
  writer.execute("begin; insert into a values (1)");
  const std::string build = "-- pgbelay: no-transaction\ncreate index concurrently a_i on a (i);\n";
  const util::Stopwatch watch;
  const Outcome outcome = apply_files({{"1.sql", build}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->sqlstate(), "57014") << outcome.failure->text();
  EXPECT_THAT(outcome.failure->hint(), HasSubstr("--concurrently-timeout"));
  EXPECT_GE(watch.elapsed().count(), 0.4) << "not after the lock timeout";
  EXPECT_TRUE(outcome.committed) << "it leaves an invalid index";

  writer.execute("commit");
  connection_.execute("reset all; drop index a_i");
  const Outcome again =
      apply_files({{"2.sql", build + "do $$ begin assert current_setting("
                                     "'lock_timeout') = '100ms' and "
                                     "current_setting('statement_timeout') = '0'; end $$;"}});
  EXPECT_FALSE(again.failure) << again.failure->text();
}

TEST_F(Apply, AStopEndsTheStatementThatRuns) {
  std::stop_source stop;
  const std::jthread stopper([&] {
    pg::Connection watcher = database_.connect();
    const std::string running =
        "select count(*) from pg_catalog.pg_stat_activity where state = 'active'"
        " and wait_event = 'PgSleep' and datname = $1";
    while (watcher.query(running, {database_.name()}).str(0, 0) == "0") std::this_thread::yield();
    stop.request_stop();
  });
  const Outcome outcome =
      apply_files({{"1.sql", "create table a (i int); select pg_sleep(600)"}}, stop.get_token());
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->kind(), util::Kind::Interrupted);
  EXPECT_FALSE(outcome.committed);
}

TEST_F(Apply, AConnectionLostDuringAFileCommitsNothingOfIt) {
  const Outcome outcome = apply_files(
      {{"1.sql", "create table a (i int); select pg_terminate_backend(pg_backend_pid())"}});
  ASSERT_TRUE(outcome.failure);
  EXPECT_EQ(outcome.failure->kind(), util::Kind::Connect);
  EXPECT_FALSE(outcome.committed);
}

TEST_F(Apply, AnotherDatabaseThanTheTargetIsABug) {
  EXPECT_THROW(apply(Side{"other"}, connection_, {}, options_, reporter_, {}), util::Error);
}

TEST_F(Apply, ChangedAndMissingFilesAreTold) {
  ASSERT_FALSE(apply_files({{"1.sql", "select 1;\nselect 2"}, {"3.sql", "select 3"}}).failure);
  // Another system's line ends are no change.
  const Pending same = pending(
      connection_, {parse_file("1.sql", "select 1;\r\nselect 2"), parse_file("2.sql", "select 2")});
  EXPECT_THAT(same.files, testing::SizeIs(1));
  EXPECT_THAT(same.warnings, ElementsAre(HasSubstr("3.sql was applied")));
  const Pending late =
      pending(connection_, {parse_file("1.sql", "select 1;\nselect 2"),
                            parse_file("2.sql", "select 2"), parse_file("3.sql", "select 3")});
  EXPECT_THAT(late.warnings, ElementsAre(HasSubstr("2.sql is pending, although 3.sql")));
  try {
    pending(connection_, {parse_file("1.sql", "select 1")});
    FAIL() << "a changed file was accepted";
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr("1.sql was changed after it had been applied"));
  }
}

TEST_F(Apply, WorksWhateverTheEncodingOfTheDatabase) {
  test::TestDatabase latin =
      test::make_database("latin", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'");
  pg::Connection connection = latin.connect();
  const std::vector<File> files{
      parse_file("é.sql", "create table \"é\" (i int); comment on table \"é\" is 'ü'")};
  const Outcome outcome = apply(Side{latin.name()}, connection, files, options_, reporter_, {});
  ASSERT_FALSE(outcome.failure) << outcome.failure->text();
  EXPECT_THAT(pending(connection, files).files, IsEmpty());
}

}  // namespace
}  // namespace migrate
