// Looks after the server while a dump reads: how busy others keep it, and how long the snapshot has
// kept VACUUM from its work.
//
// Load is the number of sessions of others that are executing a statement right now, parallel
// workers included, those left out that only wait: for a lock, for their client, for time to pass.
// That is what a server tells whoever reaches it by SQL, and it does not count our own work, as the
// load average of a machine would.
//
// Guarantees: never in the way of anybody's lock or VACUUM, since its session is in no transaction.
// Failure: where a limit is set, its session must be had (Kind::Connect); afterwards a lost session
// ends the watch with a warning, and reading goes on. Threads: wait_until_calm() from any.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "pg/connection.h"
#include "util/clock.h"
#include "util/mutex.h"
#include "util/reporter.h"

namespace dump {

struct WatchOptions {
  pg::ConnInfo source;
  std::string application_name;  // of all sessions of this dump
  std::string snapshot;          // pg_current_snapshot() of it
  std::uint64_t max_load = 0;    // sessions of others; 0: no limit
  // When the age of the snapshot is told for the first time, then whenever it has doubled; 0:
  // never.
  std::chrono::milliseconds snapshot_warning{0};
  std::function<void(int backend_pid)> on_session;
};

class ServerWatch {
 public:
  // With a limit it has looked once when it is made.
  ServerWatch(const WatchOptions& options, util::Reporter& reporter, const std::stop_token& stop);
  ~ServerWatch();
  ServerWatch(const ServerWatch&) = delete;
  ServerWatch& operator=(const ServerWatch&) = delete;

  // Returns when the load is within the limit, or a stop was asked for.
  void wait_until_calm(const std::stop_token& stop);

 private:
  using Time = std::chrono::steady_clock::time_point;

  void open(const std::stop_token& stop);
  void run(const std::stop_token& stop);
  void look();
  void judge();
  void tell_age();
  void set_busy(bool busy);

  const WatchOptions options_;
  util::Reporter& reporter_;
  const Time began_ = std::chrono::steady_clock::now();
  std::optional<pg::Connection> connection_;  // the thread's, once it runs
  double load_ = 0;                           // smoothed
  std::chrono::milliseconds next_warning_;
  std::optional<Time> told_;  // of a pause
  util::Mutex mutex_;
  util::Condition changed_;
  bool busy_ PGBELAY_GUARDED_BY(mutex_) = false;
  std::jthread thread_;  // last: ends first
};

}  // namespace dump
