// The statements of this module, one function each, with typed rows.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace swap {

struct DatabaseRow {
  std::string name;
  std::uint32_t oid = 0;
  bool allows_connections = false;
  bool is_template = false;
  std::uint64_t row_version = 0;  // xmin of its row; in-place updates of vacuum leave it alone
  std::string comment;
};
std::optional<DatabaseRow> find_database(pg::Connection& connection, const std::string& name);
// Of all databases with "__" in their names.
std::vector<DatabaseRow> databases_like_sides(pg::Connection& connection);
std::uint64_t size_of(pg::Connection& connection,
                      std::uint32_t oid);  // 0 where this role may not see it

// Changes when the statistics were thrown away by a crash restart, or a standby was promoted.
std::string crash_marker(pg::Connection& connection);
struct Counters {
  std::uint64_t sessions = 0;
  std::uint64_t changes = 0;
};
Counters counters(pg::Connection& connection, std::uint32_t oid);

struct PreparedRow {
  std::string gid;
  std::string owner;
};
std::vector<PreparedRow> prepared_transactions(pg::Connection& connection,
                                               const std::string& database);
std::vector<std::string> slots_of(pg::Connection& connection, const std::string& database);
std::vector<std::string> subscriptions_of(pg::Connection& connection, std::uint32_t oid);

// Backends that are logging in to the database: they hold its lock but are in no list of sessions
// yet (F4).
bool session_starting(pg::Connection& connection, std::uint32_t oid);
void terminate(pg::Connection& connection, int pid);
// Whether a session in another database than this has the application name, which every role may
// see.
bool session_outside(pg::Connection& connection, const std::string& application,
                     const std::string& database);

void allow_connections(pg::Connection& connection, const std::string& name, bool allowed);
void rename_database(pg::Connection& connection, const std::string& from, const std::string& to);
void comment_on_database(pg::Connection& connection, const std::string& name,
                         const std::string& comment);
void close_to_public(pg::Connection& connection, const std::string& name);

// Advisory locks of the connected database by their 64-bit key.
bool try_lock(pg::Connection& connection, std::int64_t key);
bool holds_lock(pg::Connection& connection, std::int64_t key);
void unlock(pg::Connection& connection, std::int64_t key);
struct LockOwner {
  int pid = 0;
  std::string application;
  std::string since;  // RFC 3339; "" where this role may not see it
};
std::optional<LockOwner> lock_owner(pg::Connection& connection, std::int64_t key);
std::string system_identifier(pg::Connection& connection);

// After how long either side misses a machine that is gone without a word: its session must not
// keep the mutex until the system's own patience (two hours) is over.
struct Vanished {
  std::chrono::seconds idle{20}, interval{10};
  int count = 4;
  std::chrono::milliseconds limit = idle + count * interval;  // also for what is sent
};
constexpr Vanished kVanished;

// What a session that guards others needs: never cut off by a timeout, able to write, and ended by
// the server when its machine is gone.
void settle_session(pg::Connection& connection);

}  // namespace swap
