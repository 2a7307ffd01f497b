// What several threads find, in an order that does not depend on them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/evidence.h"
#include "util/mutex.h"

namespace backup {

class Findings {
 public:
  void add(archive::Finding finding);
  bool any() const;
  // By file, table, piece; at most 1000, and how many more there are.
  std::vector<archive::Finding> take();

 private:
  mutable util::Mutex mutex_;
  std::vector<archive::Finding> found_ PGBELAY_GUARDED_BY(mutex_);
};

// Runs `jobs` on `threads` threads (0: as many as cores), in their order. A Kind::Damage of a job
// becomes a finding in the file it names; other failures end all.
struct Job {
  std::string file;
  std::string table;
  std::uint64_t bytes = 0;  // for progress
  std::function<void()> work;
};
void run_jobs(std::vector<Job> jobs, std::size_t threads, Findings& findings,
              const std::function<void(std::uint64_t done, std::uint64_t total)>& progress,
              const std::stop_token& stop);

}  // namespace backup
