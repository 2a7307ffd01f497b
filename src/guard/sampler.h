// Watches from a second session what the migration's sessions lock in the clone, and how large the
// clone gets (architecture.md §5).
//
// A lock's times are bounds: it was taken after `after` and had been let go before `before`; the
// statement log makes them exact where it can (measured_locks). Locks of a transaction are complete
// when look() is called before its COMMIT goes through; those of a statement outside of a
// transaction can be missed if it is over within about a millisecond.
//
// Threads: its own one; hurry() and look() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "guard/rehearsal_report.h"
#include "pg/connection.h"
#include "tap/tap.h"
#include "util/clock.h"
#include "util/mutex.h"

namespace guard {

struct SampledLock {
  int pid = 0;
  std::uint32_t relation = 0;
  std::string mode;  // AccessExclusiveLock
  util::Clock::time_point after, first_seen, last_seen, before;
};

struct SamplerOptions {
  pg::Connection& control;  // to another database; used by the sampler alone while it lives
  std::uint32_t database = 0;
  std::function<std::vector<int>()> pids;
};

class Sampler {
 public:
  explicit Sampler(const SamplerOptions& options);
  ~Sampler();
  Sampler(const Sampler&) = delete;
  Sampler& operator=(const Sampler&) = delete;

  void hurry();  // a statement that may lock begins: look more often for a moment
  void look();   // now
  void stop();   // ends the thread; a lost connection only ends the looking

  std::vector<SampledLock> locks() const;  // those that are over, and all after stop()
  std::uint64_t peak_bytes() const;        // of the database
  bool complete() const;                   // it could look all the time

 private:
  using Key = std::tuple<int, std::uint32_t, std::string>;

  void run(const std::stop_token& stop);
  void look_locked() PGBELAY_REQUIRES(mutex_);
  void measure_locked() PGBELAY_REQUIRES(mutex_);

  const SamplerOptions options_;
  mutable util::Mutex mutex_;
  util::Condition woken_;
  std::map<Key, SampledLock> open_ PGBELAY_GUARDED_BY(mutex_);
  std::vector<SampledLock> over_ PGBELAY_GUARDED_BY(mutex_);
  util::Clock::time_point last_look_ PGBELAY_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point hurry_until_ PGBELAY_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point next_size_ PGBELAY_GUARDED_BY(mutex_);
  std::uint64_t peak_bytes_ PGBELAY_GUARDED_BY(mutex_) = 0;
  bool complete_ PGBELAY_GUARDED_BY(mutex_) = true;
  bool stopping_ PGBELAY_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last
};

// Whether a statement may take a lock that keeps others out: not worth hurrying for an INSERT.
bool may_lock(std::string_view statement);
// Whether it ends a transaction, with all its locks.
bool ends_transaction(std::string_view statement);

// Locks with the names of `relations` (others are new, so nobody waits for them), their times made
// exact by the statements: taken by the first that ran then, let go with the last that ended. Only
// modes that keep others from more than reading and writing; the longest first, of equals (a
// statement may take several at once) the strongest.
std::vector<HeldLock> measured_locks(const std::vector<SampledLock>& sampled,
                                     const std::vector<RehearsedStatement>& statements,
                                     const std::map<std::uint32_t, std::string>& relations);

}  // namespace guard
