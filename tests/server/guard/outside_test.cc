// Hooks, the health check and news around a guarded run.
#include "guard/outside.h"

#include <fstream>

#include "guard_fixture.h"
#include "support/http_server.h"
#include "support/tcp_proxy.h"

namespace guard {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using namespace std::chrono_literals;

constexpr const char* kGood = "alter table members add column phone text;";

class OutsideTest : public GuardTest {
 protected:
  // A hook that notes that it ran, and how the run stood.
  std::string noting(std::string_view word) const {
    return util::cat("echo ", word, " $PGBELAY_OUTCOME >> ", notes());
  }
  std::string notes() const { return (folder.path() / "notes").string(); }
  std::vector<std::string> noted() const {
    std::ifstream in(notes());
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.emplace_back(util::trim(line));
    return lines;
  }
  Options with_hooks(Options options) {
    options.outside.before_hold = noting("before");
    options.outside.after_release = noting("after");
    options.outside.on_failure = noting("failure");
    return options;
  }
};

TEST_F(OutsideTest, TheApplicationIsStoppedBeforeAndStartedAfterAGoodMigration) {
  Options options = with_hooks(shell(util::cat("echo migrate >> ", notes())));
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(noted(), ElementsAre("before", "migrate", "after migrated"));
}

TEST_F(OutsideTest, AfterAnUndoTheApplicationIsStartedAndTheFailureTold) {
  EXPECT_EQ(go(with_hooks(psql(kBreaks))).outcome, Outcome::Undone) << reporter.all();
  EXPECT_THAT(noted(), ElementsAre("before", "after undone", "failure undone"));
}

TEST_F(OutsideTest, AHookThatFailsBeforeEndsTheRunUnbegunAndTheApplicationIsStartedAgain) {
  Options options = with_hooks(psql(kGood));
  options.outside.before_hold = "echo cannot stop it >&2; exit 3";
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 1);
  EXPECT_THAT(error.text(), HasSubstr("hook before_hold ended with status 3: cannot stop it"));
  EXPECT_THAT(noted(), ElementsAre("after given-up", "failure given-up"));
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(value("select count(*) from pg_attribute where attname = 'phone'"), "0");
}

TEST_F(OutsideTest, AHookThatHangsIsEndedAfterItsTime) {
  Options options = with_hooks(psql(kGood));
  options.outside.before_hold = "sleep 600 & sleep 600";
  options.outside.hook_timeout = 300ms;
  EXPECT_THAT(error_of(options).text(), HasSubstr("hook before_hold was ended after 0.3 s"));
}

TEST_F(OutsideTest, AHookThatFailsAfterwardsChangesNothingAndIsTold) {
  Options options = psql(kGood);
  options.outside.after_release = "exit 1";
  EXPECT_EQ(go(options).outcome, Outcome::Done);
  EXPECT_THAT(reporter.lines(),
              Contains(HasSubstr("warning hook after_release ended with status 1")));
}

TEST_F(OutsideTest, HooksThatHangAfterwardsAreEndedAndChangeNothing) {
  Options options = psql(kBreaks);
  options.outside.after_release = "sleep 600 & sleep 600";
  options.outside.on_failure = "sleep 601 & sleep 601";
  options.outside.hook_timeout = 300ms;
  EXPECT_EQ(go(options).outcome, Outcome::Undone) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("warning hook after_release was ended after 0.3 s"));
  EXPECT_THAT(reporter.all(), HasSubstr("warning hook on_failure was ended after 0.3 s"));
}

