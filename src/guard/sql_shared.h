// The statements that list shared catalogues. Each has one parameter, the database that is left
// out, and the columns kind, identity, definition, restore, recreate, remove.
#pragma once

#include <string_view>
#include <vector>

namespace guard {

std::vector<std::string_view> shared_statements(int server_major);
// For a role that may read pg_authid: whether one may, and that a password changed (never the
// password).
std::string_view may_read_passwords();
std::string_view password_statement();

}  // namespace guard
