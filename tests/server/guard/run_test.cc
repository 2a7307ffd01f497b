#include "guard/run.h"

#include <filesystem>

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class RunTest : public GuardTest {};

TEST_F(RunTest, AGoodMigrationStaysAndNothingIsLeftBehind) {
  const Result result = go(psql("alter table members add column phone text;"));
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(value("select count(*) from pg_attribute where attrelid = 'members'::regclass and "
                  "attname = 'phone'"),
            "1");
  EXPECT_THAT(sides(), IsEmpty());
  ASSERT_EQ(runs().size(), 1U);
  EXPECT_EQ(runs()[0].state, RunState::Released);
  EXPECT_EQ(runs()[0].exit, 0);
  EXPECT_EQ(runs()[0].backup, result.backup);
  EXPECT_TRUE(std::filesystem::exists(result.folder / "report.txt"));
  EXPECT_TRUE(std::filesystem::exists(result.folder / "output.log"));
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("nobody else connected")));
}

TEST_F(RunTest, AFailedMigrationIsUndoneAndTheFailedDatabaseKept) {
  const std::string before = fingerprint();
  const std::uint32_t failed = oid();
  const Result result = go(psql(kBreaks));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(fingerprint(), before);
  EXPECT_NE(oid(), failed);
  EXPECT_THAT(sides(), ElementsAre(result.kept));
  EXPECT_THAT(result.cause, HasSubstr("column \"nosuch\" does not exist (42703)"));
  EXPECT_THAT(result.cause, HasSubstr("alter table members rename column nosuch"));
  EXPECT_EQ(runs().at(0).state, RunState::Undone);
  EXPECT_EQ(runs().at(0).exit, 3);
}

TEST_F(RunTest, AMigrationThatFailsWithoutHavingWrittenLeavesTheDatabaseItself) {
  const std::uint32_t untouched = oid();
  const Result result = go(psql(util::cat("begin;", kBreaks)));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_EQ(oid(), untouched);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(result.kept, "");
}

// Content is equal then, and names of objects are, too: only the catalogue tells.
TEST_F(RunTest, AChangedFunctionIsAChangeThatIsUndone) {
  const Result result = go(psql(
      "create or replace function answer() returns int language sql as 'select 43'; select 1/0;"));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause;
  EXPECT_NE(result.kept, "");
  EXPECT_EQ(value("select answer()"), "42");
}

TEST_F(RunTest, RowsAloneAreAChangeThatIsUndone) {
  const std::string before = fingerprint();
  const Result result = go(psql("update members set name = 'x' where id = 7; select 1/0;"));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause;
  EXPECT_NE(result.kept, "");
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(RunTest, S2_SettingsOfTheDatabaseAreUndoneAndClusterWideChangesToldWithTheirReversal) {
  const std::string role = util::cat("role_of_", name());
  const Result result = go(psql(util::cat(
      "alter database ", name(), " set work_mem = '7MB'; create role ", role, "; select 1/0;")));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_NE(value("show work_mem"), "7MB");
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("cluster-wide changes that remain: 1")));
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr(util::cat("DROP ROLE ", role, ";"))));
  sql(util::cat("drop role ", role));
}

TEST_F(RunTest, AStopInTheMiddleIsAFailureThatIsUndone) {
  const std::string before = fingerprint();
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") != std::string_view::npos) stop.request_stop();
  };
  const Result result =
      go(psql("alter table members drop column email;\n\\echo half\nselect pg_sleep(60);"));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, StartsWith("interrupted"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(RunTest, AFailedCheckIsAFailureThatIsUndone) {
  const std::string before = fingerprint();
  const Result result = go(psql("delete from events;"));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("table-shrank"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(RunTest, AnAnnouncedLossIsNoFailure) {
  Options options = psql("delete from events;");
  options.allow_destructive = true;
  EXPECT_EQ(go(options).outcome, Outcome::Done);
}

TEST_F(RunTest, ANoIsObeyedAndLeavesNothingButTheBackup) {
  Options options = psql(kBreaks);
  options.questions.confirm = [](const std::vector<std::string>&) { return false; };
  const std::string before = fingerprint();
  EXPECT_EQ(error_of(options).kind(), util::Kind::NotConfirmed);
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs().at(0).state, RunState::Failed);
  EXPECT_NE(runs().at(0).backup, "");
}

TEST_F(RunTest, K14_AProofThatIsTooOldStopsTheRun) {
  Options options = psql("select 1;");
  options.max_proof_age = std::chrono::milliseconds(-1);
  EXPECT_EQ(error_of(options).kind(), util::Kind::Proof);
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(RunTest, ACommandThatDoesNotExistStopsBeforeAnythingElse) {
  Options options = psql("");
  options.command->argv = {"no-such-program-anywhere"};
  EXPECT_EQ(error_of(options).kind(), util::Kind::Usage);
  EXPECT_THAT(runs(), IsEmpty());
}

TEST_F(RunTest, S15_ASecondRunFindsTheDatabaseBusy) {
  Options options = psql("select 1;");
  options.questions.confirm = [&](const std::vector<std::string>&) {
    Remembering quiet;
    try {
      run(psql("select 1;"), quiet, {});
      ADD_FAILURE() << "two runs at once";
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Busy);
      EXPECT_THAT(error.message(), HasSubstr("pgbelay-"));
    }
    return true;
  };
  EXPECT_EQ(go(options).outcome, Outcome::Done);
}

TEST_F(RunTest, PlanOnlyChangesNothingAndLeavesNothing) {
  Options options = psql(kBreaks);
  options.plan_only = true;
  EXPECT_EQ(go(options).outcome, Outcome::Planned);
  EXPECT_FALSE(std::filesystem::exists(options.dir));
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("undo      swap")));
}

class FilesTest : public GuardTest {};

TEST_F(FilesTest, ARunIsOneUnit) {
  const std::string before = fingerprint();
  const Result result = go(files({{"001_a.sql", "create table a (i int);"},
                                  {"002_b.sql", "alter table members drop column email;"},
                                  {"003_c.sql", "alter table nosuch add column x int;"}}));
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("003_c.sql"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(value("select to_regclass('a')"), "null");
}

TEST_F(FilesTest, AppliesEachOnceAndThenHasNothingToDo) {
  const Options options = files({{"001_a.sql", "create table a (i int);"}});
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.run, HasSubstr("001-a"));
  EXPECT_EQ(go(options).outcome, Outcome::NothingToDo);
}

}  // namespace
}  // namespace guard
