// The statements of history.cc and lost_commit.cc.
#pragma once

#include <string_view>

namespace migrate::sql {

std::string_view history_exists();
std::string_view create_history();
std::string_view history();         // the name as hexadecimal UTF-8
std::string_view sha256();          // of $1, a bytea
std::string_view record_applied();  // $1 name and $2 content as bytea, $3 milliseconds, $4 run

std::string_view own_transaction();     // its id; null without one
std::string_view transaction_status();  // of $1: committed, aborted, in progress; null if too old

}  // namespace migrate::sql
