// A bounded queue between one thread that fills it and one that empties it: how the archive's
// reader, which pushes, meets a COPY, which pulls. Items have a size() in bytes.
//
// Threads: put() and end() from the filler, take() from one at a time, cut() from any.
#pragma once

#include <cstddef>
#include <deque>
#include <exception>
#include <optional>
#include <utility>

#include "util/mutex.h"

namespace util {

template <typename T>
class Queue {
 public:
  explicit Queue(std::size_t most_bytes) : most_bytes_(most_bytes) {}

  // Waits for room; a single item is never too large. False: nobody wants more.
  bool put(T item) {
    const Lock lock(mutex_);
    while (bytes_ >= most_bytes_ && !cut_) changed_.wait(mutex_);
    if (cut_) return false;
    bytes_ += item.size();
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  // Nothing more comes, because all is there or because of `failure`.
  void end(std::exception_ptr failure) {
    const Lock lock(mutex_);
    ended_ = true;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  // The next item; nothing at the end, or after a cut. Throws what the filler failed with, at once.
  std::optional<T> take() {
    const Lock lock(mutex_);
    while (items_.empty() && !ended_ && !cut_) changed_.wait(mutex_);
    if (failure_) std::rethrow_exception(failure_);
    if (cut_ || items_.empty()) return std::nullopt;
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    bytes_ -= item->size();
    changed_.notify_all();
    return item;
  }

  void cut() {
    const Lock lock(mutex_);
    cut_ = true;
    changed_.notify_all();
  }

 private:
  Mutex mutex_;
  Condition changed_;
  std::deque<T> items_ PGBELAY_GUARDED_BY(mutex_);
  std::size_t bytes_ PGBELAY_GUARDED_BY(mutex_) = 0;
  const std::size_t most_bytes_;
  bool ended_ PGBELAY_GUARDED_BY(mutex_) = false;
  bool cut_ PGBELAY_GUARDED_BY(mutex_) = false;
  std::exception_ptr failure_ PGBELAY_GUARDED_BY(mutex_);
};

}  // namespace util
