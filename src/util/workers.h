// Threads that stop together and report the first cause.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <stop_token>

#include "util/mutex.h"

namespace util {

// Keeps the first exception of several threads.
class FirstError {
 public:
  void keep(std::exception_ptr failure);
  bool any() const;
  void rethrow_if_any() const;

 private:
  mutable Mutex mutex_;
  std::exception_ptr first_ PGBELAY_GUARDED_BY(mutex_);
};

// Runs `work(number, stop)` on `count` threads (numbers 0 … count-1). The first exception stops the
// others and is rethrown after all have ended. A stop of `outer` stops all of them; run_workers
// then returns normally, and the caller asks `outer`.
void run_workers(std::size_t count, std::stop_token outer,
                 const std::function<void(std::size_t number, std::stop_token stop)>& work);

// Throws Error{Kind::Interrupted} if a stop was asked for.
void throw_if_stopped(const std::stop_token& stop);

}  // namespace util
