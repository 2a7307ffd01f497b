#include "guard/marks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guard {
namespace {

pg::ChangeCounters counters(std::map<std::pair<std::string, std::string>, std::string> tables) {
  return {.exact = true, .stats_reset = "then", .tables = std::move(tables)};
}

TEST(ChangedRelations, NamesWhatChangedCameAndWent) {
  const auto changed = changed_relations(
      counters({{{"a", "same"}, "1/0/0/0"}, {{"a", "more"}, "2/0/0/0"}, {{"a", "gone"}, "3"}}),
      counters({{{"a", "same"}, "1/0/0/0"}, {{"a", "more"}, "2/1/0/0"}, {{"a", "new"}, "4"}}));
  ASSERT_TRUE(changed);
  std::vector<std::string> names;
  for (const pg::QualifiedName& name : *changed) names.push_back(name.name);
  EXPECT_THAT(names, testing::UnorderedElementsAre("more", "new", "gone"));
}

// S10's conditions: counters prove nothing after a reset, nor where they may be lost.
TEST(ChangedRelations, ProveNothingAfterAResetOrWhereTheyAreNotExact) {
  pg::ChangeCounters reset = counters({});
  reset.stats_reset = "later";
  EXPECT_FALSE(changed_relations(counters({}), reset));
  pg::ChangeCounters vague = counters({});
  vague.exact = false;
  EXPECT_FALSE(changed_relations(vague, counters({})));
}

}  // namespace
}  // namespace guard
