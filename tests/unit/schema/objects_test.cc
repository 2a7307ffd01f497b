#include "schema/objects.h"

#include <gmock/gmock.h>

namespace schema {
namespace {

TEST(CompareObjects, EqualListsDiffInNothing) {
  const std::vector<Object> objects{{"index", "public.i"}, {"table", "public.t"}};
  EXPECT_TRUE(compare(objects, objects).empty());
}

TEST(CompareObjects, TellsWhatIsMissingAndWhatIsAdditional) {
  const std::vector<Difference> found = compare({{"index", "public.i"}, {"table", "public.t"}},
                                                {{"table", "public.t"}, {"view", "public.v"}});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].what, Difference::What::Missing);
  EXPECT_EQ(found[0].object.identity, "public.i");
  EXPECT_FALSE(found[0].accepted);
  EXPECT_EQ(found[1].what, Difference::What::Additional);
  EXPECT_EQ(found[1].object.identity, "public.v");
  EXPECT_FALSE(found[1].accepted);
}

// S13: the closed list of what no restore brings back; F8: subscriptions are not restored on
// purpose.
TEST(CompareObjects, AcceptsOnlyTheLossesOfTheClosedList) {
  const std::vector<Difference> lost = compare(
      {{"index (invalid)", "public.i"}, {"subscription", "s"}, {"trigger", "t on public.t"}}, {});
  ASSERT_EQ(lost.size(), 3U);
  EXPECT_TRUE(lost[0].accepted);
  EXPECT_TRUE(lost[1].accepted);
  EXPECT_FALSE(lost[2].accepted);
}

// An invalid index that the copy has and the source has not is a difference like any other.
TEST(CompareObjects, AcceptsNothingThatIsAdditional) {
  const std::vector<Difference> found = compare({}, {{"index (invalid)", "public.i"}});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_FALSE(found[0].accepted);
}

}  // namespace
}  // namespace schema
