// What fault tests share: a run that is killed at a point, and what must hold afterwards.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/guarded.h"
#include "util/fault.h"
#include "util/text.h"

namespace test {

inline std::vector<std::string> points(std::initializer_list<std::string_view> prefixes) {
  std::vector<std::string> names;
  for (const std::string_view point : util::fault::kPoints) {
    for (const std::string_view prefix : prefixes) {
      if (point.starts_with(prefix)) names.emplace_back(point);
    }
  }
  return names;
}

// Until a program that stops itself at a fault point has done so: it writes its line before.
inline void wait_until_stopped(pid_t pid) {
  constexpr int kLooks = 2000;
  for (int look = 0; look < kLooks; ++look) {
    std::string stat;
    std::getline(std::ifstream(util::cat("/proc/", pid, "/stat")), stat);
    if (stat.find(") T ") != std::string::npos) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

// PGBELAY_FAULTS=all (make test-faults).
inline bool all_asked_for() {
  const char* const asked = std::getenv("PGBELAY_FAULTS");  // NOLINT: before any thread
  return asked != nullptr && std::string_view(asked) == "all";
}
inline std::vector<std::string> all_or(std::vector<std::string> all,
                                       std::vector<std::string> sample) {
  return all_asked_for() ? std::move(all) : std::move(sample);
}

inline std::string test_name(const testing::TestParamInfo<std::string>& info) {
  return util::replace_all(util::replace_all(info.param, ".", "_"), "@", "_");
}

class FaultTest : public GuardedTest, public testing::WithParamInterface<std::string> {
 protected:
  explicit FaultTest(TestServer& (*of)() = scram_server) : GuardedTest(Binary::Dev, of) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    before_ = content();
  }
  // Of a parameter of several, like "run.gate@undo".
  static std::string part(std::size_t which) {
    return std::string(util::split(GetParam(), '@').at(which));
  }
  // Runs until it dies at the point; the test proves nothing if the point was not reached.
  BinaryResult killed(std::vector<std::string> args) {
    BinaryResult result = run(std::move(args), {util::cat("PGBELAY_FAULT=", GetParam(), "=kill")});
    EXPECT_EQ(result.signal, SIGKILL) << "the point was not reached: " << result.out << result.err;
    return result;
  }
  // Servers before 15 do not count their sessions: an undo has to be decided (docs/versions.md).
  BinaryResult resume() {
    std::vector<std::string> args{"resume", "psql", "--yes"};
    if (server().connect().server_major() < 15)
      args.insert(args.end(), {"--on-foreign-writes", "undo"});
    return run(std::move(args));
  }
  // Does `at_point` while the program stands at the point, and lets it go on to its end. An empty
  // point: it does not stop.
  BinaryResult stopped_at(const std::string& point, std::vector<std::string> args,
                          std::vector<std::string> env, const std::function<void()>& at_point) {
    bool reached = point.empty();
    if (!reached) env.push_back(util::cat("PGBELAY_FAULT=", point, "=stop"));
    const std::string line_of_point = util::cat("fault point ", point);
    BinaryResult result =
        run(std::move(args), std::move(env), [&](util::Stream, std::string_view line, pid_t pid) {
          if (reached || line.find(line_of_point) == line.npos) return;
          reached = true;
          at_point();
          wait_until_stopped(pid);
          ::kill(pid, SIGCONT);
        });
    EXPECT_TRUE(reached) << "the point was not reached: " << result.err;
    EXPECT_FALSE(result.timed_out) << result.err;
    return result;
  }
  // From a machine without the journal (S18): every command names the run, its folder and the way
  // out, and nothing runs over what it left.
  void expect_refused_elsewhere() {
    const std::vector<std::vector<std::string>> commands{
        {"undo", "--yes"},
        {"undo", "psql", "--yes", "--on-foreign-writes", "undo"},
        {"resume", "--yes"},
        {"status"},
        {"migrate", "--yes", "--hold", "none", "--", "psql", "-X", "-c",
         "create table over_it ()"}};
    for (std::vector<std::string> args : commands) {
      args.insert(args.begin() + 1, {"--dir", "elsewhere"});
      const BinaryResult result = run(args);
      const std::string said = result.out + result.err;
      EXPECT_EQ(result.status, 4) << args.front() << ": " << said;
      for (const std::string& part :
           {std::string("_psql"), backups().string(), std::string("is not finished"),
            std::string("pgbelay close ")})
        EXPECT_NE(said.find(part), said.npos) << args.front() << ": " << said;
    }
  }
  void undo_if_open(const BinaryResult& result) {
    if (result.status != 4) return;
    const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
    EXPECT_EQ(undone.status, 0) << result.err << undone.err;
  }
  void expect_nothing_open() {
    expect_next_run_works();  // clears what had not begun its migration
    EXPECT_EQ(run({"status"}).status, 0) << "nothing is unfinished";
    expect_nothing_left_behind();
  }
  void expect_whole_backups() {
    for (const std::string& name : published()) {
      const BinaryResult verified = run({"verify", name});
      EXPECT_EQ(verified.status, 0) << verified.out << verified.err;
    }
  }
  void expect_next_run_works() {
    const BinaryResult next = run(
        {"migrate", "--yes", "--", "psql", "-X", "-q", "-c", "create table made_later (i int)"});
    EXPECT_EQ(next.status, 0) << next.err;
    EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made_later'"), "1");
  }
  std::string before_;
};

// A migration that commits its first statement and fails in its second.
inline const std::vector<std::string> kFailing = {"migrate", "--yes",
                                                  "--",      "psql",
                                                  "-X",      "-q",
                                                  "-v",      "ON_ERROR_STOP=1",
                                                  "-c",      "alter table orders drop column note",
                                                  "-c",      "select nonsense"};
inline const std::vector<std::string> kGood = {
    "migrate", "--yes", "--", "psql", "-X", "-q", "-c", "alter table orders add column extra int"};

}  // namespace test
