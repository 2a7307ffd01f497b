#include "guard/let_in.h"

#include "guard/hold.h"
#include "guard/sql_guard.h"
#include "util/error.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;

WriteMarks look(const RunContext& context, SessionLedger& ledger) {
  pg::Connection live = pg::Connection::open(context.database, context.names.application);
  ledger.opened("health", "health",
                {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
  return read_marks(live);
}

std::vector<std::string> writes_under_hold(const RunContext& context, const LetIn& before,
                                           SessionLedger& ledger) {
  const StandingHold hold(context, Hold::ReadOnly, ledger,
                          {});  // everybody's counters are in when it stands
  const WriteMarks now = look(context, ledger);
  std::vector<std::string> reasons = hold.doubts(context.maintenance);
  if (!changed_relations(before.marks.counters, now.counters)) {
    reasons.emplace_back(
        "whether others wrote cannot be known: the server does not count exactly (15 and later "
        "do), or its counters were reset");
  }
  for (const std::string& what : changed_between(before.marks, now))
    reasons.push_back(cat("written after writers had been let in: ", what));
  return reasons;
}

}  // namespace

LetIn look_before_let_in(const RunContext& context, const Gate& gate, SessionLedger& ledger) {
  LetIn out;
  out.marks = look(context, ledger);
  out.reasons = judge_since(context, gate, ledger).reasons;
  return out;
}

Judgement judge_let_in(const RunContext& context, const LetIn& before, SessionLedger& ledger) {
  Judgement out{.reasons = before.reasons};
  if (!out.none()) return out;
  try {
    out.reasons = writes_under_hold(context, before, ledger);
  } catch (const util::Error& error) {
    out.reasons.push_back(
        cat("writers were let in, and whether they wrote cannot be known: ", error.message()));
  }
  if (out.none()) return out;
  try {
    release_hold(context);
  } catch (const util::Error& error) {
    out.reasons.push_back(cat("they could not be let in again: ", error.message()));
  }
  return out;
}

}  // namespace guard
