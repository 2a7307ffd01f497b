#include "util/throttle.h"

#include <algorithm>

namespace util {
namespace {

constexpr std::chrono::milliseconds kUnused{100};

std::chrono::nanoseconds time_for(std::uint64_t bytes, std::uint64_t rate) {
  const std::chrono::duration<double> seconds(static_cast<double>(bytes) /
                                              static_cast<double>(rate));
  return std::chrono::duration_cast<std::chrono::nanoseconds>(seconds);
}

}  // namespace

Throttle::Time Throttle::admit(std::uint64_t bytes, Time now) {
  if (rate_ == 0) return now;
  const Lock lock(mutex_);
  next_ = std::max(next_, now - kUnused) + time_for(bytes, rate_);
  return std::max(next_, now);
}

void Throttle::take(std::uint64_t bytes, const std::stop_token& stop) {
  const Time until = admit(bytes, std::chrono::steady_clock::now());
  Mutex mutex;
  Condition stopped;
  const std::stop_callback wake(stop, [&] {
    const Lock lock(mutex);
    stopped.notify_all();
  });
  const Lock lock(mutex);
  while (!stop.stop_requested()) {
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= Time::duration::zero()) return;
    stopped.wait_for(mutex, std::chrono::duration_cast<std::chrono::milliseconds>(left) +
                                std::chrono::milliseconds(1));
  }
}

}  // namespace util
