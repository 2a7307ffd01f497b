// Locks on the live database: tried again, watched, looked for first.
#include <thread>

#include "guard/wait_watch.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class WaitsTest : public GuardTest {
 protected:
  // Whoever waits, or is waited for, is there on purpose.
  static Options beside_others(Options options) {
    options.hold = Hold::None;
    options.on_foreign_writes = OnForeignWrites::Undo;
    return options;
  }
  // Holds a lock from now on.
  pg::Connection holder() {
    pg::Connection other = database->connect();
    other.execute("begin; lock table members in access share mode");
    return other;
  }
};

TEST_F(WaitsTest, AFileThatRunsIntoTheLockTimeoutIsTriedAgain) {
  Options options =
      beside_others(file("insert into events values (5000, 1, '{}');\n"
                         "alter table members add column phone text;\n"));
  options.lock_timeout = 100ms;
  options.lock_retries = 10;
  std::optional<pg::Connection> other(holder());
  std::jthread gives_up([&](const std::stop_token& ended) {
    while (!ended.stop_requested() &&
           reporter.all().find("a lock was not to be had") == std::string::npos)
      std::this_thread::sleep_for(10ms);
    other.reset();
  });
  const Result result = go(options);
  gives_up.request_stop();
  gives_up.join();
  EXPECT_EQ(result.exit_code, 0) << result.cause << reporter.all();
  EXPECT_EQ(value("select count(*) from events where id = 5000"), "1");
  EXPECT_THAT(reporter.all(), HasSubstr("a lock was not to be had within 0.1 s; again in 0.5 s"));
}

TEST_F(WaitsTest, AfterTheLastRetryItFails) {
  Options options = beside_others(file("alter table members add column phone text;\n"));
  options.lock_timeout = 50ms;
  options.lock_retries = 1;
  const pg::Connection other = holder();
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  EXPECT_THAT(result.cause, HasSubstr("lock timeout"));
}

TEST_F(WaitsTest, ATappedCommandGetsTheLockTimeoutWhateverItIs) {
  Options options = shell(
      "test \"$(psql -X -At -c 'show lock_timeout')\" = 1234ms && "
      "test \"$(PGOPTIONS= psql -X -At -c 'show lock_timeout')\" = 1234ms");
  options.lock_timeout = 1234ms;
  EXPECT_EQ(go(options).exit_code, 0) << reporter.all();
}

// What is built concurrently waits for the end of its transaction.
class ConcurrentlyTest : public WaitsTest {
 protected:
  Options building(const std::string& more = {}) {
    return beside_others(
        psql("create index concurrently members_name on members (name);\n" + more));
  }
  pg::Connection older() {
    pg::Connection other = database->connect();
    other.execute("begin isolation level repeatable read; select count(*) from members");
    return other;
  }
};

TEST_F(ConcurrentlyTest, OfACommandHasATimeLimitOfItsOwn) {
  Options options = building();
  options.concurrently_timeout = 300ms;
  const pg::Connection other = older();
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  EXPECT_THAT(result.cause, HasSubstr("here longer than 0.3 s (--concurrently-timeout)"));
  EXPECT_EQ(value("select count(*) from pg_index where not indisvalid"), "0");
}

TEST_F(ConcurrentlyTest, WhatComesBehindItInTheCommandHasNone) {
  Options options = building("select pg_sleep(3);");
  options.concurrently_timeout = 2'500ms;
  EXPECT_EQ(go(options).exit_code, 0) << reporter.all();
}

TEST_F(ConcurrentlyTest, OfACommandThatRunsIntoTheLockTimeoutIsToldHowNotTo) {
  Options options = building();
  options.lock_timeout = 300ms;
  const pg::Connection other = older();
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  EXPECT_THAT(result.cause, HasSubstr("SET lock_timeout TO 0 before it"));
}

TEST_F(WaitsTest, AMigrationThatKeepsTooManyWaitingIsStoppedAndUndone) {
  Options options = beside_others(
      psql("begin; lock table members in access exclusive mode; select pg_sleep(60);"));
  options.max_waiting = 2;
  options.max_wait = 500ms;
  const auto wait_for_it = [&](const std::stop_token& ended) {
    while (!ended.stop_requested()) {
      try {
        pg::Connection other = database->connect();
        other.execute("select count(*) from members");
      } catch (const util::Error&) {  // ended by the undo
      }
      std::this_thread::sleep_for(20ms);
    }
  };
  Result result;
  {
    std::jthread one(wait_for_it);
    std::jthread two(wait_for_it);
    result = go(options);
  }
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  EXPECT_THAT(result.cause, HasSubstr("had to wait for it for 0.5 s"));
}

TEST_F(WaitsTest, BlockersAreNamed) {
  pg::Connection other = database->connect();
  other.execute("set application_name = 'pg_dump of somebody'; begin; select * from members");
  pg::Connection prepared = database->connect();
  prepared.execute("begin; insert into events values (6000, 1, '{}'); prepare transaction 'half'");
  pg::Connection idle = database->connect();
  idle.execute("begin; select * from members");
  pg::Connection maintenance = test::test_server().connect();
  std::vector<std::string> lines;
  // One that is shorter than five seconds is over when a lock timeout's retry comes.
  const auto deadline = std::chrono::steady_clock::now() + 60s;
  while (lines.size() < 3 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(50ms);
    lines = lock_blockers(maintenance, name(), [](int, const std::string&) { return false; });
  }
  prepared.execute("rollback prepared 'half'");
  EXPECT_THAT(lines, testing::UnorderedElementsAre(HasSubstr("a dump"),
                                                   HasSubstr("a session idle in a transaction"),
                                                   HasSubstr("prepared transaction 'half'")));
}

}  // namespace
}  // namespace guard
