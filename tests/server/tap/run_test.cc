// What the guarded run relies on: the order of callbacks, the gate, the end.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "server/tap/fixture.h"
#include "util/error.h"
#include "util/mutex.h"
#include "util/text.h"

namespace tap::testing_tap {
namespace {

using namespace std::chrono_literals;

class Run : public TapTest {
 protected:
  std::uint64_t foreign(pg::Connection& control) {
    return control
        .query(
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'")
        .u64(0, 0);
  }
};

// K1: the journal line comes before the first message.
TEST_F(Run, ReportsASessionBeforeItsClientIsLetIn) {
  pg::Connection control = database().connect();
  std::string state;
  std::atomic<int> calls = 0;
  start({.on_session = [&](const SessionRecord& record) {
    ++calls;
    EXPECT_FALSE(record.login_complete);
    const pg::Result row = control.query(
        "select state, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        " from pg_stat_activity where pid = $1::int and query not like 'create%'",
        {util::cat(record.backend_pid)});
    ASSERT_EQ(row.row_count(), 1);
    EXPECT_EQ(row.str(0, 1), record.backend_start);
  }});
  pg::Connection connection = connect();
  EXPECT_EQ(calls, 1);
  connection.execute("create table t (i int)");
  EXPECT_EQ(calls, 1);
}

TEST_F(Run, RefusesTheClientWhoseSessionCannotBeJournalled) {
  start({.on_session = [](const SessionRecord&) {
    throw util::Error(util::Kind::Space, "disk full");
  }});
  EXPECT_THROW(connect(), util::Error);
  EXPECT_EQ(sqlstate_of([&] { tap().rethrow_failure(); }), "disk full");
  EXPECT_EQ(tap().open_sessions(), 0U);
}

// F2, F5: writes by others are judged immediately before the first statement, and every backend of
// the tap's is known by then.
TEST_F(Run, HoldsTheFirstStatementUntilTheGateOpens) {
  pg::Connection control = database().connect();
  control.execute("create table t (i int)");
  std::atomic<int> calls = 0;
  start({.on_first_statement = [&] {
    ++calls;
    const std::size_t known = tap().open_sessions();
    std::this_thread::sleep_for(300ms);  // long enough for the others to arrive, if they could
    EXPECT_EQ(foreign(control), known) << "a backend that is not in sessions()";
    EXPECT_EQ(control.query("select count(*) from t").u64(0, 0), 0U);
  }});
  {
    std::vector<std::jthread> clients;
    for (int n = 0; n < 10; ++n) {
      clients.emplace_back([&] { connect().execute("insert into t values (1)"); });
    }
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(control.query("select count(*) from t").u64(0, 0), 10U);
}

TEST_F(Run, LetsNothingThroughAShutGate) {
  start(
      {.on_first_statement = [] { throw util::Error(util::Kind::NotConfirmed, "others write"); }});
  pg::Connection early = connect();
  pg::Connection first = connect();
  EXPECT_EQ(sqlstate_of([&] { first.execute("create table t (i int)"); }), "57P03");
  EXPECT_EQ(sqlstate_of([&] { early.execute("create table t (i int)"); }), "57P03");
  EXPECT_THROW(connect(), util::Error);
  EXPECT_THROW(tap().rethrow_failure(), util::Error);
  EXPECT_EQ(database().connect().query("select to_regclass('t')").text(0, 0), std::nullopt);
}

TEST_F(Run, DoesNotAskTheGateForAClientThatOnlyLooksIn) {
  std::atomic<int> calls = 0;
  start({.on_first_statement = [&] { ++calls; }});
  { pg::Connection connection = connect(); }
  EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
  EXPECT_EQ(calls, 0);
  EXPECT_NO_THROW(tap().rethrow_failure());
}

// By either protocol; what is only prepared does not run.
TEST_F(Run, TellsWhatBeginsAndEndsAndCancelsIt) {
  util::Mutex mutex;
  std::vector<std::string> told;
  std::atomic<int> sleeps = 0;
  const auto tell = [&](std::string_view what, std::string_view statement) {
    const util::Lock hold(mutex);
    told.push_back(util::cat(what, statement));
  };
  start({.on_started =
             [&](const SessionRecord&, std::string_view statement) {
               tell("begins ", statement);
               if (statement.starts_with("select pg_sleep")) ++sleeps;
             },
         .on_finished =
             [&](const SessionRecord&, const FinishedStatement& done) {
               tell(util::cat("ends ", done.sqlstate, " "), done.statement);
             }});
  pg::Connection connection = connect();
  connection.execute("prepare later as select 1");
  connection.query("select $1::int", {"1"});
  const std::jthread other([&] {
    eventually([&] { return sleeps > 0; });
    // Until it has begun at the server: a request that comes before is lost.
    while (sleeps < 2) {
      tap().cancel(connection.backend_pid());
      std::this_thread::sleep_for(10ms);
    }
  });
  EXPECT_EQ(sqlstate_of([&] { connection.query("select pg_sleep($1::int)", {"60"}); }), "57014");
  sleeps = 2;
  tap().cancel(connection.backend_pid() + 1);  // nobody's
  const util::Lock hold(mutex);
  EXPECT_THAT(told, testing::ElementsAre("begins prepare later as select 1",
                                         "ends  prepare later as select 1", "begins select $1::int",
                                         "ends  select $1::int", "begins select pg_sleep($1::int)",
                                         "ends 57014 select pg_sleep($1::int)"));
}

TEST_F(Run, EndsWhatRunsAtOnce) {
  start();
  pg::Connection control = database().connect();
  control.execute("create table t (i int)");
  std::string told;
  std::jthread client([&] {
    told = sqlstate_of([&] { connect().execute("insert into t select 1 from pg_sleep(60)"); });
  });
  std::jthread idle([&] {
    // Its end may come before the answer has.
    sqlstate_of([&] {
      pg::Connection connection = connect();
      connection.execute("begin; insert into t values (2)");
      eventually([&] { return !connection.alive(); });
    });
  });
  ASSERT_TRUE(eventually([&] {
    return control
               .query(
                   "select 1 from pg_stat_activity where wait_event = 'PgSleep' or state ="
                   " 'idle in transaction'")
               .row_count() == 2;
  }));
  const util::Stopwatch clock;
  tap().end_sessions(10s, control);
  EXPECT_LT(clock.elapsed().count(), 5);
  EXPECT_EQ(foreign(control), 0U) << "it returned before the backends were gone";
  EXPECT_EQ(control.query("select count(*) from t").u64(0, 0), 0U);
  client.join();
  idle.join();
  EXPECT_NE(told, "none");
  EXPECT_THROW(connect(), util::Error) << "new clients are refused";
  EXPECT_NO_THROW(tap().end_sessions(1s));
}

// K1: the statement of a client that was killed goes on at the server and would commit later.
TEST_F(Run, EndsStatementsWhoseClientHasGone) {
  start();
  pg::Connection control = database().connect();
  control.execute("create table t (i int)");
  {
    const RawClient client = raw();
    ASSERT_EQ(PQsendQuery(client.get(), "insert into t select 1 from pg_sleep(60)"), 1);
    ASSERT_TRUE(eventually([&] {
      return control.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'")
                 .row_count() == 1;
    }));
  }
  EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
  EXPECT_EQ(foreign(control), 1U) << "the statement still runs";
  tap().end_sessions(10s, control);
  EXPECT_EQ(foreign(control), 0U);
  EXPECT_EQ(control.query("select count(*) from t").u64(0, 0), 0U);
}

TEST_F(Run, EndsWithoutASessionWithoutAskingTheServer) {
  start();
  tap().end_sessions(0ms);
  EXPECT_THROW(connect(), util::Error);
}

TEST_F(Run, EndsSessionsWithoutAControlConnection) {
  start();
  pg::Connection connection = connect();
  tap().end_sessions(10s);
  EXPECT_FALSE(connection.alive());
  EXPECT_EQ(tap().open_sessions(), 0U);
}

TEST_F(Run, ClosesEverythingWhenItGoes) {
  start();
  pg::Connection connection = connect();
  connection.execute("select 1");
  stop();
  EXPECT_FALSE(connection.alive());
}

}  // namespace
}  // namespace tap::testing_tap
