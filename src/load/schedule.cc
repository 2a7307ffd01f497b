#include "load/schedule.h"

#include <algorithm>
#include <limits>

namespace load {

Schedule::Schedule(const std::vector<Task>& tasks) : tasks_(tasks), dependents_(tasks.size()) {
  const util::Lock lock(mutex_);
  for (std::size_t n = 0; n < tasks.size(); ++n) {
    for (const std::size_t before : tasks[n].waits_for) dependents_[before].push_back(n);
    open_.push_back(tasks[n].waits_for.size());
    waiting_.insert(n);
    if (open_[n] == 0) ready_.insert({rank(n), n});
  }
}

Schedule::Rank Schedule::rank(std::size_t task) const {
  return {tasks_[task].work == Work::Inspect,
          std::numeric_limits<std::uint64_t>::max() - tasks_[task].weight,
          tasks_[task].entry->dump_id};
}

std::optional<std::size_t> Schedule::pick() {
  for (const auto& [order, task] : ready_) {
    const bool free =
        std::none_of(running_.begin(), running_.end(), [&, candidate = task](const auto& other) {
          return other.first != candidate && conflict(tasks_[candidate], tasks_[other.first]);
        });
    if (free) return task;
  }
  // Nothing is ready and nothing runs that could change it: a circle.
  if (running_.empty() && !waiting_.empty()) return *waiting_.begin();
  return std::nullopt;
}

std::optional<std::size_t> Schedule::next(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const util::Lock lock(mutex_);
    changed_.notify_all();
  });
  const util::Lock lock(mutex_);
  while (!stop.stop_requested() && (!waiting_.empty() || !ready_.empty())) {
    if (const std::optional<std::size_t> task = pick()) {
      waiting_.erase(*task);
      if (++running_[*task] >= tasks_[*task].team) ready_.erase({rank(*task), *task});
      return task;
    }
    changed_.wait(mutex_);
  }
  return std::nullopt;
}

void Schedule::finished(std::size_t task) {
  const util::Lock lock(mutex_);
  ready_.erase({rank(task), task});  // whoever joins a team now comes too late
  if (--running_[task] > 0) return;
  running_.erase(task);
  for (const std::size_t dependent : dependents_[task]) {
    if (--open_[dependent] == 0 && waiting_.contains(dependent))
      ready_.insert({rank(dependent), dependent});
  }
  changed_.notify_all();
}

}  // namespace load
