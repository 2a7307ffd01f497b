// What databases and the write-ahead log take of the server's disk.
#pragma once

#include <cstdint>
#include <string>

#include "pg/connection.h"

namespace guard::sql {

// 0 where there is no such database, or this role may not know.
std::uint64_t database_bytes(pg::Connection& connection, const std::string& name);
// All of the log, if this role may list it (pg_monitor); else what is kept for replication slots.
std::uint64_t log_bytes(pg::Connection& connection);

}  // namespace guard::sql
