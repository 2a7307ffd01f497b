// A limit on bytes per second that several threads keep together.
//
// Threads: from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>

#include "util/mutex.h"

namespace util {

class Throttle {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // 0 bytes per second: no limit.
  explicit Throttle(std::uint64_t bytes_per_second) : rate_(bytes_per_second) {}

  // Waits until `bytes` more are allowed, or a stop is asked for. What was not used before is lost
  // but for a tenth of a second.
  void take(std::uint64_t bytes, const std::stop_token& stop);

  // When whoever comes at `now` with `bytes` may go on.
  Time admit(std::uint64_t bytes, Time now);

 private:
  const std::uint64_t rate_;
  Mutex mutex_;
  Time next_ PGBELAY_GUARDED_BY(mutex_) = Time::min();
};

}  // namespace util
