// `restore`: side database, proof, swap. Nothing is restored in place; the replaced database is
// kept.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace ops {

struct RestoreOptions {
  backup::Backup backup;
  pg::ConnInfo server;   // any database of the target server
  std::string database;  // the name to restore to
  bool named = false;    // by --to: then it may differ from the backup's own name and server
  std::string maintenance_db;
  std::filesystem::path dir;  // for the comment of what is made
  std::size_t jobs = 0;
  std::string version;
  bool accept_superuser_functions = false;
  // Asked before the swap replaces an existing database; not asked when there is none.
  std::function<bool(const std::vector<std::string>& lines)> confirm;
};

struct RestoreResult {
  std::string database;
  std::string kept;  // the replaced database's new name; empty if there was none
  std::uint64_t tables = 0, rows = 0;
};

// Kind::Usage if the backup is of another database or server and `named` is false;
// Kind::NotConfirmed; Kind::Proof if the restored copy does not equal the snapshot. In each case
// the target is as it was.
RestoreResult run_restore(const RestoreOptions& options, util::Reporter& reporter,
                          std::stop_token stop);

}  // namespace ops
