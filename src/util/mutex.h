// std::mutex and std::condition_variable with the annotations that clang's -Wthread-safety checks.
#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define PGBELAY_ANNOTATION(x) __attribute__((x))
#else
#define PGBELAY_ANNOTATION(x)
#endif
#define PGBELAY_GUARDED_BY(mutex) PGBELAY_ANNOTATION(guarded_by(mutex))
#define PGBELAY_REQUIRES(...) PGBELAY_ANNOTATION(requires_capability(__VA_ARGS__))

namespace util {

class PGBELAY_ANNOTATION(capability("mutex")) Mutex {
 public:
  void lock() PGBELAY_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void unlock() PGBELAY_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  std::mutex mutex_;
};

class PGBELAY_ANNOTATION(scoped_lockable) Lock {
 public:
  explicit Lock(Mutex& mutex) PGBELAY_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~Lock() PGBELAY_ANNOTATION(release_capability()) { mutex_.unlock(); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  Mutex& mutex_;
};

class Condition {
 public:
  // The mutex is held again when it returns; wakes without a reason, so test in a loop.
  void wait(Mutex& mutex) PGBELAY_REQUIRES(mutex) { condition_.wait(mutex); }
  template <typename Duration>
  void wait_for(Mutex& mutex, Duration duration) PGBELAY_REQUIRES(mutex) {
    condition_.wait_for(mutex, duration);
  }
  void notify_one() noexcept { condition_.notify_one(); }
  void notify_all() noexcept { condition_.notify_all(); }

 private:
  std::condition_variable_any condition_;
};

}  // namespace util
