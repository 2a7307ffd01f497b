// Hands the tasks of a plan to workers: what is ready, largest first and inspections last, nothing
// beside a task it conflicts with.
//
// Threads: every method from any. The tasks must outlive it.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <tuple>
#include <utility>
#include <vector>

#include "load/plan.h"
#include "util/mutex.h"

namespace load {

class Schedule {
 public:
  explicit Schedule(const std::vector<Task>& tasks);

  // The next task to run, waiting until there is one. Nothing when all have begun, or a stop was
  // asked for. A team's task is given out several times, until one of the team has finished. Tasks
  // that wait for one another in a circle come at the end, in the order of the archive.
  std::optional<std::size_t> next(const std::stop_token& stop);
  void finished(std::size_t task);  // once for each time it was given out

 private:
  // An inspection, the weight's complement, dump id: ascending is the order of starting.
  using Rank = std::tuple<bool, std::uint64_t, int>;

  std::optional<std::size_t> pick() PGBELAY_REQUIRES(mutex_);
  Rank rank(std::size_t task) const;

  const std::vector<Task>& tasks_;
  std::vector<std::vector<std::size_t>> dependents_;
  util::Mutex mutex_;
  util::Condition changed_;
  std::vector<std::size_t> open_ PGBELAY_GUARDED_BY(mutex_);  // how many each still waits for
  std::set<std::pair<Rank, std::size_t>> ready_ PGBELAY_GUARDED_BY(mutex_);
  std::set<std::size_t> waiting_ PGBELAY_GUARDED_BY(mutex_);  // not begun, ready or not
  std::map<std::size_t, std::size_t> running_
      PGBELAY_GUARDED_BY(mutex_);  // task -> how many work on it
};

}  // namespace load
