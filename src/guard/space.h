// Room for a run: here for the backup, at the server for the copy and its WAL (postgres-hazards.md
// F9).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "guard/preflight.h"
#include "guard/sql_preflight.h"
#include "pg/conninfo.h"

namespace guard {

// The folder on this machine that the server writes to, or nothing: known only if the server is
// reached without a network and the folder here changed at the very second that the server says of
// its own.
std::optional<std::filesystem::path> local_server_folder(const pg::ConnInfo& database,
                                                         const ServerFolder& folder);

struct SpaceQuestion {
  std::uint64_t database_bytes = 0;
  std::filesystem::path dir;  // of the backups; need not exist yet
  std::optional<std::filesystem::path> server_folder;
  std::optional<std::uint64_t> server_free;  // stated by the operator
  bool needs_copy = true;
};
// What is left on the server's disk when backup and copy have what they need; nothing if it is not
// known.
std::optional<std::uint64_t> server_room(const SpaceQuestion& question);
// One line for here, one for the server.
std::vector<Line> space_lines(const SpaceQuestion& question);

}  // namespace guard
