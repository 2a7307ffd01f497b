// The statements of session.cc.
#pragma once

#include <string_view>

namespace pg::sql {

// $1 names and $2 values, text arrays of equal length: sets those that the server has and that
// differ.
std::string_view set_settings();
// Only where the session does not wait for its commits to be on the disk.
std::string_view wait_for_commits();
std::string_view commit_a_message();
std::string_view database_encoding();

}  // namespace pg::sql
