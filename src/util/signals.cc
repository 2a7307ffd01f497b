#include "util/signals.h"

#include <pthread.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace util {
namespace {
sigset_t watched() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGUSR2}) sigaddset(&set, signal);
  return set;
}
constexpr int kEnd = SIGUSR2;  // tells the waiting thread to go
}  // namespace

struct SignalWatcher::State {
  std::stop_source stop;
  std::atomic<int> first{0};
  std::atomic<bool> ending{false};
  std::function<void()> on_repeat;
  std::thread thread;
};

SignalWatcher::SignalWatcher(std::function<void()> on_repeat) : state_(std::make_unique<State>()) {
  const sigset_t set = watched();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  state_->on_repeat = std::move(on_repeat);
  state_->thread = std::thread([state = state_.get(), set] {
    for (;;) {
      int signal = 0;
      if (sigwait(&set, &signal) != 0) continue;
      if (signal == kEnd) {
        if (state->ending) return;
        continue;
      }
      int expected = 0;
      if (state->first.compare_exchange_strong(expected, signal)) {
        state->stop.request_stop();
      } else if (state->on_repeat) {
        state->on_repeat();
      }
    }
  });
}

SignalWatcher::~SignalWatcher() {
  state_->ending = true;
  pthread_kill(state_->thread.native_handle(), kEnd);
  state_->thread.join();
}

std::stop_token SignalWatcher::token() const noexcept { return state_->stop.get_token(); }

std::optional<int> SignalWatcher::received() const noexcept {
  const int signal = state_->first;
  return signal == 0 ? std::nullopt : std::optional(signal);
}

void die_by_signal(int signal) {
  std::signal(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::kill(::getpid(), signal);
  ::_exit(128 + signal);
}

}  // namespace util
