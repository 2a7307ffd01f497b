#include "util/throttle.h"

#include <gtest/gtest.h>

namespace util {
namespace {

using std::chrono::milliseconds;

constexpr Throttle::Time kStart{std::chrono::hours(1)};

TEST(Throttle, SpreadsBytesOverTime) {
  Throttle throttle(1000);
  EXPECT_EQ(throttle.admit(100, kStart), kStart) << "a tenth of a second is in hand";
  EXPECT_EQ(throttle.admit(500, kStart), kStart + milliseconds(500));
  EXPECT_EQ(throttle.admit(500, kStart), kStart + milliseconds(1000));
  EXPECT_EQ(throttle.admit(500, kStart + milliseconds(10000)), kStart + milliseconds(10400))
      << "what was not used is lost";
}

TEST(Throttle, NoLimit) {
  Throttle throttle(0);
  EXPECT_EQ(throttle.admit(1U << 30U, kStart), kStart);
  EXPECT_EQ(throttle.admit(1U << 30U, kStart), kStart);
}

TEST(Throttle, AStopEndsTheWait) {
  Throttle throttle(1);
  std::stop_source stop;
  stop.request_stop();
  throttle.take(1'000'000, stop.get_token());  // would be 11 days
}

}  // namespace
}  // namespace util
