// SIGINT, SIGTERM and SIGHUP as a stop request.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

namespace util {

// Made once, in main, before any other thread: blocks the signals everywhere and waits for them in
// a thread. The first one requests the stop; each further one calls `on_repeat` and does nothing
// else, because an undo must not be interrupted (contracts.md K14).
class SignalWatcher {
 public:
  explicit SignalWatcher(std::function<void()> on_repeat = {});
  ~SignalWatcher();
  SignalWatcher(const SignalWatcher&) = delete;
  SignalWatcher& operator=(const SignalWatcher&) = delete;

  std::stop_token token() const noexcept;
  std::optional<int> received() const noexcept;  // the first signal

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Ends the process by `signal`, as a shell expects of an interrupted program.
[[noreturn]] void die_by_signal(int signal);

}  // namespace util
