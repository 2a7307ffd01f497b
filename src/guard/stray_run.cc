#include "guard/stray_run.h"

#include <algorithm>

#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;

constexpr const char* kApplication = "pgbelay-runs";

pg::Connection open_maintenance(const UndoOptions& options, std::stop_token stop) {
  return swap::open_maintenance(options.database, options.maintenance_db, kApplication,
                                std::move(stop));
}

bool refers(const UndoOptions& options, const std::string& run) {
  return run.find(options.reference) != std::string::npos;
}

// The folder alone, of "host:folder".
std::string folder_of(const RunMark& mark) {
  const std::size_t colon = mark.where.find(':');
  return colon == std::string::npos ? mark.where : mark.where.substr(colon + 1);
}

// The mark of a hold on `database`, of a run that says who it is.
bool holds(const swap::Side& side, const std::string& database) {
  const std::optional<RunMark> mark = parse_run_mark(side.comment);
  return mark && mark->hold && mark->hold->database == database;
}

// Databases in whose comments runs may speak.
std::vector<swap::Side> told_by(pg::Connection& maintenance, const std::string& database) {
  std::vector<swap::Side> all = swap::list_sides(maintenance, database);
  for (swap::Side& own : swap::list_own(maintenance, database))
    if (holds(own, database)) all.push_back(std::move(own));
  return all;
}

}  // namespace

std::vector<swap::Side> marked_databases(pg::Connection& maintenance, const std::string& database) {
  std::vector<swap::Side> marked = told_by(maintenance, database);
  std::erase_if(marked, [&](const swap::Side& side) { return !holds(side, database); });
  return marked;
}

std::vector<StrayRun> stray_runs(pg::Connection& maintenance, const std::string& database,
                                 const std::filesystem::path& dir) {
  std::vector<std::string> known;
  for (const RunInfo& run : list_runs(dir)) known.push_back(run.run);
  std::vector<StrayRun> runs;
  for (const swap::Side& side : told_by(maintenance, database)) {
    std::optional<RunMark> mark = parse_run_mark(side.comment);
    if (!mark || std::ranges::find(known, mark->run) != known.end()) continue;
    runs.push_back({.side = side.name, .database = database, .mark = *std::move(mark)});
  }
  // A run may have left several: the one that says most comes first and stands for it.
  std::ranges::stable_sort(runs, {}, [](const StrayRun& run) { return !run.mark.unfinished(); });
  std::vector<StrayRun> once;
  for (StrayRun& run : runs) {
    if (std::ranges::none_of(once,
                             [&](const StrayRun& had) { return had.mark.run == run.mark.run; }))
      once.push_back(std::move(run));
  }
  return once;
}

namespace {

// Those that the reference may mean: none if it means one in the folder.
std::vector<StrayRun> meant_elsewhere(const UndoOptions& options, pg::Connection& maintenance) {
  const auto meant = [&](const auto& run) { return refers(options, run.run); };
  if (!options.reference.empty() && std::ranges::any_of(list_runs(options.dir), meant)) return {};
  std::vector<StrayRun> runs = stray_runs(maintenance, options.database.database(), options.dir);
  std::erase_if(runs, [&](const StrayRun& run) { return !meant(run.mark); });
  return runs;
}

}  // namespace

std::optional<StrayRun> find_stray_run(const UndoOptions& options, std::stop_token stop) {
  pg::Connection maintenance = open_maintenance(options, std::move(stop));
  for (StrayRun& run : meant_elsewhere(options, maintenance)) {
    if (!run.mark.unfinished()) continue;
    take_lock(maintenance, run.database);
    return std::move(run);
  }
  return std::nullopt;
}

std::string stray_text(const StrayRun& run) {
  std::string text =
      cat("run ", run.mark.run, " of database ", util::printable(run.database), " was made at ",
          util::printable(run.mark.where), " and is not finished: ",
          run.mark.begun == Begun::Yes ? "its migration had begun" : "its migration had not begun");
  if (!run.mark.hold) return text;
  return text + (run.mark.hold->held.empty()
                     ? std::string("; until it is, writers are kept out")
                     : cat("; until it is, nobody else can connect, and the database is called ",
                           util::printable(run.mark.hold->held)));
}

std::vector<std::string> stray_remedies(const StrayRun& run) {
  const std::string end = cat(run.mark.run, " --dir ", util::printable(folder_of(run.mark)));
  std::vector<std::string> lines;
  if (run.mark.begun == Begun::Yes) {
    lines = {cat("finish it, where that folder is:       pgbelay resume ", end),
             cat("take it back, where that folder is:    pgbelay undo ", end)};
  } else {
    lines = {cat("clear it away, where that folder is:   pgbelay undo ", end)};
  }
  lines.push_back(
      cat("or from anywhere, leave the database as it is: pgbelay close ", run.mark.run));
  return lines;
}

util::Error unfinished_elsewhere(const StrayRun& run) {
  return {util::Kind::NotUndone,
          stray_text(run),
          {.hint = util::join(stray_remedies(run), "\n  "), .sqlstate = {}}};
}

namespace {

// `nothing`: that there is no such run here.
util::Error as_the_server_knows(const UndoOptions& options, const util::Error& nothing,
                                std::stop_token stop) {
  pg::Connection maintenance = open_maintenance(options, std::move(stop));
  const std::vector<StrayRun> runs = meant_elsewhere(options, maintenance);
  if (runs.empty()) return nothing;
  const StrayRun& run = runs.front();
  if (!run.mark.unfinished()) {
    return {nothing.kind(),
            cat(nothing.message(), "; database ", util::printable(run.side), " is of run ",
                run.mark.run, ", made at ", util::printable(run.mark.where)),
            {.hint = "Call it where that folder is, with --dir.", .sqlstate = {}}};
  }
  take_lock(maintenance, run.database);
  return unfinished_elsewhere(run);
}

}  // namespace

RunInfo find_run_anywhere(const UndoOptions& options, std::stop_token stop) {
  try {
    return find_run(options.dir, options.reference, options.database.database());
  } catch (const util::Error& error) {  // the server may know where the run is
    if (error.kind() != util::Kind::Usage) throw;
    util::Error told = error;
    try {
      told = as_the_server_knows(options, error, std::move(stop));
    } catch (const util::Error& failure) {
      if (failure.kind() == util::Kind::Interrupted || failure.kind() == util::Kind::Busy) throw;
      told.attach(cat("the server could not be asked for it: ", failure.message()));
    }
    throw told;
  }
}

void close_stray_run(const UndoOptions& options, const StrayRun& run, util::Reporter& reporter,
                     std::stop_token stop) {
  pg::Connection maintenance = open_maintenance(options, std::move(stop));
  const std::unique_ptr<swap::DatabaseLock> lock = take_lock(maintenance, run.database);
  if (run.mark.hold) {
    lift_marked_hold(maintenance, *run.mark.hold);
    take_mark_away(maintenance, run.database);  // an undo without a copy has two marks meanwhile
  }
  const bool copy = run.side != run.database && (!run.mark.hold || run.side != run.mark.hold->held);
  if (copy) clear_mark(maintenance, run.side);
  reporter.note(cat(run.mark.hold ? "writers are let in again" : "the database stays as it is",
                    copy ? cat("; the copy ", util::printable(run.side)) : "; the backup",
                    " stays, for an undo from the machine that has the journal of run ",
                    run.mark.run));
}

}  // namespace guard
