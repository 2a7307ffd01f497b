// What a backup may take of the server and of this machine (docs/production.md), as an operator
// says it: --rate, --max-load, --nice, --snapshot-warning.
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "support/round_trip.h"
#include "util/error.h"
#include "util/text.h"

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;
using testing::Contains;
using testing::HasSubstr;

// The nice values of a process's threads. They are field 19 of stat; the name before, in brackets,
// may hold anything.
std::multiset<int> nice_of_threads(pid_t pid) {
  std::multiset<int> values;
  std::error_code gone;
  for (const auto& thread :
       std::filesystem::directory_iterator(util::cat("/proc/", pid, "/task"), gone)) {
    std::ifstream file(thread.path() / "stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int field = 3; field < 19; ++field) fields >> skipped;
    int nice = 0;
    if (fields >> nice) values.insert(nice);
  }
  return values;
}

class Throttle : public test::RoundTrip {
 protected:
  test::BinaryResult back_up_watched(std::vector<std::string> options, test::OnLine on_line) {
    options.insert(options.begin(), "backup");
    return test::run_release({.args = std::move(options),
                              .env = {util::cat("DATABASE_URL=", database().url())},
                              .directory = folder(),
                              .timeout = 120s,
                              .on_line = std::move(on_line)});
  }
};

// 4 MB each of rows, of a generated column, and of small large objects: the rate holds for all.
TEST_F(Throttle, TheRateCountsRowsGeneratedColumnsAndSmallLargeObjects) {
  make("rated", "", {});
  database().connect().execute(R"sql(
      create table t (i int, a text, g text generated always as (reverse(a)) stored);
      insert into t select n, repeat(md5(n::text), 32) from generate_series(1, 4000) n;
      select lo_from_bytea(n, decode(repeat(md5(n::text), 128), 'hex'))
        from generate_series(100000, 101999) n)sql");
  const auto begin = steady_clock::now();
  const test::BinaryResult made = run({"backup", "--formats", "dump", "--proof", "written",
                                       "--rate", "4MB", "--snapshot-warning", "1s"});
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_GE(steady_clock::now() - begin, 2800ms);
  EXPECT_THAT(made.err, HasSubstr("the snapshot is "));
}

TEST_F(Throttle, MaxLoadPausesWithinALargeObject) {
  make("loaded", "", {});
  database().connect().execute(
      "select lo_from_bytea(4711, decode(repeat(md5('x'), 3276800), 'hex'))");  // 50 MB
  std::atomic<bool> paused = false;
  std::atomic<bool> stood_still = false;
  std::jthread others([&](const std::stop_token& over) {
    pg::Connection watcher = database().connect();
    const auto reading = [&] {
      const pg::Result at = watcher.query(
          "select query_start::text from pg_stat_activity where query like '%lo_get($1, $2, $3)%' "
          "and pid <> pg_backend_pid() and datname = current_database()");
      return at.row_count() == 1 ? at.str(0, 0) : std::string();
    };
    while (reading().empty() && !over.stop_requested()) std::this_thread::yield();
    const auto work = [&](const std::stop_token& stop) {
      pg::Connection busy = database().connect();
      const pg::CancelOnStop cancel(busy, stop);
      try {
        busy.execute("set statement_timeout = '60s'; do $$ begin loop perform 1; end loop; end $$");
      } catch (const util::Error&) {  // cancelled
      }
    };
    std::jthread one(work), other(work);
    std::string last;
    auto since = steady_clock::now();
    while (!over.stop_requested() && !stood_still) {
      if (const std::string now = reading(); now != last || !paused) {
        last = now;
        since = steady_clock::now();
      }
      stood_still = !last.empty() && steady_clock::now() - since > 2s;
      std::this_thread::yield();
    }
  });
  // 50 MB take five seconds: time enough for the load to be noticed.
  const test::BinaryResult made =
      back_up_watched({"--formats", "dump", "--proof", "written", "--jobs", "1", "--rate", "10MB",
                       "--max-load", "1"},
                      [&](util::Stream, std::string_view line, pid_t) {
                        if (line.find("paused: ") != std::string_view::npos) paused = true;
                      });
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(made.err, HasSubstr("above --max-load 1"));
  EXPECT_TRUE(stood_still);
}

TEST_F(Throttle, NiceIsTheBackupsAndTheProofs) {
  make("nice", "", {});
  // An index that takes a second, in the source and in the copy of the proof.
  database().connect().execute(R"sql(
      create function slow(i int) returns int language plpgsql immutable as
        $$ begin perform pg_catalog.pg_sleep(1); return i; end $$;
      create table t as select 1 as i; create index on t (slow(i)))sql");
  std::atomic<pid_t> program = 0;
  std::multiset<int> values;
  std::jthread observer([&](const std::stop_token& over) {
    pg::Connection watcher = test::test_server().connect();
    while (!over.stop_requested() && values.empty()) {
      const bool proving =
          watcher
              .query(
                  "select exists (select from pg_stat_activity where datname ~ '__proof_' and "
                  "query ~ 'CREATE INDEX' and state = 'active')")
              .boolean(0, 0);
      if (proving && program != 0) values = nice_of_threads(program);
      std::this_thread::yield();
    }
  });
  const test::BinaryResult made =
      back_up_watched({"--formats", "dump", "--proof", "proven", "--nice", "7"},
                      [&](util::Stream, std::string_view, pid_t pid) { program = pid; });
  observer.request_stop();
  observer.join();
  EXPECT_EQ(made.status, 0) << made.err;
  EXPECT_THAT(values, Contains(7));
  EXPECT_THAT(values, Contains(0));  // whoever waits for Ctrl+C
}

TEST_F(Throttle, APriorityThatIsNoneIsRefused) {
  make("refused", "", {});
  EXPECT_EQ(run({"backup", "--nice", "20"}).status, 2);
}

}  // namespace
