// What others do while a dump runs (postgres-hazards.md F1), and what stops one.
#include <atomic>
#include <latch>
#include <mutex>
#include <thread>

#include "server/dump/fixture.h"
#include "util/error.h"

namespace dump {
namespace {

using testing::HasSubstr;

util::Error failure_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const util::Error& failure) {
    return failure;
  }
  return {util::Kind::Bug, "nothing was thrown"};
}

// Waits until `count` sessions of `database` wait for a lock that excludes readers.
void wait_for_waiters(const test::TestDatabase& database, int count) {
  pg::Connection connection = database.connect();
  for (int n = 0; n < 1000; ++n) {
    const pg::Result rows = connection.query(
        "select count(distinct pid) from pg_locks where not granted and mode = "
        "'AccessExclusiveLock'");
    if (rows.i64(0, 0) >= count) return;
    connection.execute("select pg_sleep(0.01)");
  }
  FAIL() << "nobody waits: the test proves nothing";
}

// Statements in sessions of their own, begun at a moment of the test's choice; all of them have to
// wait.
class Disturbances {
 public:
  Disturbances(const test::TestDatabase& database, std::vector<std::string_view> statements)
      : database_(database), statements_(std::move(statements)) {}
  // Only the first call counts.
  void begin() {
    std::call_once(once_, [this] {
      for (const std::string_view statement : statements_) {
        threads_.emplace_back([this, statement] {
          database_.connect().execute(statement);
          ++succeeded_;
        });
      }
      wait_for_waiters(database_, static_cast<int>(statements_.size()));
    });
  }
  // Waits for them; how many came through.
  int end() {
    threads_.clear();
    return succeeded_;
  }

 private:
  const test::TestDatabase& database_;
  std::vector<std::string_view> statements_;
  std::once_flag once_;
  std::atomic<int> succeeded_{0};
  std::vector<std::jthread> threads_;
};

const std::vector<std::string_view> kNotMvccSafe{
    "cluster public.wide using wide_pkey", "truncate public.tr",
    "alter table public.alt alter i type bigint", "drop table public.going"};

void fill_for_disturbances(const test::TestDatabase& database) {
  pg::Connection connection = database.connect();
  connection.execute(kWideTable);
  connection.execute(
      "create table tr as select i from generate_series(1, 1000) i;"
      "create table alt (i int); create table computed (i int, g int generated always as (i + 1) "
      "stored);"
      "insert into alt select generate_series(1, 1000); insert into computed values (1);"
      "create table going as select 1 as i; create table quiet as select i from generate_series(1, "
      "1000) i");
}

// F1: none of these is MVCC-safe. The tables are locked before the snapshot exists, so they wait;
// the reader, who would queue behind them for ever, reads over the session that has the locks.
TEST_F(DumpTest, IsRightWhileOthersWaitToTruncateRewriteAndCluster) {
  const test::TestDatabase database = test::make_database("f1");
  fill_for_disturbances(database);
  const auto before = content(database);
  Disturbances others(database, kNotMvccSafe);
  std::latch schema_is_read(1);
  Options with = options(database);
  with.jobs = 1;
  std::atomic<int> sessions{0};
  with.on_session = [&](int pid) {
    if (pid == 0) {
      others.begin();  // pg_dump has ended: from here on only our own sessions can be in the way
      schema_is_read.count_down();
    } else if (++sessions == 2) {
      schema_is_read.wait();  // the reader has read nothing yet
    }
  };
  const archive::Manifest manifest = run(with, reporter_, {});
  EXPECT_EQ(others.end(), 4) << "they were only held up";
  EXPECT_EQ(content(manifest), before);
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
  EXPECT_EQ(content(copy), before);
}

// The same a moment earlier: pg_dump would queue behind them, too. The locks are let go, everything
// starts over, and the result is the state after them.
TEST_F(DumpTest, StartsOverWhenPgDumpWouldWaitForEver) {
  const test::TestDatabase database = test::make_database("overtaken");
  fill_for_disturbances(database);
  Disturbances others(database, kNotMvccSafe);
  Options with = options(database);
  with.on_session = [&](int) { others.begin(); };  // the first is the one with the locks
  const archive::Manifest manifest = run(with, reporter_, {});
  EXPECT_EQ(others.end(), 4);
  EXPECT_EQ(content(manifest), content(database)) << "of the second attempt";
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
  EXPECT_EQ(content(copy), content(database));
}

