#include "guard/run_mark.h"

#include <gtest/gtest.h>

#include "util/text.h"

namespace guard {
namespace {

constexpr const char* kPlain =
    "pgbelay run 2026-11-20_143050_add-quotas, ci-7:/srv/app, the backups";

TEST(RunMark, S18NamesTheRunAndItsFolder) {
  const auto mark = parse_run_mark(kPlain);
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->run, "2026-11-20_143050_add-quotas");
  EXPECT_EQ(mark->where, "ci-7:/srv/app, the backups");
  EXPECT_FALSE(mark->unfinished());
}

TEST(RunMark, S18TellsThatTheMigrationHadBegun) {
  const auto mark = parse_run_mark(util::cat(kPlain, "; migration begun"));
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->begun, Begun::Yes);
  EXPECT_EQ(mark->where, "ci-7:/srv/app, the backups");
  EXPECT_TRUE(mark->unfinished());
}

TEST(RunMark, S18TellsOfAHoldBeforeAndAfterTheBeginning) {
  const HoldMark hold{.database = "app", .previous = std::nullopt, .held = "app__held_1"};
  for (const std::string begun : {"", "; migration begun"}) {
    const auto mark = parse_run_mark(util::cat(kPlain, begun, hold_mark(hold)));
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->begun, begun.empty() ? Begun::No : Begun::Yes);
    EXPECT_EQ(mark->where, "ci-7:/srv/app, the backups");
    ASSERT_TRUE(mark->hold);
    EXPECT_EQ(mark->hold->held, "app__held_1");
    EXPECT_TRUE(mark->unfinished());
  }
}

TEST(RunMark, IsNothingInAForeignComment) {
  EXPECT_FALSE(parse_run_mark(""));
  EXPECT_FALSE(parse_run_mark("the proof of concept; migration begun"));
  EXPECT_FALSE(parse_run_mark("pgbelay run "));
}

}  // namespace
}  // namespace guard
