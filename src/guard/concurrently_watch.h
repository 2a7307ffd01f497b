// The time limit of what a command builds with CONCURRENTLY (--concurrently-timeout). Our own
// runner asks the server for it; in a session of the command nothing of ours is executed, so its
// statement is cancelled from here.
//
// Threads: its own one; every method may be called from any.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <thread>

#include "util/mutex.h"

namespace guard {

class ConcurrentlyWatch {
 public:
  using Cancel = std::function<void(int backend_pid)>;  // waits until it has been asked for

  ConcurrentlyWatch(std::chrono::milliseconds limit, Cancel cancel);  // 0: nothing is watched
  ConcurrentlyWatch(const ConcurrentlyWatch&) = delete;
  ConcurrentlyWatch& operator=(const ConcurrentlyWatch&) = delete;

  // Of a session, before the statement goes through, and before its client hears of its end: so
  // what is cancelled is never the one behind it. Statements that are no such are not looked at.
  void started(int backend_pid, std::string_view statement);
  void finished(int backend_pid, std::string_view statement);

  bool cancelled(int backend_pid) const;  // a statement of this session
  void stop();                            // from here on nothing is cancelled

 private:
  using Steady = std::chrono::steady_clock;

  void run(const std::stop_token& ended);
  std::optional<int> late() const PGBELAY_REQUIRES(mutex_);

  const std::chrono::milliseconds limit_;
  const Cancel cancel_;
  mutable util::Mutex mutex_;
  util::Condition changed_;
  std::map<int, Steady::time_point> running_ PGBELAY_GUARDED_BY(mutex_);
  std::set<int> cancelled_ PGBELAY_GUARDED_BY(mutex_);
  std::jthread thread_;  // last
};

}  // namespace guard
