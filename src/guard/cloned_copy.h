// --undo clone: the server itself copies the live database, file by file, for a role that may not
// restore everything in it (an extension, an event trigger; postgres-hazards.md S3).
//
// It is an outage (M8): sessions are ended, and whoever connects while the files are copied, 200 MB
// a second or so, waits. So it is never chosen by itself.
#pragma once

#include <stop_token>

#include "guard/ledger.h"
#include "guard/prepare.h"
#include "guard/run.h"
#include "guard/take_back.h"

namespace guard {

// The step "clone": ends the sessions of the live database, clones it, compares the clone with the
// backup and seals it: `prepared.copy` from then on. Kind::NotConfirmed if others are connected and
// --hold none was not chosen; Kind::Proof if the clone is not what the backup is.
void clone_for_undo(const RunContext& context, const Options& options, Prepared& prepared,
                    SessionLedger& ledger, std::stop_token stop);

}  // namespace guard
