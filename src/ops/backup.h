// `backup`: a backup with the proof level that was asked for.
#pragma once

#include <stop_token>
#include <string>

#include "archive/evidence.h"
#include "backup/run.h"
#include "util/reporter.h"

namespace ops {

struct BackupOptions {
  backup::Options backup;
  archive::Level level = archive::Level::ReadBack;
  std::string maintenance_db;
  std::string version;
  bool accept_superuser_functions = false;
};

// The published backup with its evidence. A failure after the connection was made is Kind::Backup,
// one of the proof Kind::Proof: the backup then stays, with what is known of it.
backup::Backup run_backup(const BackupOptions& options, util::Reporter& reporter,
                          std::stop_token stop);

// Name of the side database for a proof of this moment, outside a guarded run.
struct SideNames {
  std::string key, database, comment;
};
SideNames proof_names(const std::string& database, const std::filesystem::path& dir,
                      std::string_view purpose, util::Clock::time_point now);

}  // namespace ops
