#include "dump/snapshot.h"

#include <algorithm>
#include <chrono>

#include "dump/sql_dump.h"
#include "pg/ident.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/pause.h"
#include "util/text.h"
#include "util/workers.h"

namespace dump {
namespace {

constexpr std::string_view kLockTimeout = "SET LOCAL lock_timeout = '10s'";
constexpr std::size_t kTablesPerLock = 200;
constexpr int kAttempts = 5;
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kUndefinedTable = "42P01";
constexpr std::string_view kUndefinedSchema = "3F000";
constexpr std::string_view kOutOfSharedMemory = "53200";

std::vector<pg::QualifiedName> names_of(const std::vector<scan::Lockable>& tables) {
  std::vector<pg::QualifiedName> names;
  for (const scan::Lockable& table : tables) names.push_back(table.name);
  return names;
}

// The transaction has failed: rolled back first, so that the catalogues can be asked who is in the
// way.
[[noreturn]] void explain_lock_failure(pg::Connection& connection,
                                       const std::vector<scan::Lockable>& tables,
                                       util::Error failure) {
  if (failure.sqlstate() == kOutOfSharedMemory) {
    throw util::Error(
        util::Kind::Preflight,
        util::cat("the server has no room for locks on ", tables.size(),
                  " tables: ", failure.message()),
        {.hint = "Raise max_locks_per_transaction on the server.", .sqlstate = failure.sqlstate()});
  }
  if (failure.sqlstate() != kLockNotAvailable)
    throw failure.while_doing("locking the tables for the backup");
  std::vector<std::uint32_t> oids;
  for (const scan::Lockable& table : tables) oids.push_back(table.oid);
  const std::vector<pg::QualifiedName> blocked = sql::excluded_by_others(connection, oids);
  throw util::Error(
      util::Kind::Preflight,
      util::cat(
          blocked.empty() ? std::string("a table") : util::cat("table ", blocked.front().display()),
          " is locked by another session: waited 10 s for ACCESS SHARE on it"),
      {.hint = "Try again when the ALTER TABLE, TRUNCATE, VACUUM FULL or the like has ended.",
       .sqlstate = failure.sqlstate()});
}

std::string first_difference(const std::vector<scan::Lockable>& before,
                             const std::vector<scan::Lockable>& after) {
  for (std::size_t n = 0; n < std::max(before.size(), after.size()); ++n) {
    if (n >= before.size()) return after[n].name.display();
    if (n >= after.size() || !(before[n] == after[n])) return before[n].name.display();
  }
  return {};
}

}  // namespace

Snapshot::Snapshot(const pg::ConnInfo& source, const std::string& application_name,
                   const std::stop_token& stop)
    : connection_(pg::Connection::open(source, application_name, stop)),
      encoding_(pg::database_encoding(connection_)),
      server_major_(connection_.server_major()) {
  pg::pin_settings(connection_, encoding_);
  pg::refuse_user_views(connection_);
  const pg::CancelOnStop cancel(connection_, stop);
  std::string unstable;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    util::throw_if_stopped(stop);
    const std::vector<scan::Lockable> listed =
        scan::list_lockable(connection_);  // a transaction of its own
    if (lock_and_compare(listed)) {
      id_ = sql::export_snapshot(connection_);
      text_ = sql::current_snapshot(connection_);
      return;
    }
    unstable = first_difference(listed, tables_);
  }
  throw util::Error(
      util::Kind::Preflight,
      util::cat("the tables change faster than they can be locked: ", unstable, ", after ",
                kAttempts, " attempts"),
      {.hint = "Try again when nobody creates, drops or rewrites tables.", .sqlstate = {}});
}

// True if what was listed is what is locked; else the transaction is gone.
bool Snapshot::lock_and_compare(const std::vector<scan::Lockable>& listed) {
  transaction_.emplace(connection_, pg::Transaction::Mode::RepeatableReadOnly);
  connection_.execute(kLockTimeout);
  const std::vector<pg::QualifiedName> names = names_of(listed);
  try {
    for (std::size_t begin = 0; begin < names.size(); begin += kTablesPerLock) {
      connection_.execute(
          sql::lock_tables(names, begin, std::min(begin + kTablesPerLock, names.size())));
    }
  } catch (const util::Error& failure) {
    transaction_.reset();
    if (failure.sqlstate() == kUndefinedTable || failure.sqlstate() == kUndefinedSchema) {
      tables_ = scan::list_lockable(connection_);
      return false;
    }
    explain_lock_failure(connection_, listed, failure);
  }
  // The first statement that takes the snapshot: younger than every lock.
  tables_ = scan::list_lockable(connection_);
  if (tables_ == listed) return true;
  transaction_.reset();
  return false;
}

void import_snapshot(pg::Connection& connection, const std::string& id,
                     const std::stop_token& stop) {
  try {
    connection.execute(util::cat("SET TRANSACTION SNAPSHOT ", pg::quote_literal(id)));
  } catch (const util::Error&) {
    wait_for_cause(stop);
    throw;
  }
}

void wait_for_cause(const std::stop_token& stop) {
  constexpr std::chrono::seconds kSoon{5};
  util::pause(kSoon, stop);
  util::throw_if_stopped(stop);
}

}  // namespace dump