TEST_F(OutsideTest, AHealthCommandThatHangsIsEndedAndTheMigrationUndone) {
  const std::string before = fingerprint();
  Options options = psql(kGood);
  options.outside.health_command = "sleep 600 & sleep 600";
  options.outside.health_timeout = 500ms;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Undone) << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("hook health was ended after 0.5 s"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(OutsideTest, AHealthPageThatNeverAnswersHasTheMigrationUndone) {
  const std::string before = fingerprint();
  test::TcpProxy nowhere(static_cast<std::uint16_t>(test::test_server().server().port()));
  nowhere.hold();
  Options options = psql(kGood);
  options.outside.health_url = util::cat("http://127.0.0.1:", nowhere.port(), "/");
  options.outside.health_timeout = 500ms;
  EXPECT_EQ(go(options).outcome, Outcome::Undone) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(OutsideTest, NewsThatHangAreGivenUpAndChangeNothing) {
  test::TcpProxy nowhere(static_cast<std::uint16_t>(test::test_server().server().port()));
  nowhere.hold();
  Options options = psql(kGood);
  options.outside.notify_url = util::cat("http://127.0.0.1:", nowhere.port(), "/");
  options.outside.notify_command = "sleep 600 & sleep 600";
  options.outside.hook_timeout = 300ms;
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("warning news \"started\" were not delivered"));
  EXPECT_THAT(reporter.all(), HasSubstr("warning news \"done\" were not delivered"));
  EXPECT_THAT(reporter.all(), HasSubstr("warning hook notify was ended after 0.3 s"));
}

TEST_F(OutsideTest, AHooksOutputNeverShowsThePassword) {
  Options options = psql(kGood);
  options.database = pg::ConnInfo::parse(
      util::replace_all(database->url(), "@", ":s3cret-word@"));  // the server trusts everybody
  options.outside.before_hold = "echo it is s3cret-word; exit 1";
  const util::Error error = error_of(options);
  EXPECT_THAT(error.text(), HasSubstr("it is ***"));
  EXPECT_THAT(reporter.all() + error.text(), Not(HasSubstr("s3cret-word")));
}

TEST_F(OutsideTest, AnApplicationThatIsNotWellAfterwardsHasTheMigrationUndone) {
  const std::string before = fingerprint();
  test::HttpServer application(503);
  Options options = with_hooks(psql(kGood));
  options.outside.health_url = application.url();
  options.outside.health_timeout = 700ms;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Undone) << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("answered with status 503"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(noted(), ElementsAre("before", "after migrated", "failure undone"));
}

TEST_F(OutsideTest, AnApplicationThatBecomesWellInTimeIsWell) {
  Options options = psql(kGood);
  options.outside.health_command =
      util::cat("test -e ", notes(), " || { touch ", notes(), "; exit 1; }");
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("health ok")));
}

TEST_F(OutsideTest, TheWebhookGetsBeginningAndEnd) {
  test::HttpServer hook;
  Options options = psql(kBreaks);
  options.outside.notify_url = hook.url();
  options.outside.notify_command = "echo \"$PGBELAY_OUTCOME\" >> " + notes();
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Undone);
  ASSERT_EQ(hook.bodies().size(), 2U);
  EXPECT_THAT(hook.bodies()[0], HasSubstr(R"("event":"started")"));
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("event":"undone")"));
  EXPECT_THAT(hook.bodies()[1], HasSubstr(util::cat(R"("run":")", result.run)));
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("text":"pgbelay: the migration was undone)"));
  EXPECT_THAT(noted(), ElementsAre("started", "undone"));
}

TEST_F(OutsideTest, ASuccessIsNews) {
  test::HttpServer hook;
  Options options = psql(kGood);
  options.outside.notify_url = hook.url();
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  ASSERT_EQ(hook.bodies().size(), 2U);
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("event":"done")"));
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("exit":0)"));
}

TEST_F(OutsideTest, ARunThatIsGivenUpIsNews) {
  test::HttpServer hook;
  Options options = psql(kGood);
  options.outside.before_hold = "exit 3";
  options.outside.notify_url = hook.url();
  EXPECT_EQ(error_of(options).exit_code(), 1);
  ASSERT_EQ(hook.bodies().size(), 2U);
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("event":"failed")"));
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("exit":1)"));
  EXPECT_THAT(hook.bodies()[1], HasSubstr("given up before its migration"));
}

TEST_F(OutsideTest, AMigrationThatTakesLongIsNewsOnce) {
  test::HttpServer hook;
  // It ends when the news are out: the command gets them behind the webhook.
  Options options = shell(util::cat("for n in $(seq 600); do test -e ", notes(),
                                    " && exit 0; sleep 0.1; done; exit 1"));
  options.outside.notify_url = hook.url();
  options.outside.notify_command = util::cat("test $PGBELAY_OUTCOME != stuck || touch ", notes());
  options.outside.stuck_after = 100ms;
  EXPECT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  ASSERT_EQ(hook.bodies().size(), 3U);
  EXPECT_THAT(hook.bodies()[1], HasSubstr(R"("event":"stuck")"));
}

TEST_F(OutsideTest, NewsThatAreNotDeliveredChangeNothing) {
  Options options = psql(kGood);
  options.outside.notify_url = "http://127.0.0.1:1/secret-path";
  EXPECT_EQ(go(options).outcome, Outcome::Done);
  EXPECT_THAT(reporter.all(), HasSubstr("were not delivered: http://127.0.0.1:1 gave no answer"));
  EXPECT_THAT(reporter.all(), Not(HasSubstr("secret-path")));
}

TEST_F(OutsideTest, AUrlThatIsNoneIsRefusedBeforeAnythingStarts) {
  Options options = psql(kGood);
  options.outside.health_url = "localhost:3000/health";
  EXPECT_EQ(error_of(options).exit_code(), 2);
  EXPECT_THAT(runs(), IsEmpty());
}

}  // namespace
}  // namespace guard
