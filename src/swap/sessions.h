// Ending the sessions of a database, what cannot be ended, and who has its mutex.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace swap {

// Ends every session of `database` in rounds and returns once none is left, none is logging in, or
// `patience` is over. Returns a line for each that is left. Meant for a database that is closed to
// new sessions. `spare` is the pid of one that stays.
std::vector<std::string> end_sessions(pg::Connection& maintenance, const std::string& database,
                                      std::chrono::milliseconds patience, int spare = 0);

// A line for each prepared transaction: nothing but its own commit or rollback ends it.
std::vector<std::string> prepared_lines(pg::Connection& maintenance, const std::string& database);

// Who has the mutex of a guarded database, for people; nothing: nobody, as far as can be seen from
// this maintenance database.
std::optional<std::string> lock_holder(pg::Connection& maintenance, const std::string& database);

}  // namespace swap
