// Where a proof is made: beside the guarded database, on another server of the same major version,
// or on a private one started from the binaries of this machine (--proof-at; postgres-hazards.md
// F9, S4). Elsewhere, the live server has no work and no room to give; its copy for an undo is then
// made when it is needed. A copy that is kept there serves a rehearsal only.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "backup/backup.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "pg/conninfo.h"
#include "pg/private_server.h"
#include "util/files.h"

namespace guard {

constexpr std::string_view kProofAtLocal = "local";

class ProofPlace {
 public:
  // Starts the private server, which gets the roles of the backup; it ends with this object. The
  // context outlives it.
  // Kind::Preflight when there are no binaries of the backup's major version, or when the other
  // server has another one.
  ProofPlace(const RunContext& context, const Options& options, const backup::Backup& backup);
  // A copy that was left on another server goes; a warning where that fails.
  ~ProofPlace();
  ProofPlace(const ProofPlace&) = delete;
  ProofPlace& operator=(const ProofPlace&) = delete;

  const pg::ConnInfo& server() const noexcept { return server_; }
  const std::string& maintenance_db() const noexcept { return maintenance_db_; }
  std::string text() const { return text_; }  // " on …", for the step's line; empty: beside it
  bool elsewhere() const noexcept { return !text_.empty(); }

 private:
  void start_private(const Options& options, const backup::Backup& backup);
  void require_same_major(const backup::Backup& backup) const;

  const RunContext& context_;
  pg::ConnInfo server_;
  std::string maintenance_db_;
  std::string text_;
  std::unique_ptr<util::TempDir> folder_;
  std::unique_ptr<pg::PrivateServer> private_;
};

// What a run that was killed left: its private server is stopped, its folder goes.
void remove_private_server(const std::filesystem::path& run_folder);

}  // namespace guard