// Planning a query opens the indexes of its table: somebody who rebuilds one waits for us with the
// table itself free. Before 14 there are no ranges of pages whose plan is asked for, and no
// statement of ours has opened an index by then: he comes through at once.
TEST_F(DumpTest, DoesNotWaitBehindSomebodyWhoRebuildsAnIndex) {
  constexpr std::string_view kRebuild = "reindex index public.wide_pkey";
  const test::TestDatabase database = test::make_database("reindex");
  fill_for_disturbances(database);
  const bool has_to_wait = database.connect().server_major() >= 14;
  Disturbances others(database, {kRebuild});
  std::latch schema_is_read(1);
  Options with = options(database);
  with.jobs = 1;
  std::atomic<int> sessions{0};
  with.on_session = [&](int pid) {
    if (pid == 0) {
      if (has_to_wait) {
        others.begin();
      } else {
        database.connect().execute(kRebuild);
      }
      schema_is_read.count_down();
    } else if (++sessions == 2) {
      schema_is_read.wait();
    }
  };
  EXPECT_EQ(content(run(with, reporter_, {})), content(database));
  EXPECT_EQ(others.end(), has_to_wait ? 1 : 0);
}

// F1: the snapshot is younger than the locks, so what was committed before the last lock is in it.
TEST_F(DumpTest, HoldsWhatWasCommittedWhileItWaitedForItsLocks) {
  const test::TestDatabase database = test::make_database("younger");
  database.connect().execute("create table a (i int); create table b (i int)");
  pg::Connection other = database.connect();
  other.execute(
      "begin; lock table b in access exclusive mode; insert into a values (1); insert into b "
      "values (2)");
  std::jthread commits([&] {
    pg::Connection watcher = database.connect();
    for (int n = 0; n < 1000; ++n) {
      const pg::Result rows = watcher.query("select count(*) from pg_locks where not granted");
      if (rows.i64(0, 0) > 0) break;
      watcher.execute("select pg_sleep(0.01)");
    }
    other.execute("commit");
  });
  const archive::Manifest manifest = dump(database);
  for (const archive::TableRecord& table : manifest.tables)
    EXPECT_EQ(table.fingerprint.rows, 1U) << table.table;
}

// F1: a table that is rewritten between the list and the lock makes it start over.
TEST_F(DumpTest, StartsOverWhenTheTablesChangeBeforeTheyAreLocked) {
  const test::TestDatabase database = test::make_database("over");
  database.connect().execute(
      "create table a (i int); insert into a values (1); create table b (i int)");
  pg::Connection other = database.connect();
  other.execute(
      "begin; create table c as select 3 as i; drop table b; truncate a; insert into a values (1), "
      "(2)");
  std::jthread commits([&] {
    pg::Connection watcher = database.connect();
    for (int n = 0; n < 1000; ++n) {
      if (watcher.query("select count(*) from pg_locks where not granted").i64(0, 0) > 0) break;
      watcher.execute("select pg_sleep(0.01)");
    }
    other.execute("commit");
  });
  const archive::Manifest manifest = dump(database);
  ASSERT_EQ(manifest.tables.size(), 2U);
  EXPECT_EQ(manifest.tables[0].table, "a");
  EXPECT_EQ(manifest.tables[0].fingerprint.rows, 2U);
  EXPECT_EQ(manifest.tables[1].table, "c");
}

// S14: a function that was replaced makes COPY and contents differ.
TEST_F(DumpTest, SumsGeneratedColumnsAsTheyAreStored) {
  const test::TestDatabase database = test::make_database("s14");
  pg::Connection connection = database.connect();
  connection.execute(
      "create function f(i int) returns text language sql immutable as 'select ''v1-'' || i';"
      "create table g (i int, s text generated always as (f(i)) stored); insert into g values (1);"
      "create or replace function f(i int) returns text language sql immutable as 'select ''v2-'' "
      "|| i'");
  const archive::Manifest manifest = dump(database);
  ASSERT_EQ(manifest.tables.size(), 1U);
  EXPECT_THAT(manifest.tables[0].columns, testing::ElementsAre("i"));
  EXPECT_THAT(manifest.tables[0].generated_columns, testing::ElementsAre("s"));
  codec::Fingerprint expected;
  expected.add_row(std::as_bytes(std::span(std::string_view("v1-1"))));
  EXPECT_EQ(manifest.tables[0].generated, expected);
}

