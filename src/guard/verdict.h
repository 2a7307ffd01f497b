// After the migration: what has become of it, and what is done about that.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "backup/backup.h"
#include "guard/gate.h"
#include "guard/kept_copy.h"
#include "guard/replace.h"
#include "guard/run.h"
#include "guard/take_back.h"

namespace guard {

struct FailedAttempt {
  const RunContext& context;
  const backup::Backup& backup;
  std::optional<swap::SealRecord> copy;
  const Gate& gate;
  SessionLedger& ledger;
  std::string cause;
  Undo undo = Undo::Auto;
  FailedState failed_state = FailedState::BackUp;  // of a replace
  OnForeignWrites on_foreign_writes = OnForeignWrites::Ask;
  AskAboutWrites ask = {};
  std::optional<Judgement> others = std::nullopt;  // judged already, after they had been let in
};

// Undoes what can be undone without losing anything. Never throws for a failure of the undo: that
// is Outcome NotUndone with what to do now.
Result take_back_failed(const FailedAttempt& failed);

// The migration stays: the hold is released, the copy goes, or is kept for a while. Prints the step
// "release". Throws only if the hold could not be released.
void release(const RunContext& context, const KeepCopy& keep);

// The copy, and the clone of a rehearsal if there still is one.
void drop_copy(const RunContext& context);
// After an undo although others wrote (before it, where nothing but `database` itself has them):
// their rows are saved, and it is said where. A failure is a warning, if what the undo keeps has
// them.
void save_foreign_rows(const RunContext& context, const backup::Backup& backup,
                       const std::string& database);
void tell_foreign_rows(const RunContext& context, const backup::Backup& backup,
                       const std::string& database);
// "; the failed state is kept as …", for a report.
std::string kept_text(const std::string& kept);
// Releases the hold if one stands, and says for how long writers were kept out.
void tell_release(const RunContext& context);

// Whether an undo may take away what others may have written: nobody has, or that was chosen, or is
// the answer.
bool may_undo(const Judgement& others, OnForeignWrites chosen, const AskAboutWrites& ask);
// What the operator may choose from when it is not undone by itself.
std::vector<std::string> choices(const std::string& run);

// The end of a run's journal: its state and exit code; and report.txt in its folder.
struct Ending {
  RunState state = RunState::Failed;
  int exit_code = 0;
  std::string text;              // for the report
  bool schema_recorded = false;  // in the run's folder, just now
};
void end_run(const RunContext& context, const Ending& ending);

// A run whose migration failed and whose old state is back, or was never left: exit code 3. Tells
// what remains changed outside the database.
struct Undone {
  const backup::Backup& backup;
  const std::string& cause;
  std::string text;  // what was done, for the report
  std::string kept;  // what the failed state is kept as, if it is
  const std::vector<SharedChange>& cluster;
};
Result undone(const RunContext& context, const Undone& what);

// The run stays open, for `undo` or `close`: exit code 4.
Result not_undone(const RunContext& context, std::string cause,
                  const std::vector<std::string>& what_to_do);

}  // namespace guard
