// The names of side databases: <database>__<purpose>_<key>, the key of fourteen or more digits at
// the end (contracts.md K5).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "swap/swap.h"

namespace swap {

struct SideName {
  std::string database;  // as far as it fits
  Purpose purpose;
  std::string key;
};
// The parts of `name`, or nothing if it does not have that form.
std::optional<SideName> parse_side_name(std::string_view name);

}  // namespace swap
