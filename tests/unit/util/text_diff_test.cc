#include "util/text_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "util/text.h"

namespace util {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(TextDiff, OfEqualTextsIsNothing) {
  EXPECT_THAT(diff_lines("", ""), IsEmpty());
  EXPECT_THAT(diff_lines("a\nb\n", "a\nb"), IsEmpty());
}

TEST(TextDiff, ShowsTheLinesThatDifferWithThoseAround) {
  EXPECT_THAT(diff_lines("1\n2\n3\n4\n5\n6", "1\n2\n3\nfour\n5\n6", 1),
              ElementsAre("@@ line 3 @@", "  3", "- 4", "+ four", "  5"));
  EXPECT_THAT(diff_lines("1\n2\n3\n4\n5\n6\n7", "0\n1\n2\n3\n4\n5\n6", 1),
              ElementsAre("@@ line 1 @@", "+ 0", "  1", "@@ line 6 @@", "  6", "- 7"));
}

TEST(TextDiff, OfOneTextIsAllOfIt) {
  EXPECT_THAT(diff_lines("", "a\nb"), ElementsAre("@@ line 1 @@", "+ a", "+ b"));
  EXPECT_THAT(diff_lines("a\nb\n", ""), ElementsAre("@@ line 1 @@", "- a", "- b"));
}

TEST(TextDiff, OfLongTextsIsToldAsReplaced) {
  std::string before, after;
  for (int n = 0; n < 3000; ++n) {
    before += cat("a", n, "\n");
    after += cat("b", n, "\n");
  }
  const std::vector<std::string> lines = diff_lines(before + "end", after + "end");
  ASSERT_EQ(lines.size(), 6002U);
  EXPECT_EQ(lines[1], "- a0");
  EXPECT_EQ(lines[6000], "+ b2999");
  EXPECT_EQ(lines[6001], "  end");
}

TEST(TextDiff, CannotForgeLinesOfAReport) {
  EXPECT_THAT(diff_lines("", "\ta\rb\x1b[2J"),
              ElementsAre("@@ line 1 @@", "+     a\\x0db\\x1b[2J"));
}

}  // namespace
}  // namespace util
