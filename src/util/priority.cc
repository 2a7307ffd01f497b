#include "util/priority.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "util/workers.h"

namespace util {
namespace {

// On Linux a thread has a priority of its own, and the disk's follows it where none was set. It
// cannot be raised again.
void lower_priority(int by) {
  const auto thread = static_cast<id_t>(::gettid());
  errno = 0;
  const int now = ::getpriority(PRIO_PROCESS, thread);
  if (now == -1 && errno != 0) return;
  // Lowering needs no privilege, and nothing depends on it.
  ::setpriority(PRIO_PROCESS, thread, std::min(now + by, kLowestPriority));
}

}  // namespace

void at_lower_priority(int by, std::stop_token stop,
                       const std::function<void(const std::stop_token&)>& work) {
  if (by == 0) return work(stop);
  run_workers(1, std::move(stop), [&](std::size_t, const std::stop_token& ended) {
    lower_priority(by);
    work(ended);
  });
}

}  // namespace util
