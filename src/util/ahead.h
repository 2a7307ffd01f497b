// A reader that runs ahead of those who use what it reads, in a thread of its own, by a few MB.
//
// Threads: take() from one at a time, cut() from any. The destructor ends the reader.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <optional>
#include <thread>
#include <utility>

#include "util/queue.h"

namespace util {

template <typename Item>
class Ahead {
 public:
  using Put = std::function<void(Item item)>;
  // `read` gives each item to `put`, which ends it by an exception when nobody wants more.
  explicit Ahead(std::function<void(const Put& put)> read)
      : queue_(kAheadBytes), thread_([this, reader = std::move(read)] { run(reader); }) {}
  ~Ahead() { queue_.cut(); }  // then the thread is joined
  Ahead(const Ahead&) = delete;
  Ahead& operator=(const Ahead&) = delete;

  std::optional<Item> take() { return queue_.take(); }
  void cut() { queue_.cut(); }

 private:
  struct NobodyWaits {};
  static constexpr std::size_t kAheadBytes = 4U << 20U;

  void run(const std::function<void(const Put& put)>& reader) {
    try {
      reader([this](Item item) {
        if (!queue_.put(std::move(item))) throw NobodyWaits{};
      });
      queue_.end(nullptr);
    } catch (const NobodyWaits&) {
      queue_.end(nullptr);
    } catch (...) {
      queue_.end(std::current_exception());
    }
  }

  Queue<Item> queue_;
  std::jthread thread_;
};

}  // namespace util
