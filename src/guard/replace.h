// The undo where no database can be made: the contents of the guarded one are dropped and restored
// from the backup inside one transaction, and compared there before its COMMIT (architecture.md §5;
// postgres-hazards.md S4, S5, S16).
//
// Guarantees: others see the failed state or the old one, never anything between. What the failed
// state held is in a backup under the run's folder before anything is dropped, and rows that others
// may have written are saved: both after these are kept out. After a crash the
// server is asked whether the COMMIT was done (pg_xact_status), never guessed.
#pragma once

#include "backup/backup.h"
#include "guard/journal.h"
#include "guard/ledger.h"
#include "guard/take_back.h"

namespace guard {

enum class FailedState { BackUp, Leave };

struct Replacement {
  const backup::Backup& backup;
  FailedState failed = FailedState::BackUp;
  bool others = false;  // may have drawn numbers: sequences keep the further position (M7)
};
// Prints and journals the step "undo"; repeatable after a crash at any moment. `kept` of the result
// is the folder of the failed state's backup, or empty. Throws Kind::NotUndone (or Connect, Backup)
// if the old state is not back; the failed state is then as it was, and open.
TakenBack replace_contents(const RunContext& context, const Replacement& what);

// Before anything is begun, for an undo that nobody waits for: the files that it restores from are
// what the proof read, and nothing of the database is in the way. Kind::Proof, Kind::Preflight.
void require_replaceable(const RunContext& context, const backup::Backup& backup,
                         SessionLedger& ledger);

// An earlier attempt had closed the database, or has replaced its contents: nobody can have written
// since.
bool replacing(const RunContext& context, const RunRecord& record);

}  // namespace guard
