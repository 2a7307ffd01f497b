#include "verify/differences.h"

#include <gtest/gtest.h>

namespace verify {
namespace {

// S13: the order of the items and the default spelled out are no difference.
TEST(Acl, S13_TheSameInOtherWords) {
  EXPECT_TRUE(same_acl("a", "", ""));
  EXPECT_TRUE(same_acl("a", "{a=rw/a,=r/a}", "{=r/a,a=rw/a}"));
  EXPECT_TRUE(same_acl("a", "", "{a=rw/a}"));
  EXPECT_TRUE(same_acl("a", "{a=rw/a}", ""));
  EXPECT_TRUE(same_acl("A, b", "", R"({"\"A, b\"=rw/\"A, b\""})"));
}

TEST(Acl, OtherRightsAreADifference) {
  EXPECT_FALSE(same_acl("a", "", "{a=rw/a,=r/a}"));
  EXPECT_FALSE(same_acl("a", "{a=rw/a}", "{a=r/a}"));
  EXPECT_FALSE(same_acl("a", "", "{b=rw/b}"));
  EXPECT_FALSE(same_acl("a", "{}", ""));
}

}  // namespace
}  // namespace verify
