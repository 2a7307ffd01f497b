// What a dump asks the server about others while it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "pg/connection.h"

namespace dump::sql {

// Whether our role is told what the sessions of all others do.
bool sees_all_sessions(pg::Connection& connection);

// Sessions other than those of `application_name` that execute a statement and do not merely wait.
std::uint64_t load(pg::Connection& connection, const std::string& application_name);

// What a snapshot (pg_current_snapshot() of it) has kept from VACUUM.
struct HeldBack {
  std::uint64_t transactions = 0;  // begun since
  std::uint64_t dead_rows = 0;     // of the database, by its statistics
  // Who holds back even more, if anybody does: a session, a slot of a standby, a prepared
  // transaction.
  std::optional<std::string> older;
  std::uint64_t older_transactions = 0;
};
HeldBack held_back(pg::Connection& connection, const std::string& snapshot,
                   const std::string& application_name);

}  // namespace dump::sql
