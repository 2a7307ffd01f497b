#include "guard/concurrently_watch.h"

#include <algorithm>
#include <utility>

#include "migrate/statements.h"

namespace guard {
namespace {

using namespace std::chrono_literals;

constexpr auto kBetweenLooks = 100ms;

}  // namespace

ConcurrentlyWatch::ConcurrentlyWatch(std::chrono::milliseconds limit, Cancel cancel)
    : limit_(limit), cancel_(std::move(cancel)) {
  if (limit_ > 0ms) thread_ = std::jthread([this](const std::stop_token& ended) { run(ended); });
}

void ConcurrentlyWatch::started(int backend_pid, std::string_view statement) {
  if (limit_ <= 0ms || !migrate::works_concurrently(statement)) return;
  const util::Lock hold(mutex_);
  running_[backend_pid] = Steady::now();
}

void ConcurrentlyWatch::finished(int backend_pid, std::string_view statement) {
  if (limit_ <= 0ms || !migrate::works_concurrently(statement)) return;
  const util::Lock hold(mutex_);
  running_.erase(backend_pid);
}

bool ConcurrentlyWatch::cancelled(int backend_pid) const {
  const util::Lock hold(mutex_);
  return cancelled_.contains(backend_pid);
}

void ConcurrentlyWatch::stop() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
}

std::optional<int> ConcurrentlyWatch::late() const {
  const auto now = Steady::now();
  const auto found = std::find_if(running_.begin(), running_.end(), [&](const auto& running) {
    return now - running.second >= limit_;
  });
  return found == running_.end() ? std::nullopt : std::optional(found->first);
}

void ConcurrentlyWatch::run(const std::stop_token& ended) {
  const util::Lock hold(mutex_);
  while (!ended.stop_requested()) {
    const std::optional<int> pid = late();
    if (!pid) {
      changed_.wait_for(mutex_, kBetweenLooks);
      continue;
    }
    running_.erase(*pid);
    cancelled_.insert(*pid);
    cancel_(*pid);  // with the mutex: its end is not told to its client meanwhile
  }
}

}  // namespace guard
