// Looks whether pg_dump waits for a lock that it will never get.
#pragma once

#include <atomic>
#include <stop_token>
#include <string>
#include <thread>

#include "dump/snapshot.h"
#include "util/mutex.h"

namespace dump {

// As long as it lives, asks every second whether a session of `application_name` waits for a lock.
// Our own readers wait for a moment at most, so one that waits for seconds is pg_dump, behind
// somebody who waits for the snapshot's locks or holds what it wants while he does. Its token then
// has a stop requested; it has one, too, when `outer` has.
class LockWatch {
 public:
  LockWatch(Snapshot& snapshot, const std::string& application_name, const std::stop_token& outer);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  std::stop_token token() const noexcept { return give_up_.get_token(); }
  bool stuck() const noexcept { return stuck_; }

 private:
  void watch(const std::stop_token& stop);

  Snapshot& snapshot_;
  std::string application_name_;
  std::stop_source give_up_;
  std::stop_callback<std::function<void()>> chained_;
  std::atomic<bool> stuck_{false};
  util::Mutex mutex_;
  util::Condition ended_;
  std::jthread thread_;
};

}  // namespace dump
