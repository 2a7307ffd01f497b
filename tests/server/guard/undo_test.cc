// A run that was killed: every point, for real, in a child process. Afterwards the old state or the
// new one, and nothing left.

#include "guard/undo.h"

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "guard_fixture.h"
#include "util/fault.h"

namespace guard {
namespace {

using testing::IsEmpty;

class KilledRun : public GuardTest, public testing::WithParamInterface<std::string_view> {
 protected:
  // True if the child died at the point, and not of anything else.
  bool killed_at(std::string_view point, const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        util::fault::arm(util::cat(point, "=kill"));
        work();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "child: %s\n", error.what());
        ::_exit(9);
      }
      ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }
  std::vector<std::string> unexpected_sides(const std::string& kept) {
    std::vector<std::string> names = sides();
    std::erase(names, kept);
    return names;
  }
};

bool of_success(std::string_view point) {
  return point == "run.checked" || point == "run.releasing" || point == "run.released";
}

TEST_P(KilledRun, IsBroughtToOrder) {
  const std::string before = fingerprint();
  const Options options =
      psql(of_success(GetParam()) ? "alter table members add column phone text;" : kBreaks);
  ASSERT_TRUE(killed_at(GetParam(), [&] {
    Remembering quiet;
    run(options, quiet, {});
  })) << "the point was not reached: the test proves nothing";

  ASSERT_EQ(runs().size(), 1U);
  const RunInfo killed = runs()[0];
  EXPECT_EQ(killed.state, RunState::Unfinished);
  std::string kept;
  try {
    const Result result = undo(undo_options(), reporter, {});
    EXPECT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
    kept = result.kept;
    EXPECT_EQ(fingerprint(), before);
  } catch (const util::Error& error) {  // released: the new state, and nothing to undo
    EXPECT_EQ(error.kind(), util::Kind::Usage) << error.text();
    EXPECT_TRUE(GetParam() == "run.releasing" || GetParam() == "run.released") << error.text();
    EXPECT_EQ(value("select count(*) from pg_attribute where attrelid = 'members'::regclass and "
                    "attname = 'phone'"),
              "1");
  }
  EXPECT_NE(runs()[0].state, RunState::Unfinished);
  EXPECT_THAT(unexpected_sides(kept), IsEmpty());

  const Result next = go(psql("alter table members add column fax text;"));
  EXPECT_EQ(next.outcome, Outcome::Done) << next.cause << "\n" << reporter.all();
  EXPECT_THAT(unexpected_sides(kept), IsEmpty());
}

class KilledUndo : public KilledRun {};

// The same again where the undo itself is killed as well, in every step of its own.
TEST_P(KilledUndo, IsFinishedByTheNext) {
  const std::string before = fingerprint();
  const Options options = psql(kBreaks);
  ASSERT_TRUE(killed_at("run.migrated", [&] {
    Remembering quiet;
    run(options, quiet, {});
  }));
  ASSERT_TRUE(killed_at(GetParam(), [&] {
    Remembering quiet;
    undo(undo_options(), quiet, {});
  }));
  const Result result = undo(undo_options(), reporter, {});
  EXPECT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(unexpected_sides(result.kept), IsEmpty());
}

std::vector<std::string_view> points_of(std::string_view prefix) {
  std::vector<std::string_view> points;
  for (const std::string_view point : util::fault::kPoints) {
    if (point.starts_with(prefix)) points.push_back(point);
  }
  return points;
}

std::string name_of(const testing::TestParamInfo<std::string_view>& point) {
  return util::replace_all(std::string(point.param), ".", "_");
}

INSTANTIATE_TEST_SUITE_P(WhileItRuns, KilledRun, testing::ValuesIn(points_of("run.")), name_of);
INSTANTIATE_TEST_SUITE_P(WhileItUndoes, KilledRun, testing::ValuesIn(points_of("undo.")), name_of);
INSTANTIATE_TEST_SUITE_P(WhileItUndoes, KilledUndo, testing::ValuesIn(points_of("undo.")), name_of);

// A run that died before its migration is cleared by the next one, too.
TEST_F(KilledRun, BeforeTheMigrationIsClearedByTheNextRun) {
  const Options options = psql("alter table members add column phone text;");
  ASSERT_TRUE(killed_at("run.proven", [&] {
    Remembering quiet;
    run(options, quiet, {});
  }));
  EXPECT_EQ(sides().size(), 1U);
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs()[0].state, RunState::Failed);
}

// K1: what the command had sent goes on at the server after everybody has died.
TEST_F(KilledRun, K1_StatementsThatStillRunAreEndedBeforeAnythingIsJudged) {
  const std::string before = fingerprint();
  const Options options = psql(
      "insert into events select 5000 + n, 1, '{}' from generate_series(1, 3) n, pg_sleep(4);");
  ASSERT_TRUE(killed_at("run.migrating", [&] {
    Remembering quiet;
    run(options, quiet, {});
  }));
  const Result result = undo(undo_options(), reporter, {});
  EXPECT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(KilledRun, RecheckReadsTheCopyAgain) {
  const std::string before = fingerprint();
  ASSERT_TRUE(killed_at("run.migrated", [&] {
    Remembering quiet;
    run(psql(kBreaks), quiet, {});
  }));
  UndoOptions options = undo_options();
  options.recheck = true;
  EXPECT_EQ(undo(options, reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

// A hold that the undo after a failed health check began says nothing of what was written between
// the gate and it.
TEST_F(KilledRun, F2_AHoldOfTheUndoIsNoEvidenceForTheTimeBeforeIt) {
  if (!counts_sessions()) GTEST_SKIP() << "an undo is always asked for before 15";
  Options options = psql("alter table members add column phone text;");
  options.outside.health_timeout = std::chrono::seconds(1);
  options.outside.health_command = util::cat(
      "psql -X -q -d '", database->url(),
      "' -c \"insert into members (name, email) values ('let in', 'l@example.org')\" && exit 1");
  ASSERT_TRUE(killed_at("hold.begun", [&] {
    Remembering quiet;
    run(options, quiet, {});
  })) << "the point was not reached: the test proves nothing";
  const Result result = undo(undo_options(), reporter, {});
  EXPECT_EQ(result.outcome, Outcome::NotUndone) << reporter.all();
  EXPECT_EQ(result.exit_code, 4);
  EXPECT_EQ(value("select count(*) > 0 from members where name = 'let in'"), "t");
}

TEST_F(KilledRun, NothingToUndoIsSaidWithExitCode2) {
  EXPECT_EQ(go(psql("select 1;")).outcome, Outcome::Done);
  try {
    undo(undo_options(), reporter, {});
    FAIL() << "there was nothing to undo";
  } catch (const util::Error& error) {
    EXPECT_EQ(error.exit_code(), 2);
  }
}

}  // namespace
}  // namespace guard
