// No server needed, but child processes and time: not a unit test.
#include "migrate/command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "util/error.h"
#include "util/files.h"

namespace migrate {
namespace {

using testing::HasSubstr;

class Collecting : public util::QuietReporter {
 public:
  void output(std::string_view text) override {
    if (keeps) shown += text;
  }
  void warning(std::string_view text) override { warnings += text; }
  std::string shown, warnings;
  bool keeps = true;
};

class RunCommand : public testing::Test {
 protected:
  CommandOutcome run(const std::string& script, std::stop_token stop = {}) {
    const CommandOptions options{.argv = {"sh", "-c", script},
                                 .set_env = {"TOKEN=open%20sesame"},
                                 .unset_env = {},
                                 .directory = {},
                                 .output_file = file(),
                                 .grace = std::chrono::milliseconds(200)};
    return run_command(Side{"any"}, options, scrubber_, reporter_, std::move(stop));
  }
  std::filesystem::path file() const { return folder_.path() / "output.log"; }

  util::TempDir folder_{"pgbelay-test"};
  util::Scrubber scrubber_;
  Collecting reporter_;
};

TEST_F(RunCommand, ShowsAndKeepsBothStreamsAndGivesTheStatus) {
  const CommandOutcome outcome = run("echo out; echo err >&2; exit 7");
  EXPECT_EQ(outcome.ended.status, 7);
  EXPECT_FALSE(outcome.succeeded());
  EXPECT_THAT(reporter_.shown, HasSubstr("out\n"));
  EXPECT_THAT(reporter_.shown, HasSubstr("err\n"));
  EXPECT_EQ(util::read_text(file()), reporter_.shown);
  EXPECT_EQ(outcome.last_output, reporter_.shown);
}

TEST_F(RunCommand, SecretsDoNotAppearEvenIfTheyComeInPieces) {
  scrubber_.add(util::Secret("open sesame"));
  run("printf 'a open se'; sleep 0.1; printf 'same b '; printf %s \"$TOKEN\"; printf ' ope'");
  EXPECT_EQ(reporter_.shown, "a *** b *** ope");
  EXPECT_EQ(util::read_text(file()), reporter_.shown);
}

TEST_F(RunCommand, OfVeryMuchOutputBeginningAndEndAreKept) {
  reporter_.keeps = false;
  const CommandOutcome outcome =
      run("echo the beginning; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo the end");
  EXPECT_TRUE(outcome.succeeded());
  const std::string kept = util::read_text(file());
  EXPECT_TRUE(kept.starts_with("the beginning\nxxx"));
  EXPECT_TRUE(kept.ends_with("xxx\nthe end\n"));
  EXPECT_LT(kept.size(), std::size_t{36} << 20U);
  EXPECT_THAT(kept.substr(32U << 20U, 200), HasSubstr("of what follows here only the last"));
  EXPECT_NE(kept.find(" are left out here]\n"), std::string::npos);
  EXPECT_THAT(outcome.last_output, testing::EndsWith("the end\n"));
}

TEST_F(RunCommand, AStopEndsTheWholeGroup) {
  std::stop_source stop;
  const std::jthread stopper([&] {
    while (!std::filesystem::exists(folder_.path() / "started")) std::this_thread::yield();
    stop.request_stop();
  });
  const CommandOutcome outcome = run("trap '' INT; touch " + (folder_.path() / "started").string() +
                                         "; sleep 600 & wait; echo on; sleep 600",
                                     stop.get_token());
  EXPECT_TRUE(outcome.ended.signal);
  EXPECT_LT(outcome.took.count(), 60);
}

TEST_F(RunCommand, AProgramThatIsMissingIsToldBeforeAnythingStarts) {
  const CommandOptions options{.argv = {"no-such-program-here"},
                               .set_env = {},
                               .unset_env = {},
                               .directory = {},
                               .output_file = file()};
  try {
    require_program(options);
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.kind(), util::Kind::Usage);
    EXPECT_THAT(error.message(), HasSubstr("no-such-program-here"));
  }
  EXPECT_THROW(run_command(Side{"any"}, options, scrubber_, reporter_, {}), util::Error);
  EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace migrate
