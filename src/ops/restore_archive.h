// `restore` of what nobody can prove: archives without fingerprints, and what can be saved of a
// damaged backup. Only ever a new database (contracts.md K2).
#pragma once

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "extract/salvage.h"
#include "ops/named.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace ops {

// Read: damage ends it. Save: what can be read is restored, the rest is listed.
enum class Damaged { Refuse, Save };

struct ArchiveRestoreOptions {
  Named from;
  Damaged damaged = Damaged::Refuse;
  pg::ConnInfo server;   // any database of the target server
  std::string database;  // the new name
  std::string maintenance_db;
  std::filesystem::path dir;  // for the comment of what is made
  std::size_t jobs = 0;
  bool accept_superuser_functions = false;
};

struct ArchiveRestoreResult {
  std::uint64_t tables = 0, rows = 0;
  std::vector<extract::Loss> lost;
  std::vector<std::string> notes;  // what was left out or is different, for people
};

// Restored beside, then given its name: a database of that name is complete, or is not there.
// Kind::Usage if it exists.
ArchiveRestoreResult restore_archive(const ArchiveRestoreOptions& options, util::Reporter& reporter,
                                     std::stop_token stop);

}  // namespace ops
