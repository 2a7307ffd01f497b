#include "dump/window.h"

#include "util/error.h"
#include "util/workers.h"

namespace dump {
namespace {

// Compressed bytes. Together with what the workers hold they stay below the 256 MB of
// performance.md.
constexpr std::uint64_t kWindowBytes = 64U << 20U;
constexpr std::uint64_t kHeadBytes = 16U << 20U;

}  // namespace

Window::Window(std::size_t slots) : slots_(slots) {}

bool Window::has_room(std::size_t slot) const {
  return slot == head_ ? slots_[slot].bytes < kHeadBytes : bytes_ < kWindowBytes;
}

// The stop callback locks, so it must be made before the lock is taken: see the callers.
template <typename Ready>
void Window::wait(Ready ready, const std::stop_token& stop) {
  while (!ready()) {
    util::throw_if_stopped(stop);
    changed_.wait(mutex_);
  }
}

namespace {
// Wakes all waiters of `changed` when a stop is requested.
class WakeOnStop {
 public:
  WakeOnStop(util::Mutex& mutex, util::Condition& changed, const std::stop_token& stop)
      : callback_(stop, Wake{&mutex, &changed}) {}

 private:
  struct Wake {
    util::Mutex* mutex;
    util::Condition* changed;
    void operator()() const {
      const util::Lock lock(*mutex);  // a waiter is either before its test or asleep
      changed->notify_all();
    }
  };
  std::stop_callback<Wake> callback_;
};
}  // namespace

void Window::push(std::size_t slot, Part part, const std::stop_token& stop) {
  const WakeOnStop wake(mutex_, changed_, stop);
  const util::Lock lock(mutex_);
  wait([&]() PGBELAY_REQUIRES(mutex_) { return has_room(slot); }, stop);
  const std::uint64_t bytes = part.bytes();
  slots_[slot].bytes += bytes;
  bytes_ += bytes;
  slots_[slot].parts.push_back(std::move(part));
  if (slot == head_) changed_.notify_all();
}

void Window::finish(std::size_t slot) {
  const util::Lock lock(mutex_);
  slots_[slot].finished = true;
  changed_.notify_all();
}

void Window::wait_until_head(std::size_t slot, const std::stop_token& stop,
                             const Needless& needless) {
  const WakeOnStop wake(mutex_, changed_, stop);
  const util::Lock lock(mutex_);
  wait([&]() PGBELAY_REQUIRES(mutex_) { return head_ == slot || (needless && needless()); }, stop);
}

void Window::wake() {
  const util::Lock lock(mutex_);
  changed_.notify_all();
}

std::optional<Part> Window::next(std::size_t slot, const std::stop_token& stop) {
  const WakeOnStop wake(mutex_, changed_, stop);
  const util::Lock lock(mutex_);
  PGBELAY_ASSERT(slot == head_);
  Slot& head = slots_[slot];
  wait([&]() PGBELAY_REQUIRES(mutex_) { return !head.parts.empty() || head.finished; }, stop);
  changed_.notify_all();
  if (head.parts.empty()) {
    ++head_;
    return std::nullopt;
  }
  Part part = std::move(head.parts.front());
  head.parts.pop_front();
  const std::uint64_t bytes = part.bytes();
  head.bytes -= bytes;
  bytes_ -= bytes;
  return part;
}

}  // namespace dump
