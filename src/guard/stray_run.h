// Runs whose journal is not in this folder: of another machine, a container that died, another
// --dir. The comment on the copy, or under a hold the database's own, says whose they are and what
// is to be put back (S18, K6).
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "guard/run_mark.h"
#include "guard/undo.h"
#include "swap/swap.h"
#include "util/error.h"

namespace guard {

// Those whose comments tell of a hold of `database`: copies, and itself under either name.
std::vector<swap::Side> marked_databases(pg::Connection& maintenance, const std::string& database);

struct StrayRun {
  std::string side;  // the database whose comment tells of it: a copy, or the one that is held
  std::string database;
  RunMark mark;
};
// Those of `database` that are not in `dir`, each once: first the unfinished ones.
std::vector<StrayRun> stray_runs(pg::Connection& maintenance, const std::string& database,
                                 const std::filesystem::path& dir);
// The unfinished one whose id has the reference in it. Kind::Busy while a run of the database
// lives.
std::optional<StrayRun> find_stray_run(const UndoOptions& options, std::stop_token stop);

// "run … was begun on … and had begun its migration"; and what to do about it.
std::string stray_text(const StrayRun& run);
std::vector<std::string> stray_remedies(const StrayRun& run);
// Kind::NotUndone, of both.
util::Error unfinished_elsewhere(const StrayRun& run);

// As find_run(), and where that finds nothing the server is asked: Kind::NotUndone naming the run
// that is unfinished elsewhere, Kind::Usage naming one that has left something, Kind::Busy.
RunInfo find_run_anywhere(const UndoOptions& options, std::stop_token stop);

// Leaves the database as it is and lets everybody in again. A copy stays: who has the journal can
// still undo. Kind::Busy while the run lives.
void close_stray_run(const UndoOptions& options, const StrayRun& run, util::Reporter& reporter,
                     std::stop_token stop);

}  // namespace guard
