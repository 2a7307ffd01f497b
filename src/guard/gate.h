// The gate: immediately before the command's first statement, while every difference is still
// somebody else's, it is judged whether anybody else writes (F2, F5), whether the undo is still
// possible (S1, S6), and what the database is is written down for the verdict.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "check/check.h"
#include "guard/ledger.h"
#include "guard/marks.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "verify/proof.h"

namespace guard {

class StandingHold;

struct Gate {
  bool others = false;               // somebody else may write, and the operator chose to go on
  std::vector<std::string> reasons;  // why that cannot be excluded
  Sighting sighting;
  std::uint64_t own = 0;  // sessions of ours until `sighting`
  WriteMarks marks;
  check::Before before;
  const StandingHold* hold = nullptr;  // stands, and is what the judgement rests on
  MayHold may_hold = MayHold::No;      // as it was asked with
  bool hold_wanted = false;  // chosen when asked: the gate is to be opened again under a hold
};

struct GateQuestion {
  const archive::Manifest& manifest;
  const std::optional<swap::SealRecord>& copy;  // that the undo swaps in
  Sighting at_snapshot;
  std::uint64_t own_at_snapshot = 0;
  std::chrono::milliseconds proof_age{0};
  bool swap = true;          // the undo will be a swap
  bool copy_is_kept = true;  // and its copy is there already
  const StandingHold* hold = nullptr;
  const WriteMarks* marks_at_snapshot = nullptr;  // read before it
  MayHold may_hold = MayHold::No;                 // what a hold needs is there, and none stands
};

// Asks the operator where that is needed. Throws, all before the migration: Kind::NotConfirmed (6),
// Kind::Proof (5: too old, the seal is broken), Kind::Preflight (1: the undo would be blocked).
Gate open_gate(const RunContext& context, const Options& options, const GateQuestion& question,
               SessionLedger& ledger);

// The same question once more, from a thread of the tap before the very first statement; through a
// connection of its own. Throws Kind::NotConfirmed.
void pass_gate(pg::Connection& watcher, const Gate& gate, const std::string& database,
               const SessionLedger& ledger, Hold hold);

// Were others there between the gate and now? Every session of the run must have ended.
Judgement judge_since(const RunContext& context, const Gate& gate, const SessionLedger& ledger);

void journal_gate(const RunContext& context, const Gate& gate);

}  // namespace guard
