// The locked snapshot that everything of a dump is read in (postgres-hazards.md F1).
//
// TRUNCATE, CLUSTER and rewriting ALTER TABLE are not MVCC-safe: a snapshot that is older than the
// lock on a table may see it empty. So every table is locked first, and the snapshot is taken after
// the last lock; a table that came, went or was rewritten before its lock was held makes it start
// over.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "scan/table.h"
#include "util/mutex.h"

namespace dump {

// Guarantees: as long as it lives, all tables are locked in ACCESS SHARE mode and the snapshot can
// be imported. Failure: Kind::Connect, Kind::Privilege; Kind::Preflight when a table cannot be
// locked in time or the list of tables does not come to rest.
class Snapshot {
 public:
  Snapshot(const pg::ConnInfo& source, const std::string& application_name,
           const std::stop_token& stop);

  const std::string& id() const noexcept { return id_; }
  const std::string& text() const noexcept { return text_; }  // pg_current_snapshot
  const std::string& encoding() const noexcept {
    return encoding_;
  }  // of the database, and of the session
  const std::vector<scan::Lockable>& tables() const noexcept { return tables_; }
  int server_major() const noexcept { return server_major_; }

  // The session that holds the locks: used by one thread at a time.
  class Session {
   public:
    explicit Session(Snapshot& snapshot)
        : lock_(snapshot.mutex_), connection_(snapshot.connection_) {}
    pg::Connection& operator*() const noexcept { return connection_; }
    pg::Connection* operator->() const noexcept { return &connection_; }

   private:
    std::unique_lock<util::Mutex> lock_;
    pg::Connection& connection_;
  };
  // Cancels what the session runs when `stop` is requested.
  pg::CancelOnStop cancel_on(std::stop_token stop) { return {connection_, std::move(stop)}; }

 private:
  bool lock_and_compare(const std::vector<scan::Lockable>& listed);

  pg::Connection connection_;
  util::Mutex mutex_;
  std::optional<pg::Transaction> transaction_;
  std::string id_, text_, encoding_;
  std::vector<scan::Lockable> tables_;
  int server_major_ = 0;
};

// Of a transaction that has done nothing yet.
void import_snapshot(pg::Connection& connection, const std::string& id,
                     const std::stop_token& stop);

// For whoever could not import the snapshot: it is gone with the session that exported it, and what
// ended that one is the cause. Throws Kind::Interrupted when that has been told, and returns if it
// is not told soon.
void wait_for_cause(const std::stop_token& stop);

}  // namespace dump
