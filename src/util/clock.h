// Time as people and files want it: UTC, RFC 3339, and the names made of it (contracts.md K5).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace util {

using Clock = std::chrono::system_clock;
using Seconds = std::chrono::duration<double>;

// Where "now" comes from; a test gives its own.
using Now = std::function<Clock::time_point()>;

std::string rfc3339(Clock::time_point when);                            // 2026-11-20T14:30:52.123Z
std::optional<Clock::time_point> parse_rfc3339(std::string_view text);  // UTC only
std::string name_time(Clock::time_point when);                          // 2026-11-20_143052
std::string key_time(Clock::time_point when);                           // 20261120143052

// Measures one thing.
class Stopwatch {
 public:
  Seconds elapsed() const { return std::chrono::steady_clock::now() - start_; }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace util
