// The steps of a run in its journal (K20): each begins and ends there, whatever becomes of it.
#include <map>

#include "guard/journal.h"
#include "guard_fixture.h"
#include "util/fault.h"

namespace guard {
namespace {

using testing::Contains;
using testing::IsEmpty;
using testing::Key;
using testing::Pair;

class StepsTest : public GuardTest {
 protected:
  // What each step of the last run ended with; "" for one that has only begun.
  std::map<std::string, std::string> steps() {
    std::map<std::string, std::string> out;
    for (const Event& event : read_run(runs().back().folder).events) {
      if (event.kind == EventKind::Begin) out[event.step] = "";
      if (event.kind == EventKind::End && event.step != "run")
        out[event.step] = event.get("result").empty() ? "told" : event.get("result");
    }
    return out;
  }
  void expect_failed(const Options& options, const std::string& step) {
    const util::Error error = error_of(options);
    EXPECT_THAT(steps(), Contains(Pair(step, "failed"))) << error.text();
    for (const auto& [name, end] : steps()) EXPECT_FALSE(end.empty()) << name;
  }
};

TEST_F(StepsTest, K20EveryStepOfAGoodRunBeginsAndEnds) {
  Options options = psql("alter table members add column phone text;");
  options.hold = Hold::ReadOnly;
  options.outside.before_hold = "true";
  const Result result = go(options);
  ASSERT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  for (const auto& [name, end] : steps()) EXPECT_FALSE(end.empty()) << name;
  for (const char* const step :
       {"backup", "proof", "confirm", "before_hold", "hold", "gate", "migrate", "check", "release"})
    EXPECT_THAT(steps(), Contains(Key(step)));
}

#ifdef PGBELAY_FAULT_POINTS
TEST_F(StepsTest, K20AStepThatFailsEndsAsWell) {
  Options options = psql("select 1;");
  options.outside.before_hold = "false";
  expect_failed(options, "before_hold");
  options.outside.before_hold.clear();

  for (const auto& [point, step] : std::map<std::string, std::string>{
           {"backup.before_publish", "backup"}, {"proof.loaded", "proof"}}) {
    util::fault::arm(point + "=throw");
    expect_failed(options, step);
  }
  options.hold = Hold::ReadOnly;
  util::fault::arm("hold.begun=throw");
  expect_failed(options, "hold");
  options.hold = Hold::None;
  options.undo = Undo::Clone;
  util::fault::arm("clone.made=throw");
  expect_failed(options, "clone");
  EXPECT_THAT(sides(), IsEmpty());
}
#endif

TEST_F(StepsTest, K20ARefusalIsAnEnd) {
  Options options = psql("select 1;");
  options.hold = Hold::None;
  options.max_proof_age = std::chrono::milliseconds(-1);
  expect_failed(options, "gate");
  options.questions.confirm = [](const std::vector<std::string>&) { return false; };
  EXPECT_EQ(error_of(options).kind(), util::Kind::NotConfirmed);
  EXPECT_THAT(steps(), Contains(Pair("confirm", "no")));
}

}  // namespace
}  // namespace guard
