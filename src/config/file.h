// pgbelay.toml: where it is and what it says (contracts.md K6). toml++ is known to file.cc only.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace config {

// "key" of the top level or "table.key", to its values as text (one, or those of an array).
using FileValues = std::map<std::string, std::vector<std::string>, std::less<>>;

// pgbelay.toml in `folder` or the nearest parent that has one; empty if there is none.
std::filesystem::path find_file(const std::filesystem::path& folder);

// Kind::Usage naming line, key and, for an unknown key, the nearest known one.
FileValues read_file(const std::filesystem::path& file);

}  // namespace config
