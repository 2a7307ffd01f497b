// What is known of all sessions of one tap, and the order in which they may go on: logins, the
// gate, the end.
//
// Threads: from any. Callbacks of the options run without the mutex, one at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "tap/tap.h"
#include "tap/upstream.h"
#include "util/mutex.h"

namespace tap {

class Registry {
 public:
  explicit Registry(const Options& options) : options_(options) {}

  // A login at the server, from before its first byte until the session is entered. While the gate
  // decides no login is under way, so every backend of ours that it sees is in sessions().
  class Login {
   public:
    explicit Login(Registry& registry);  // waits for the gate
    ~Login();
    Login(const Login&) = delete;
    Login& operator=(const Login&) = delete;

   private:
    Registry& registry_;
  };

  // Enters the session and calls on_session. Returns its number; `key` is what its client cancels
  // with.
  std::size_t enter(const SessionRecord& record, std::uint32_t key,
                    std::shared_ptr<const Canceller> canceller);
  void let_in(std::size_t session);
  void count(std::size_t session, std::uint64_t statements);
  void left_open(std::size_t session, LeftOpen what);
  void leave(std::size_t session);
  void failed(std::optional<std::size_t> session, FailedStatement failure);

  // Before the first message of a session goes through. Throws if the gate is shut.
  void pass_gate();

  std::shared_ptr<const Canceller> find(std::uint32_t pid, std::uint32_t key) const;
  std::shared_ptr<const Canceller> find(int backend_pid) const;  // of one that has not ended

  std::vector<SessionRecord> sessions() const;
  std::size_t open_sessions() const;
  std::vector<FailedStatement> failures() const;
  void rethrow_failure() const;

 private:
  struct Entry {
    SessionRecord record;
    std::uint32_t key = 0;
    std::shared_ptr<const Canceller> canceller;
    std::optional<FailedStatement> failure;
  };
  enum class Gate { Closed, Deciding, Open, Shut };

  void keep_failure(std::exception_ptr failure);

  const Options& options_;
  util::Mutex callbacks_;  // held while one runs; never taken with mutex_ held
  mutable util::Mutex mutex_;
  util::Condition changed_;
  std::deque<Entry> entries_ PGBELAY_GUARDED_BY(mutex_);
  std::vector<FailedStatement> refused_
      PGBELAY_GUARDED_BY(mutex_);  // logins that the server refused
  std::size_t logins_ PGBELAY_GUARDED_BY(mutex_) = 0;
  Gate gate_ PGBELAY_GUARDED_BY(mutex_) = Gate::Closed;
  std::exception_ptr callback_failure_ PGBELAY_GUARDED_BY(mutex_);
};

}  // namespace tap
