// Under a hold: what changed between the snapshot and the hold is found, dumped again as a
// follow-up of the backup, and replaced in the proven copy (postgres-hazards.md S10, S11).
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
  std::optional<verify::Proof> proof;       // nothing if nothing had changed: the old one holds
  std::optional<backup::Backup> follow_up;  // the same
  archive::Manifest manifest;               // of the backup with its follow-up
  WriteMarks base;                          // of the live database while nobody could write
};

struct CatchUpQuestion {
  const backup::Backup& backup;
  const verify::Proof& proof;
  const WriteMarks& at_snapshot;
};
// The hold stands. Kind::Proof (5) if somebody changed definitions since the snapshot or the copy
// cannot be brought to the state under the hold.
CaughtUp catch_up(const RunContext& context, const Options& options,
                  const CatchUpQuestion& question, SessionLedger& ledger, std::stop_token stop);

// The backup as it is with its follow-up: what the caught-up copy equals.
archive::Manifest combined(archive::Manifest base, const archive::Manifest& follow_up);

// The follow-up of a run as its journal tells; nothing if there is none.
std::optional<backup::Backup> follow_up_of(const RunRecord& record);

}  // namespace guard
