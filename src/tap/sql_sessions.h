// The statements of the tap.
//
// Threads: one per connection.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "tap/tap.h"

namespace tap {

// Asked in a session itself, as a simple query, because a walsender knows no other. One row: pid,
// backend_start, client_port (-1 for a Unix socket).
const char* own_session_sql() noexcept;

// Those of `records` whose backend still lives. The identity is the pid and, where it is known,
// backend_start.
std::vector<int> alive(pg::Connection& control, std::span<const SessionRecord> records);
// Ends these backends. One that has ended meanwhile is no error.
void terminate(pg::Connection& control, std::span<const int> pids);

}  // namespace tap
