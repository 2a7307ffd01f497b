// The connection keywords of the libpq we are linked to.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace pg {

struct Keyword {
  std::string variable;  // environment variable, empty if it has none
  std::string fallback;  // compiled-in default, empty if it has none
  bool secret = false;
};

const std::map<std::string, Keyword, std::less<>>& libpq_keywords();

// What libpq would connect with: `given` completed from the service file, the environment and its
// defaults. Opens no connection. Nothing if libpq refuses the values.
std::optional<std::map<std::string, std::string>> resolve(
    const std::map<std::string, std::string>& given);

}  // namespace pg
