#include "guard/hold_mark.h"

#include <gtest/gtest.h>

#include <string>

#include "guard/run_mark.h"

namespace guard {
namespace {

constexpr const char* kRun = "pgbelay run 2026-11-20_143050_x, host:/dir, with; commas";
constexpr const char* kOwn[] = {"the shop",          "a; b, c", "; ", "pgbelay is used here",
                                "pgbelay run twice", ""};

TEST(HoldMarkText, S18IsTakenOffACommentThatIsItselfAnything) {
  const HoldMark hold{.database = "app", .previous = "off", .held = "app__held_1"};
  for (const std::string own : kOwn) {
    for (const std::string begun : {"", "; migration begun"}) {
      const std::string marked = behind_own_comment(own, kRun + begun + hold_mark(hold));
      EXPECT_EQ(own_comment(marked), own);
      const auto mark = parse_run_mark(marked);
      ASSERT_TRUE(mark) << marked;
      EXPECT_EQ(mark->run, "2026-11-20_143050_x");
      EXPECT_EQ(mark->where, "host:/dir, with; commas");
      EXPECT_EQ(mark->begun, begun.empty() ? Begun::No : Begun::Yes);
      ASSERT_TRUE(mark->hold);
      EXPECT_EQ(mark->hold->database, "app");
      EXPECT_EQ(mark->hold->previous, "off");
      EXPECT_EQ(mark->hold->held, "app__held_1");
    }
  }
}

TEST(HoldMarkText, LeavesACopyWhatItsRunSaidBefore) {
  const HoldMark hold{.database = "app", .previous = std::nullopt};
  for (const std::string run : {kRun, "pgbelay run x, host:/dir; migration begun"})
    EXPECT_EQ(without_hold_mark(run + hold_mark(hold)), run);
}

TEST(HoldMarkText, WithoutAMarkACommentIsAsItIs) {
  for (const std::string own : kOwn) {
    EXPECT_EQ(own_comment(own), own);
    EXPECT_EQ(without_hold_mark(own), own);
    EXPECT_FALSE(parse_run_mark(own));
    EXPECT_FALSE(parse_run_mark(behind_own_comment(own, "pgbelay runs"))) << own;
  }
  EXPECT_EQ(own_comment(kRun), kRun);
}

}  // namespace
}  // namespace guard
