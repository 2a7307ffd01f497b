// `latest`: the newest published backup that is not known to be damaged (contracts.md K7).
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "backup/backup.h"

namespace backup {

// Of `database` if one is given.
std::optional<Backup> newest_good(const std::filesystem::path& dir, std::string_view database);

// Looks at all backups of `dir` and moves the link by rename, so that it always exists; without a
// good backup there is none.
void point_latest(const std::filesystem::path& dir);

}  // namespace backup
