// The steps before the migration: what they give is what the migration may begin with.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "guard/gate.h"
#include "guard/hold.h"
#include "guard/ledger.h"
#include "guard/preflight.h"
#include "guard/proof_place.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "migrate/files.h"
#include "verify/proof.h"

namespace guard {

// Contradictions among the options, and a command that cannot be found: Kind::Usage, before
// anything starts.
void require_consistent(const Options& options);

// A run that had not reached its migration is cleared away; one that had, or that still runs, stops
// this one: Kind::NotUndone naming `pgbelay undo RUN`, Kind::Busy. Databases of a rehearsal that
// died go, too. One whose journal is elsewhere stops it as well, if its migration had begun or its
// hold stands: Kind::NotUndone.
void settle_unfinished_runs(const Options& options, pg::Connection& maintenance,
                            std::unique_ptr<swap::DatabaseLock>& lock, util::Reporter& reporter);

// The step "preflight"; the line of the printed list is its text.
Preflight check_preflight(const Options& options, const RunNames& names, util::Reporter& reporter,
                          std::stop_token stop);

// Takes over what preflight has chosen, and refuses what does not go with it: Kind::Usage.
void settle_strategy(Options& options, const Preflight& preflight, util::Reporter& reporter);

// Files that are not applied yet, and what is odd about the others.
std::vector<migrate::File> pending_files(const Options& options, const std::string& application,
                                         util::Reporter& reporter, std::stop_token stop);

struct Prepared {
  backup::Backup backup;
  verify::Proof proof;
  std::optional<swap::SealRecord> copy;  // what an undo swaps in, sealed; nothing: not kept
  std::chrono::steady_clock::time_point proven_at;
  Sighting at_snapshot;
  std::uint64_t own_at_snapshot = 0;
  std::optional<WriteMarks> marks;    // before the snapshot, for a catch-up
  std::unique_ptr<ProofPlace> place;  // for a rehearsal or a hold: where the proof left its copy
};
// The steps "backup" and "proof". Kind::Backup, Kind::Proof, Kind::Interrupted.
Prepared prepare(const RunContext& context, const Options& options, SessionLedger& ledger,
                 std::stop_token stop);

// The step "hold": writers are ended and kept out, and what they had written since the snapshot is
// backed up, and put into the copy where there is one; `prepared` is then what the database is
// under the hold. Kind::Preflight, Proof, Interrupted.
std::unique_ptr<StandingHold> hold_and_catch_up(const RunContext& context, const Options& options,
                                                Prepared& prepared, SessionLedger& ledger,
                                                std::stop_token stop);

// The step "confirm": Kind::NotConfirmed unless the operator says yes.
void confirm(const RunContext& context, const Options& options, const Prepared& prepared,
             const std::vector<migrate::File>& files);
// What would happen, for people.
std::vector<std::string> plan_lines(const Options& options, const Preflight& preflight,
                                    const std::vector<migrate::File>& files);

// The proof restores: there is a copy while it is made, …
bool proof_makes_copy(const Options& options);
// … and on the server of the database.
bool proof_leaves_copy(const Options& options);
// A failed migration will be undone by a swap …
bool undoes(const Options& options);
// … with the copy that the proof left, …
bool keeps_proven_copy(const Options& options);
// There is what a hold needs: an undo that brings back what was caught up, and a command that can
// still write.
bool can_hold(const Options& options);
// The same for preflight, which chooses an undo.
std::function<MayHold(Undo undo)> hold_question(const Options& options);
// The copy of a proof elsewhere is needed until a hold has caught it up.
bool may_catch_up(const Options& options);
// … or with any that is there already. Otherwise the copy is made when it is needed: a restore
// (contracts.md K2).
bool keeps_copy(const Options& options);

}  // namespace guard
