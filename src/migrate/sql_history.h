// The statements of history.cc.
#pragma once

#include <string_view>

namespace migrate::sql {

std::string_view history_exists();
std::string_view create_history();
std::string_view history();         // the name as hexadecimal UTF-8
std::string_view sha256();          // of $1, a bytea
std::string_view record_applied();  // $1 name and $2 content as bytea, $3 milliseconds, $4 run

}  // namespace migrate::sql
