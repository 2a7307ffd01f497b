// Between the end of the hold and the end of the run the application is in again, and may find that
// it is not well (the health check). The migration can still be taken back by itself if nobody has
// written meanwhile: said by the server's counters, which are exact (15+) once every session that
// may have written is gone.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "guard/foreign.h"
#include "guard/gate.h"
#include "guard/ledger.h"
#include "guard/marks.h"

namespace guard {

// The migrated and checked database, immediately before anybody is let in.
struct LetIn {
  std::vector<std::string> reasons;  // why others may have written already
  WriteMarks marks;
};
LetIn look_before_let_in(const RunContext& context, const Gate& gate, SessionLedger& ledger);

// Did others write since? Keeps writers out from now on, so that the answer holds until the undo;
// where that is not possible, or they wrote, they are let in again. Never throws: what cannot be
// known is a reason.
Judgement judge_let_in(const RunContext& context, const LetIn& before, SessionLedger& ledger);

}  // namespace guard
