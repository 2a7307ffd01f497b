// Who waits for the migration, and what it would wait for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace guard {

// Sessions of `database` that wait for a lock which one of these backends holds or is queued for.
std::uint64_t waiting_for(pg::Connection& control, const std::string& database,
                          const std::vector<int>& pids);

struct BlockerRow {
  int pid = 0;  // 0: a prepared transaction
  std::string what, user, application;
  std::uint64_t seconds = 0;
};
std::vector<BlockerRow> blockers_of_locks(pg::Connection& control, const std::string& database);

}  // namespace guard
