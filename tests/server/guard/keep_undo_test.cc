// The old state after a success, and `undo` hours later (contracts.md K14).
#include <algorithm>

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using namespace std::chrono_literals;

class KeepUndoTest : public GuardTest {
 protected:
  Result migrate(const std::string& script, std::chrono::milliseconds keep = 1h) {
    Options options = psql(script);
    options.keep_undo = keep;
    return go(options);
  }
  Result take_back(const Result& run, OnForeignWrites writes = OnForeignWrites::Ask) {
    UndoOptions options = undo_options();
    options.reference = run.run;
    options.on_foreign_writes = writes;
    return undo(options, reporter, {});
  }
  // Where nobody wrote. Servers before 15 cannot tell, and say so once: there it has to be chosen.
  Result take_back_unwritten(const Result& run) {
    if (counts_sessions()) return take_back(run);
    const std::string text = refused(run).text();
    EXPECT_THAT(text, HasSubstr("does not count sessions exactly"));
    EXPECT_EQ(text.find("count sessions"), text.rfind("count sessions")) << text;
    return take_back(run, OnForeignWrites::Undo);
  }
  util::Error refused(const Result& run) {
    try {
      take_back(run);
    } catch (const util::Error& error) {
      return error;
    }
    return {util::Kind::Bug, "no error"};
  }
};

constexpr const char* kGood = "alter table members drop column email;";

TEST_F(KeepUndoTest, ASuccessIsTakenBackLater) {
  const std::string before = fingerprint();
  const Result run = migrate(kGood);
  ASSERT_EQ(run.outcome, Outcome::Done) << run.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("the old state is kept for 1 h")));
  EXPECT_EQ(runs().at(0).state, RunState::Released);
  EXPECT_NE(runs().at(0).undo_until, "");
  const Result back = take_back_unwritten(run);
  EXPECT_EQ(back.exit_code, 0) << back.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(runs().at(0).state, RunState::Undone);
  EXPECT_EQ(runs().at(0).undo_until, "");
  EXPECT_THAT(sides(), ElementsAre(back.kept));
}

TEST_F(KeepUndoTest, WhatOthersWroteSinceIsNotLostWithoutAWord) {
  const Result run = migrate(kGood);
  sql("insert into events values (9001, 1, '{}')");
  const util::Error error = refused(run);
  EXPECT_EQ(error.exit_code(), 6) << error.text();
  EXPECT_THAT(error.hint(), HasSubstr("--on-foreign-writes undo"));
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "1");
  EXPECT_EQ(runs().at(0).state, RunState::Released);

  const Result back = take_back(run, OnForeignWrites::Undo);
  EXPECT_EQ(back.exit_code, 0) << back.cause;
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "0");
  EXPECT_THAT(sides(), ElementsAre(back.kept)) << "what was written is in there";
}

TEST_F(KeepUndoTest, ANewerSuccessTakesThePlaceOfTheOlder) {
  const Result first = migrate(kGood);
  const std::string between = fingerprint();
  const Result second = migrate("alter table members add column phone text;");
  ASSERT_EQ(second.outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(sides(), SizeIs(1));
  EXPECT_EQ(refused(first).exit_code(), 2);
  EXPECT_EQ(take_back_unwritten(second).exit_code, 0) << reporter.all();
  EXPECT_EQ(fingerprint(), between);
}

TEST_F(KeepUndoTest, AFailureAfterwardsLeavesItAndOneFailedDatabase) {
  const Result good = migrate(kGood);
  const Result bad = migrate("insert into events values (1000, 1, '{}'); select 1/0;");
  EXPECT_EQ(bad.outcome, Outcome::Undone) << reporter.all();
  const Result worse = migrate("insert into events values (1001, 1, '{}'); select 1/0;");
  EXPECT_EQ(worse.outcome, Outcome::Undone) << reporter.all();
  EXPECT_THAT(sides(), SizeIs(2));
  EXPECT_THAT(sides(), Contains(worse.kept));
  EXPECT_EQ(take_back(good, OnForeignWrites::Undo).exit_code, 0) << reporter.all();
  EXPECT_EQ(value("select count(*) from pg_attribute where attrelid = 'members'::regclass and "
                  "attname = 'email'"),
            "1");
}

TEST_F(KeepUndoTest, AfterItsTimeItGoesAtTheNextRun) {
  const Result first = migrate(kGood, 1ms);
  ASSERT_THAT(sides(), SizeIs(1));
  EXPECT_EQ(migrate("select 1;", 0ms).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("its time for undo is over")));
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(KeepUndoTest, CloseDropsItAndTheMigrationStays) {
  const Result run = migrate(kGood);
  UndoOptions options = undo_options();
  options.reference = run.run;
  EXPECT_EQ(close(options, reporter, {}).exit_code, 0);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs().at(0).state, RunState::Released);
  EXPECT_EQ(runs().at(0).undo_until, "");
  EXPECT_EQ(refused(run).exit_code(), 2);
}

// Enough for the copy of this run, not for that of the next one as well.
TEST_F(KeepUndoTest, WithoutRoomForTheNextRunItIsNotKept) {
  Options options = psql(kGood);
  options.keep_undo = 1h;
  options.server_free =
      2 * *util::parse_u64(value("select pg_database_size(current_database())")) + (1U << 20U);
  ASSERT_EQ(go(options).outcome, Outcome::Done) << reporter.all();
  EXPECT_THAT(reporter.lines(), Contains(HasSubstr("the old state is not kept for undo")));
  EXPECT_THAT(sides(), IsEmpty());
}

}  // namespace
}  // namespace guard
