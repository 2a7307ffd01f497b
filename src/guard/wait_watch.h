// Watches how many sessions wait for the migration while it runs on the live database, and stops it
// when too many have been waiting for too long: a migration that queues up a whole application is
// undone before the application falls over.
//
// Threads: its own one, with a connection of its own; a lost connection only ends the watching.
#pragma once

#include <chrono>
#include <cstddef>
#include <stop_token>
#include <string>
#include <thread>

#include "guard/ledger.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "util/mutex.h"

namespace guard {

class WaitWatch {
 public:
  // Nothing is watched where options.max_waiting is 0 or max_wait is.
  WaitWatch(const RunContext& context, const Options& options, const SessionLedger& ledger,
            std::stop_token outer);
  ~WaitWatch();
  WaitWatch(const WaitWatch&) = delete;
  WaitWatch& operator=(const WaitWatch&) = delete;

  // Stopped by the outer one, or by the watch.
  std::stop_token token() const { return stop_.get_token(); }
  // Why the watch stopped it; empty if it did not.
  std::string reason() const;

 private:
  struct Forward {
    std::stop_source* stop;
    void operator()() const noexcept { stop->request_stop(); }
  };

  void run(const std::stop_token& ended);

  const RunContext& context_;
  const Options& options_;
  const SessionLedger& ledger_;
  std::stop_source stop_;
  std::stop_callback<Forward> forward_;
  mutable util::Mutex mutex_;
  std::string reason_ PGBELAY_GUARDED_BY(mutex_);
  std::jthread thread_;  // last
};

// What a lock of the migration would have to wait for, a line each: transactions that are open for
// a while, other dumps, prepared transactions, a vacuum against wraparound, which does not give
// way.
std::vector<std::string> lock_blockers(pg::Connection& maintenance, const std::string& database,
                                       const IsOwn& is_own);

}  // namespace guard
