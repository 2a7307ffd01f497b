// The statements of traps.cc.
#pragma once

#include <string_view>

namespace verify::sql {

std::string_view superusers();
std::string_view traps();  // identity and owner of each function

}  // namespace verify::sql
