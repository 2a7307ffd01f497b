// The statements of soundness.h. Private to this module.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace schema::sql {

// One statement a row: what it selects are text and fatal.
std::string reference_checks(int server_major);
std::string_view missing_bounds();
std::string_view vanished_grantees();
std::string first_dangling(std::string_view checks, std::size_t most);

}  // namespace schema::sql
