// The statements of the guard.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "guard/foreign.h"
#include "pg/connection.h"

namespace guard {

struct SessionCounter {
  std::optional<std::uint64_t> sessions;  // pg_stat_database.sessions, 14+
  std::string stats_reset;
};
SessionCounter session_counter(pg::Connection& connection, const std::string& database);
std::uint64_t subscription_count(pg::Connection& connection, const std::string& database);

// Those of `sessions` that still live, by pid and backend_start. One whose start is not known or
// may not be seen is taken for the same.
std::vector<int> living(pg::Connection& connection, const std::vector<OwnSession>& sessions);
void terminate(pg::Connection& connection, const std::vector<int>& pids);
// Client sessions in `database` whose application has this name.
std::vector<int> named_sessions(pg::Connection& connection, const std::string& database,
                                const std::string& application);
// backend_start of this very session, in the form of OwnSession.
std::string own_backend_start(pg::Connection& connection);
// False behind a pooler that gives one session several backends, or a backend of another name.
bool own_pid_is_true(pg::Connection& connection);

// OID of a database; 0 if there is none of this name.
std::uint32_t database_oid(pg::Connection& connection, const std::string& database);
bool allows_connections(pg::Connection& connection, const std::string& database);

// What one system catalogue of the connected database holds, as (number, sum over ctid and xmin of
// its visible rows): changes with every committed change, whoever made it; ANALYZE and VACUUM leave
// it alone.
struct CatalogDigest {
  std::string rows, sum;
  friend bool operator==(const CatalogDigest&, const CatalogDigest&) = default;
};
std::map<std::string, CatalogDigest> catalog_digests(pg::Connection& connection);

// Rows inserted, updated, deleted since the counters began, rolled back ones too, and the file
// (TRUNCATE counts nothing but gives a new one, S10); of user tables, of large objects, and of
// those catalogues whose rows this role may not read. By schema and name.
struct ChangeCounters {
  bool exact = false;  // 15+, track_counts on
  std::string stats_reset;
  std::map<std::pair<std::string, std::string>, std::string> tables;
};
ChangeCounters change_counters(pg::Connection& connection);

}  // namespace guard
