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

}  // namespace guard
