// Results of several threads, handed on in the order of their numbers by whichever thread has the
// next one.
//
// Guarantees: nothing is handed on twice or before what precedes it, and never by two at a time. At
// most `window` results wait. Numbers are taken up in ascending order, each is put once. Failure:
// what handing on throws; nothing is handed on after that, or after a stop.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include "util/mutex.h"

namespace extract {

template <typename Result>
class InOrder {
 public:
  using HandOn = std::function<void(Result result)>;
  InOrder(std::size_t window, HandOn hand_on) : hand_on_(std::move(hand_on)), slots_(window) {}

  // Waits while the window is full; after a stop `result` is dropped.
  void put(std::size_t number, Result result, const std::stop_token& stop) {
    const std::stop_callback wake(stop, [this] {
      const util::Lock lock(mutex_);
      changed_.notify_all();
    });
    {
      const util::Lock lock(mutex_);
      while (number >= next_ + slots_.size() && !stop.stop_requested()) changed_.wait(mutex_);
      if (stop.stop_requested()) return;
      slots_[number % slots_.size()] = std::move(result);
    }
    while (std::optional<Result> head = take_head()) {
      if (stop.stop_requested()) return;
      hand_on_(*std::move(head));
      pass_on();
    }
  }

 private:
  std::optional<Result> take_head() {
    const util::Lock lock(mutex_);
    if (handing_on_) return std::nullopt;
    std::optional<Result> head = std::exchange(slots_[next_ % slots_.size()], std::nullopt);
    handing_on_ = head.has_value();
    return head;
  }

  void pass_on() {
    const util::Lock lock(mutex_);
    handing_on_ = false;
    ++next_;
    changed_.notify_all();
  }

  const HandOn hand_on_;
  util::Mutex mutex_;
  util::Condition changed_;
  std::vector<std::optional<Result>> slots_ PGBELAY_GUARDED_BY(mutex_);
  std::size_t next_ PGBELAY_GUARDED_BY(mutex_) = 0;  // the number to hand on
  bool handing_on_ PGBELAY_GUARDED_BY(mutex_) = false;
};

}  // namespace extract
