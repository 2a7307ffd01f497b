// A bounded queue between one thread that fills it and those that empty it: how the archive's reader, which
// pushes, meets a COPY, which pulls.
//
// Threads: put() and end() from the filler, take() from several, cut() from any.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include "util/mutex.h"

namespace load {

template <typename T>
class Queue {
 public:
  explicit Queue(std::size_t capacity) : capacity_(capacity) {}

  // Waits for room. False: nobody wants more.
  bool put(T item) {
    const util::Lock lock(mutex_);
    while (items_.size() >= capacity_ && !cut_) changed_.wait(mutex_);
    if (cut_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // Nothing more comes, because all is there or because of `failure`.
  void end(std::exception_ptr failure) {
    const util::Lock lock(mutex_);
    ended_ = true;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  // The next item; nothing at the end. Throws what the filler failed with, before items that came earlier.
  std::optional<T> take() {
    const util::Lock lock(mutex_);
    while (items_.empty() && !ended_ && !cut_) changed_.wait(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    if (cut_ || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    changed_.notify_all();
    return item;
  }

  void cut() {
    const util::Lock lock(mutex_);
    cut_ = true;
    changed_.notify_all();
  }

 private:
  util::Mutex mutex_;
  util::Condition changed_;
  std::deque<T> items_ PGBELAY_GUARDED_BY(mutex_);
  const std::size_t capacity_;
  bool ended_ PGBELAY_GUARDED_BY(mutex_) = false;
  bool cut_ PGBELAY_GUARDED_BY(mutex_) = false;
  std::exception_ptr failure_ PGBELAY_GUARDED_BY(mutex_);
};

}  // namespace load
