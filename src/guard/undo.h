// Taking a run back, closing it, listing runs: for a new process, after anything that ended the old
// one.
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "guard/run.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace guard {

enum class RunState { Running, Unfinished, Released, Undone, Kept, Failed };
std::string_view state_name(RunState state);  // contracts.md K9

struct RunInfo {
  std::string run;  // id
  std::string key;
  std::string database;
  std::string system_identifier;
  std::string source;                // sanitised
  std::vector<std::string> command;  // scrubbed
  RunState state = RunState::Unfinished;
  std::string step;  // the last that began
  bool migrate_begun = false;
  std::optional<int> exit;
  std::string started_at, ended_at;
  std::string backup;
  std::string undo_until;  // of a released one whose old state was kept: `undo` may take it back
  bool kept_as_backup = false;  // that is its backup, under replace
  std::string undo_over;        // why it is no more; only of such a backup
  std::string held;  // what the database is called as long as the run's exclusive hold stands
  std::filesystem::path folder;
};

std::vector<RunInfo> list_runs(const std::filesystem::path& dir);  // by time
// An exact id, a part that fits one, or (empty) the last unfinished run of `database`. Kind::Usage
// otherwise.
RunInfo find_run(const std::filesystem::path& dir, std::string_view reference,
                 std::string_view database);

struct UndoOptions {
  pg::ConnInfo database;
  std::string maintenance_db;
  std::vector<pg::ConnInfo> replicas;
  std::filesystem::path dir;
  std::string reference;  // RUN or empty
  OnForeignWrites on_foreign_writes = OnForeignWrites::Ask;
  AskAboutWrites ask = {};
  bool failed_backup = true;           // of the state that a replace takes away
  std::optional<Sequences> sequences;  // nothing: as the run was told
  bool recheck = false;                // read the copy again before it is unsealed
  std::size_t jobs = 0;
  std::string version;
  OutsideOptions outside;
};
// A released run whose copy was kept is taken back as well: Kind::NotConfirmed when others may have
// written since and neither `on_foreign_writes` nor the answer is undo.
// Ends what still lives of the run, judges writes by others, swaps the copy in, verifies. Outcome
// Undone (exit 0) or NotUndone (exit 4); Kind::Usage (2) when there is nothing to undo; Kind::Busy
// when the run is still alive.
Result undo(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop);

// Finishes an unfinished run as the run itself would have: a migration that had ended well is
// checked and released (Done, 0); anything else is undone (Undone, 3; NotUndone, 4); one that had
// not begun is cleared away (Undone, 1). Kind::Usage when the run is over.
Result resume(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop);

// Leaves the database as it is, releases everything, state `kept`.
Result close(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop);

}  // namespace guard
