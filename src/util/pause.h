// A pause that a stop ends.
#pragma once

#include <chrono>
#include <stop_token>

namespace util {

// True if all of `time` went by; false if a stop was asked for before or meanwhile.
bool pause(std::chrono::milliseconds time, const std::stop_token& stop);

}  // namespace util
