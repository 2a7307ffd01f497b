#include "util/priority.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace util {

// On Linux a thread has a priority of its own, and the disk's follows it where none was set.
void lower_priority(int by) {
  const auto thread = static_cast<id_t>(::gettid());
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, thread);
  if (now == -1 && errno != 0) return;
  // Lowering needs no privilege, and nothing depends on it.
  ::setpriority(PRIO_PROCESS, thread, std::min(now + by, kLowestPriority));
}

}  // namespace util
