#include "extract/in_order.h"

#include <gtest/gtest.h>

#include <atomic>
#include <stdexcept>

#include "util/workers.h"

namespace extract {
namespace {

TEST(InOrder, NumbersLeaveInTheirOrderWhateverOrderTheyComeIn) {
  constexpr std::size_t kCount = 2000;
  std::vector<std::size_t> out;
  InOrder<std::size_t> order(5, [&out](std::size_t number) { out.push_back(number); });
  std::atomic<std::size_t> next{0};
  util::run_workers(4, {}, [&](std::size_t, const std::stop_token& stop) {
    for (std::size_t n = next++; n < kCount; n = next++) order.put(n, n, stop);
  });
  ASSERT_EQ(out.size(), kCount);
  for (std::size_t n = 0; n < kCount; ++n) EXPECT_EQ(out[n], n);
}

TEST(InOrder, FailureOfTheReceiverEndsAllWhoWait) {
  std::size_t received = 0;
  InOrder<int> order(2, [&received](int) {
    if (++received == 3) throw std::runtime_error("full");
  });
  std::atomic<std::size_t> next{0};
  const auto work = [&](std::size_t, const std::stop_token& stop) {
    for (std::size_t n = next++; n < 1000 && !stop.stop_requested(); n = next++)
      order.put(n, 0, stop);
  };
  EXPECT_THROW(util::run_workers(4, {}, work), std::runtime_error);
  EXPECT_EQ(received, 3U) << "nothing is handed on after a failure";
}

}  // namespace
}  // namespace extract
