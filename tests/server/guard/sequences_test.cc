// Positions of sequences after an undo (postgres-hazards.md M7).

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::Not;

class SequencesTest : public GuardTest, public testing::WithParamInterface<Undo> {
 protected:
  Options chosen(Options options) {
    options.undo = GetParam();
    if (options.undo == Undo::Replace) options.proof = archive::Level::ReadBack;
    return options;
  }
  // Others draw 20 numbers of a run that is left as it is.
  void leave_with_numbers_drawn(Sequences told) {
    Options options = chosen(psql(kBreaks));
    options.hold = Hold::None;
    options.on_foreign_writes = OnForeignWrites::Ask;
    options.sequences = told;
    {
      pg::Connection other = busy();
      EXPECT_EQ(go(options).exit_code, 4) << reporter.all();
      other.execute("select nextval('members_id_seq') from generate_series(1, 20); commit");
    }
    wait_alone();
  }
  void take_back(std::optional<Sequences> asked) {
    UndoOptions forced = undo_options();
    forced.on_foreign_writes = OnForeignWrites::Undo;
    forced.sequences = asked;
    const Result result = undo(forced, reporter, {});
    ASSERT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
  }
};

TEST_P(SequencesTest, M7_WhatOthersMayHaveDrawnIsNotDrawnAgain) {
  sql("create sequence down increment -2 start 100 maxvalue 100 minvalue 0; create sequence "
      "changed");
  Options options = chosen(psql(util::cat("alter sequence changed increment 5;\n", kBreaks)));
  options.hold = Hold::None;
  options.on_foreign_writes = OnForeignWrites::Ask;
  {
    pg::Connection other = busy();
    EXPECT_EQ(go(options).exit_code, 4) << reporter.all();
    other.execute(
        "select nextval('members_id_seq') from generate_series(1, 20); select nextval('down'), "
        "nextval('down'), nextval('changed'); commit");
  }
  wait_alone();
  UndoOptions forced = undo_options();
  forced.on_foreign_writes = OnForeignWrites::Undo;
  const Result result = undo(forced, reporter, {});
  ASSERT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select nextval('members_id_seq')"), "521");
  EXPECT_EQ(value("select nextval('down')"), "96");
  EXPECT_EQ(value("select nextval('changed')"), "1") << "it was another sequence";
  EXPECT_THAT(reporter.all(), HasSubstr("sequence public.members_id_seq goes on from 520"));
  EXPECT_THAT(reporter.all(), Not(HasSubstr("the copy is made from the backup now")));
}

TEST_P(SequencesTest, M7_WhatTheMigrationAloneDrewGoesWithIt) {
  const Result result =
      go(chosen(psql("insert into members (name) values ('new'); select nonsense;")));
  ASSERT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  // Where nobody can know that it drew alone, what it drew is not drawn again.
  EXPECT_EQ(value("select nextval('members_id_seq')"), counts_sessions() ? "501" : "502");
}

TEST_P(SequencesTest, M7_ExactPutsThemBackAsTheRunWasTold) {
  leave_with_numbers_drawn(Sequences::Exact);
  take_back(std::nullopt);
  EXPECT_EQ(value("select nextval('members_id_seq')"), "501");
  EXPECT_THAT(reporter.all(),
              HasSubstr("sequence public.members_id_seq is back at 500 (--sequences exact; it had "
                        "come to 520)"));
  EXPECT_THAT(reporter.all(), Not(HasSubstr("goes on from")));
}

TEST_P(SequencesTest, M7_WhatTheUndoIsToldWins) {
  leave_with_numbers_drawn(Sequences::Exact);
  take_back(Sequences::Further);
  EXPECT_EQ(value("select nextval('members_id_seq')"), "521");
}

// What the migration did to the catalogue must not keep the old state from coming back.
TEST_F(GuardTest, M7_AFailedStateThatCannotBeReadIsUndoneAllTheSame) {
  const std::string before = fingerprint();
  Options options = psql(
      "set allow_system_table_mods = on; create table t (i int default answer());"
      "delete from pg_proc where proname = 'answer'; select nextval('members_id_seq'); select "
      "nonsense;");
  options.hold = Hold::None;
  options.on_foreign_writes = OnForeignWrites::Undo;
  const pg::Connection other = busy();
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.all(), HasSubstr("sequences stay where the backup found them"));
}

INSTANTIATE_TEST_SUITE_P(Strategies, SequencesTest, testing::Values(Undo::Swap, Undo::Replace),
                         [](const testing::TestParamInfo<Undo>& of) {
                           return of.param == Undo::Swap ? "swap" : "replace";
                         });

}  // namespace
}  // namespace guard
