// What a dump does for others who use the server: it waits while they are busy, and tells when its
// snapshot is in VACUUM's way.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "dump/server_watch.h"
#include "dump/sql_dump.h"
#include "dump/sql_watch.h"
#include "server/dump/fixture.h"
#include "util/error.h"

namespace dump {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Listener : public util::QuietReporter {
 public:
  void note(std::string_view text) override { keep(notes_, text); }
  void warning(std::string_view text) override { keep(warnings_, text); }
  std::string wait_for_note() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return !notes_.empty(); });
    return notes_.front();
  }
  std::string wait_for_warning() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return !warnings_.empty(); });
    return warnings_.front();
  }
  std::vector<std::string> warnings() {
    const std::lock_guard lock(mutex_);
    return warnings_;
  }

 private:
  void keep(std::vector<std::string>& list, std::string_view text) {
    const std::lock_guard lock(mutex_);
    list.emplace_back(text);
    told_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::string> notes_, warnings_;
};

// A session that keeps a core busy until it is told to stop.
class Busy {
 public:
  explicit Busy(const test::TestDatabase& database)
      : connection_(database.connect()),
        watcher_(database.connect()),
        pid_(connection_.backend_pid()),
        thread_([this] {
          try {
            connection_.execute("set statement_timeout = '60s'");
            connection_.execute("do $$ begin loop perform 1; end loop; end $$");
          } catch (const util::Error&) {  // cancelled
          }
        }) {}
  ~Busy() { stop(); }
  void stop() {
    while (!ended_ && thread_.joinable()) {
      ended_ = watcher_.query("select pg_cancel_backend($1)", {util::cat(pid_)}).boolean(0, 0);
      thread_.join();
    }
  }
  void wait_until_active() {
    while (watcher_
               .query("select 1 from pg_stat_activity where pid = $1 and state = 'active'",
                      {util::cat(pid_)})
               .row_count() == 0) {
      std::this_thread::yield();
    }
  }

 private:
  pg::Connection connection_, watcher_;
  int pid_;
  bool ended_ = false;
  std::jthread thread_;
};

class ServerWatchTest : public DumpTest {};

TEST_F(ServerWatchTest, WaitsWhileMoreSessionsThanAllowedAreAtWork) {
  const test::TestDatabase database = test::make_database("busy");
  database.connect().execute(
      "create table t as select i from generate_series(1, 1000) i; create table locked (i int)");
  Busy one(database), other(database);
  one.wait_until_active();
  other.wait_until_active();
  Options with = options(database);
  with.max_load = 1;
  Listener listener;
  std::atomic<bool> ended{false};
  archive::Manifest manifest;
  std::jthread dumping([&] {
    manifest = run(with, listener, {});
    ended = true;
  });
  EXPECT_THAT(listener.wait_for_note(),
              AllOf(HasSubstr("paused: 2 sessions of others"), HasSubstr("--max-load 1")));
  EXPECT_FALSE(ended);
  one.stop();
  dumping.join();
  EXPECT_EQ(manifest.rows(), 1000U);
  EXPECT_THAT(listener.warnings(), IsEmpty());
}

// For a lock, and for time to pass; nor is the dump's own work.
TEST_F(ServerWatchTest, ThoseThatOnlyWaitAreNoLoad) {
  const test::TestDatabase database = test::make_database("waiting");
  database.connect().execute("create table t (i int)");
  pg::Connection holder = database.connect();
  pg::Connection watcher = database.connect();
  holder.execute("begin; lock table t");
  const auto waits_in = [&](const std::string& statement) {
    return std::jthread([&database, statement] { database.connect().execute(statement); });
  };
  const std::jthread blocked = waits_in("select * from t");
  const std::jthread sleeping = waits_in("select pg_sleep(1)");
  while (watcher
             .query("select count(*) from pg_stat_activity where wait_event_type in ('Lock', "
                    "'Timeout') and state = 'active'")
             .i64(0, 0) < 2) {
    std::this_thread::yield();
  }
  EXPECT_EQ(sql::load(watcher, "somebody"), 0U);
  holder.execute("commit");
  Busy own(database);
  own.wait_until_active();
  EXPECT_EQ(sql::load(watcher, "somebody"), 1U);
  EXPECT_EQ(sql::load(watcher, "pgbelay-test"), 0U);
}

TEST_F(ServerWatchTest, TellsARoleThatSeesItsOwnSessionsOnly) {
  const test::TestDatabase database = test::make_database("blind");
  test::test_server().connect().execute("create role watch_blind login");
  database.connect().execute("grant create on schema public to watch_blind");
  Options with = options(database);
  with.source = with.source.with_option("user", "watch_blind");
  with.max_load = 5;
  Listener listener;
  run(with, listener, {});
  EXPECT_THAT(listener.warnings(), ElementsAre(HasSubstr("grant it pg_read_all_stats")));
}

TEST_F(ServerWatchTest, TellsWhatTheSnapshotKeepsFromVacuum) {
  const test::TestDatabase database = test::make_database("held");
  pg::Connection watcher = database.connect();
  watcher.execute("create table t as select i from generate_series(1, 1000) i");
  const std::string snapshot = sql::current_snapshot(watcher);
  database.connect().execute("delete from t; select txid_current()");
  watcher.execute("select txid_current()");
  sql::HeldBack held = sql::held_back(watcher, snapshot, "dump-test");
  EXPECT_GE(held.transactions, 2U);
  EXPECT_EQ(held.older, std::nullopt);
  // Before 15 the counts come over a socket of the statistics' collector.
  for (int n = 0; n < 1000 && held.dead_rows < 1000; ++n) {
    watcher.execute("select pg_sleep(0.01)");
    held = sql::held_back(watcher, snapshot, "dump-test");
  }
  EXPECT_GE(held.dead_rows, 1000U);

  pg::Connection older = database.connect();
  older.execute("begin isolation level repeatable read; select 1");
  watcher.execute("select txid_current()");
  const std::string later = sql::current_snapshot(watcher);
  held = sql::held_back(watcher, later, "dump-test");
  EXPECT_EQ(held.older, util::cat("session ", older.backend_pid(), " (pgbelay-test)"));
  EXPECT_GE(held.older_transactions, 1U);
  EXPECT_EQ(sql::held_back(watcher, later, "pgbelay-test").older, std::nullopt) << "our own";
}

TEST_F(ServerWatchTest, WarnsWhenTheSnapshotGetsOld) {
  const test::TestDatabase database = test::make_database("old");
  database.connect().execute(kWideTable);
  Options with = options(database);
  with.rate = 20U << 20U;  // two seconds
  with.snapshot_warning = std::chrono::milliseconds(100);
  Listener listener;
  run(with, listener, {});
  EXPECT_THAT(listener.wait_for_warning(),
              AllOf(HasSubstr("the snapshot is "), HasSubstr("keeps VACUUM from removing")));
}

}  // namespace
}  // namespace dump