TEST_F(DumpTest, NamesTheTableThatMayNotBeRead) {
  const test::TestDatabase database = test::make_database("denied");
  database.connect().execute(
      "create table fine (i int); create table secret (i int);"
      "do $$ begin create role low login; exception when duplicate_object then null; end $$;"
      "grant select on fine to low");
  Options with = options(database);
  with.source = with.source.with_option("user", "low");
  const util::Error failure = failure_of([&] { run(with, reporter_, {}); });
  EXPECT_EQ(failure.kind(), util::Kind::Privilege);
  EXPECT_THAT(failure.message(), HasSubstr("secret"));
}

// M1: row_security is off, so rows that a policy would hide are an error, never silently missing.
TEST_F(DumpTest, RefusesToReadThroughAPolicy) {
  const test::TestDatabase database = test::make_database("rls");
  database.connect().execute(
      "do $$ begin create role low login; exception when duplicate_object then null; end $$;"
      "create table hidden (i int); insert into hidden values (1); alter table hidden enable row "
      "level security;"
      "grant select on hidden to low");
  Options with = options(database);
  with.source = with.source.with_option("user", "low");
  const util::Error failure = failure_of([&] { run(with, reporter_, {}); });
  EXPECT_EQ(failure.kind(), util::Kind::Privilege) << failure.text();
  EXPECT_THAT(failure.text(), HasSubstr("hidden"));
}

TEST_F(DumpTest, StopsWhenItIsAskedTo) {
  const test::TestDatabase database = test::make_database("stop");
  database.connect().execute(kWideTable);
  std::stop_source stop;
  Options with = options(database);
  std::atomic<int> sessions{0};
  with.on_session = [&](int) {
    if (++sessions == 2) stop.request_stop();  // a reader has connected
  };
  EXPECT_EQ(failure_of([&] { run(with, reporter_, stop.get_token()); }).kind(),
            util::Kind::Interrupted);
  const pg::Result rows = database.connect().query(
      "select count(*) from pg_stat_activity where application_name = 'dump-test' and datname = "
      "current_database()");
  EXPECT_EQ(rows.i64(0, 0), 0) << "sessions are left";
}

TEST_F(DumpTest, TellsWhichTableTheReadersWereAtWhenTheServerEndsThem) {
  const test::TestDatabase database = test::make_database("ended");
  database.connect().execute(kWideTable);
  Options with = options(database);
  std::atomic<int> sessions{0};
  with.on_session = [&](int pid) {
    if (++sessions < 2 || pid == 0) return;
    database.connect().query("select pg_terminate_backend($1::int)", {util::cat(pid)});
  };
  const util::Error failure = failure_of([&] { run(with, reporter_, {}); });
  EXPECT_EQ(failure.kind(), util::Kind::Connect) << failure.text();
}

// S17: a view of a user, which runs what its owner wrote into it, is not read by our sessions. The
// condition of an extension's table is the one text of a user's that they have to run.
TEST_F(DumpTest, S17_ReadsNoViewOfAUser) {
  const test::TestDatabase database = test::make_database("views");
  pg::Connection connection = database.connect();
  if (connection.query("select from pg_settings where name = 'restrict_nonsystem_relation_kind'")
          .row_count() == 0) {
    GTEST_SKIP() << "this server cannot refuse them";
  }
  connection.execute(
      "create table settings (i int); insert into settings values (1); create view trap as select "
      "1;"
      "alter extension plpgsql add table settings;"
      "update pg_extension set extconfig = array['settings'::regclass::oid], extcondition = "
      "array['where exists (select from public.trap)'] where extname = 'plpgsql'");
  const util::Error failure = failure_of([&] { dump(database); });
  EXPECT_THAT(failure.text(), HasSubstr("trap"));
}

// K15: rows of more than 16 MB go through, too; one at a time.
TEST_F(DumpTest, ReadsHugeRows) {
  const test::TestDatabase database = test::make_database("huge");
  database.connect().execute(
      "create table huge (i int, b bytea);"
      "insert into huge select i, decode(repeat(md5(i::text), 600000), 'hex') from "
      "generate_series(1, 4) i;"
      "create table huge_too as table huge");
  const archive::Manifest manifest = dump(database);
  EXPECT_EQ(content(manifest), content(database));
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
  EXPECT_EQ(content(copy), content(manifest));
}

}  // namespace
}  // namespace dump
