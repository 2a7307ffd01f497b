#include "util/workers.h"

#include <thread>
#include <vector>

#include "util/error.h"

namespace util {

void FirstError::keep(std::exception_ptr failure) {
  const Lock lock(mutex_);
  if (!first_) first_ = std::move(failure);
}

bool FirstError::any() const {
  const Lock lock(mutex_);
  return first_ != nullptr;
}

void FirstError::rethrow_if_any() const {
  std::exception_ptr failure;
  {
    const Lock lock(mutex_);
    failure = first_;
  }
  if (failure) std::rethrow_exception(failure);
}

void run_workers(std::size_t count, std::stop_token outer,
                 const std::function<void(std::size_t, std::stop_token)>& work) {
  std::stop_source stop;
  const std::stop_callback chained(outer, [&stop] { stop.request_stop(); });
  FirstError first;
  const auto guarded = [&](std::size_t number) {
    try {
      work(number, stop.get_token());
    } catch (...) {
      first.keep(std::current_exception());
      stop.request_stop();
    }
  };
  {
    std::vector<std::jthread> workers;
    try {
      for (std::size_t n = 0; n < count; ++n) workers.emplace_back([&guarded, n] { guarded(n); });
    } catch (...) {  // no more threads to be had: stop those that run
      first.keep(std::current_exception());
      stop.request_stop();
    }
  }  // joins here
  first.rethrow_if_any();
}

void throw_if_stopped(const std::stop_token& stop) {
  if (stop.stop_requested()) throw Error(Kind::Interrupted, "interrupted");
}

}  // namespace util
