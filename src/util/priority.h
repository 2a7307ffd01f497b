// The priority of work that may take its time.
#pragma once

#include <functional>
#include <stop_token>

namespace util {

constexpr int kLowestPriority = 19;  // as of nice(1)

// Does `work` in a thread whose priority is lower by so much (1 … 19), and with it that of all
// threads and processes that it starts, for the processor and for the disk. 0: in the caller's.
// What it throws comes through; the caller has the old priority afterwards.
void at_lower_priority(int by, std::stop_token stop,
                       const std::function<void(const std::stop_token& stop)>& work);

}  // namespace util
