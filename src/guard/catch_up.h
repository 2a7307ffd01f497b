// Under a hold: what changed between the snapshot and the hold is found, dumped again as a
// follow-up of the backup, and replaced in the proven copy, wherever that is (postgres-hazards.md
// S10, S11). Where there is none, the follow-up is read back; an undo restores both.
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "archive/manifest.h"
#include "backup/backup.h"
#include "guard/ledger.h"
#include "guard/marks.h"
#include "guard/proof_place.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "verify/proof.h"

namespace guard {

// What differs from the snapshot.
struct Changes {
  std::set<pg::QualifiedName> tables, views;
  bool large_objects = false;
  bool sequences = false;
  bool definitions = false;  // perhaps: they have to be read to know
  bool none() const noexcept;
};

struct CaughtUp {
  std::optional<verify::Proof> proof;       // of a copy that was caught up
  std::optional<backup::Backup> follow_up;  // nothing if nothing had changed
  archive::Manifest manifest;               // of the backup with its follow-up
  WriteMarks base;                          // of the live database while nobody could write
};

struct CatchUpQuestion {
  const backup::Backup& backup;
  const verify::Proof& proof;
  const WriteMarks& at_snapshot;
  const ProofPlace* place = nullptr;  // where the proof's copy is, if not beside the database
};
// The hold stands. Kind::Proof (5) if somebody changed definitions since the snapshot or the copy
// cannot be brought to the state under the hold.
CaughtUp catch_up(const RunContext& context, const Options& options,
                  const CatchUpQuestion& question, SessionLedger& ledger, std::stop_token stop);

// The backup as it is with its follow-up: what the caught-up copy equals.
archive::Manifest combined(archive::Manifest base, const archive::Manifest& follow_up);

// The follow-up of a run as its journal tells; nothing if there is none. Kind::Proof if what is
// there is another one.
std::optional<backup::Backup> follow_up_of(const RunRecord& record);
// The backup with the manifest of both; as it is without a follow-up.
backup::Backup with_follow_up(backup::Backup backup,
                              const std::optional<backup::Backup>& follow_up);

}  // namespace guard
