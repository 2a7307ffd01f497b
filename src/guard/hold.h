// The hold: writers are ended and kept out (architecture.md §5). Others may read, or, if it is
// exclusive, cannot connect at all: the database has another name as long as it stands (S8).
//
// `default_transaction_read_only` alone is a wish (F4). What makes it evidence: no role has a
// setting of its own that is stronger, nothing but client sessions works in the database, whoever
// read his settings before is gone, the counters of the tables did not move while nobody was to
// write, and no session of another was seen with a transaction id.
//
// What has to be put back is written into the cluster (hold_mark.h), and into the journal before
// anything changes (S18).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "guard/foreign.h"
#include "guard/hold_mark.h"
#include "guard/marks.h"
#include "guard/run.h"
#include "guard/take_back.h"

namespace guard {

class SessionLedger;

class StandingHold {
 public:
  // Begins it: Hold::ReadOnly or Exclusive. Kind::Preflight naming what cannot be ended; then
  // release_hold() has to clear up, and nobody was kept out for long.
  StandingHold(const RunContext& context, Hold kind, const SessionLedger& ledger,
               const std::stop_token& stop);
  // Does not release: release_hold().
  ~StandingHold();
  StandingHold(const StandingHold&) = delete;
  StandingHold& operator=(const StandingHold&) = delete;

  // Why it is not evidence that nobody else wrote since it began; empty: it is. Through a
  // connection to another database; any thread that owns that.
  std::vector<std::string> doubts(pg::Connection& maintenance) const;

  // What the database was when nobody could write any more: later differences are the
  // migration's, or those of somebody who overrode the hold.
  void set_base(WriteMarks base);
  const WriteMarks& base() const;
  // Of `now`, read before the migration begins: what changed although nobody was to write.
  std::vector<std::string> changed_since_base(const WriteMarks& now) const;

 private:
  class Watch;
  struct State;
  std::unique_ptr<State> state_;
};

// Before the failed state is backed up and replaced: what others write from now on would be in
// neither. A read-only hold that is no evidence of what was written before it; it is journalled,
// marked and released as every hold. Sessions that cannot be ended are named and stay. Nothing if
// a hold stands.
void keep_out_for_undo(const RunContext& context);
// Whether the hold that stands is one of that kind, of this attempt or of one that died.
bool held_for_undo(const RunRecord& record);

// Settings, workers, subscriptions: what a hold would not bind, asked before it begins.
struct HeldDatabase {
  std::string name;  // as it is called at the moment
  Hold kind = Hold::ReadOnly;
};
std::vector<std::string> hold_doubts(pg::Connection& maintenance, const HeldDatabase& database,
                                     const IsOwn& is_own);

// The same, and whether the hold still stands.
std::vector<std::string> standing_doubts(pg::Connection& maintenance, const HeldDatabase& database,
                                         const IsOwn& is_own);

// Puts back what the run's hold changed, on the served database and on the kept one, and ends the
// sessions that were opened read-only, so that pools connect anew. Nothing if no hold stands.
// Repeatable. Kind::NotUndone if the database's name was taken meanwhile.
struct KeptOut {
  Hold kind = Hold::ReadOnly;
  std::chrono::milliseconds time{0};
};
std::optional<KeptOut> release_hold(const RunContext& context);
// "writers were kept out for 4.2 s"; empty if nobody was.
std::string kept_out_text(const std::optional<KeptOut>& kept_out);

// Whether the hold of a run that a journal tells of stands, and which.
bool hold_stands(const RunRecord& record);
Hold hold_kind(const RunRecord& record);
// The name that the database has as long as an exclusive hold of that run stands; else empty.
std::string held_as(const RunRecord& record);

// After an exclusive hold: the database has its own name again, and nobody comes in until the undo
// has swapped it. Nothing if it has it. Repeatable.
void take_name_back_closed(const RunContext& context);
// A later process: the database as the server knows it now.
void recall_name(const RunContext& context);

// Of the hold that a journal tells of; nothing: none stands.
std::optional<HoldMark> standing_mark(const RunContext& context, const RunRecord& record);
// Lifts what a run left behind whose journal is not here; its mark stays.
void lift_marked_hold(pg::Connection& maintenance, const HoldMark& mark);

}  // namespace guard
