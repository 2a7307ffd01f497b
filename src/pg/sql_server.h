// The statements of server_facts.cc.
#pragma once

#include <string_view>

namespace pg::sql {

std::string_view role_facts();
std::string_view
server_state();  // data directory or NULL, start time, recovery, may read control data
std::string_view system_identifier();
std::string_view sessions();         // $1 database name
std::string_view database_size();    // $1 database name
std::string_view database_exists();  // $1 database name
std::string_view backend_pid();
std::string_view forget_seen_sessions();  // within a transaction pg_stat_activity is frozen

}  // namespace pg::sql
