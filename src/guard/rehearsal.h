// The step "rehearsal": the same migration on a clone of the proven copy, with the same checks
// after it, measured (architecture.md §5; postgres-hazards.md F10).
//
// Guarantees: nothing of it reaches the live database by way of the tap, which lets the migration
// into the clone only and refuses statements that reach beyond it; what changed in the cluster all
// the same is told, and put back where that is certain to be right. The clone is gone afterwards; a
// run that was killed leaves it to `undo`, `close` or the next run.
#pragma once

#include <stop_token>
#include <vector>

#include "backup/backup.h"
#include "guard/ledger.h"
#include "guard/preflight.h"
#include "guard/proof_place.h"
#include "guard/rehearsal_report.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "migrate/files.h"

namespace guard {

// Kind::Usage if a rehearsal is asked for that cannot be made: without a copy, without the tap, at
// a server that does not know the command's role.
void require_rehearsable(const Options& options);
// Auto becomes Yes or No; Kind::Space where one is asked for and there is no room.
void decide_rehearsal(Options& options, const Preflight& preflight, util::Reporter& reporter);
// The proof's copy is needed for it.
bool rehearses(const Options& options);

struct RehearsalInput {
  const RunContext& context;
  const Options& options;
  const backup::Backup& backup;
  SessionLedger& ledger;
  const std::vector<migrate::File>& files;  // without a command
  const ProofPlace& place;                  // where the copy is
};

// Throws what stops the run, after everything is cleared up: Kind::Preflight if the migration fails
// on the clone, Kind::Findings for checks, limits and changes beyond the clone. The live database
// is as it was.
RehearsalReport rehearse(const RehearsalInput& input, std::stop_token stop);

}  // namespace guard
