// The priority of work that may take its time.
#pragma once

namespace util {

constexpr int kLowestPriority = 19;  // as of nice(1)

// Lowers that of the calling thread by so much (1 … 19), and with it that of all threads and
// processes that it starts, for the processor and for the disk. It cannot be raised again.
void lower_priority(int by);

}  // namespace util
