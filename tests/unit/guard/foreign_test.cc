#include "guard/foreign.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Sighting counted(std::uint64_t sessions) { return {.sessions = sessions, .stats_reset = "then"}; }

TEST(Judge, F5_SaysNobodyWhenOnlyOurSessionsWereOpened) {
  EXPECT_TRUE(judge(counted(10), counted(14), 4).none());
}

TEST(Judge, F5_FindsASessionThatCameAndWent) {
  EXPECT_THAT(judge(counted(10), counted(15), 4).reasons,
              ElementsAre(HasSubstr("1 session of others")));
}

TEST(Judge, F5_CountsWhoWasThereAtTheSnapshotAndLeft) {
  Sighting before = counted(10);
  before.clients = {{.identity = {}, .line = "pid 7, app"}};
  EXPECT_THAT(judge(before, counted(12), 2).reasons,
              ElementsAre(HasSubstr("was connected before: pid 7")));
}

TEST(Judge, F5_DecidesNothingWithAWorkerThatIsNotCounted) {
  Sighting now = counted(10);
  now.workers = {"logical replication worker, pid 9"};
  EXPECT_FALSE(judge(counted(10), now, 0).none());
}

TEST(Judge, F5_DecidesNothingWithASubscription) {
  Sighting now = counted(10);
  now.subscriptions = 1;
  EXPECT_FALSE(judge(counted(10), now, 0).none());
}

TEST(Judge, F5_DecidesNothingWhenTheCounterWentBackOrWasReset) {
  EXPECT_THAT(judge(counted(10), counted(3), 0).reasons, ElementsAre(HasSubstr("reset")));
  Sighting now = counted(12);
  now.stats_reset = "later";
  EXPECT_THAT(judge(counted(10), now, 2).reasons, ElementsAre(HasSubstr("reset")));
}

// The counter of the database may be what it would have been, and its reset is not told.
TEST(Judge, F5_DecidesNothingAfterACrashOfTheServer) {
  Sighting before = counted(10);
  Sighting now = counted(14);
  before.server_started = "1/1";
  now.server_started = "2/1";
  EXPECT_THAT(judge(before, now, 4).reasons, ElementsAre(HasSubstr("crashed")));
  now.server_started = before.server_started;
  EXPECT_TRUE(judge(before, now, 4).none());
}

// A login that was refused, or a pooler, would make us subtract too much and hide a stranger.
TEST(Judge, F5_DecidesNothingWhenTheServerCountedFewerThanOurs) {
  EXPECT_THAT(judge(counted(10), counted(11), 2).reasons, ElementsAre(HasSubstr("1 of our 2")));
}

TEST(Judge, F5_DecidesNothingWithoutAnExactCounter) {
  EXPECT_FALSE(judge(Sighting{}, Sighting{}, 0).none());
}

}  // namespace
}  // namespace guard
