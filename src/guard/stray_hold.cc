#include "guard/stray_hold.h"

#include <algorithm>

#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

constexpr const char* kApplication = "pgbelay-close";

// "pgbelay run ID, host:folder …"
std::string run_of(std::string_view comment) {
  constexpr std::string_view kBefore = "pgbelay run ";
  if (!comment.starts_with(kBefore)) return {};
  comment.remove_prefix(kBefore.size());
  return std::string(comment.substr(0, comment.find(',')));
}

}  // namespace

std::optional<StrayHold> find_stray_hold(const UndoOptions& options, std::stop_token stop) {
  const std::vector<RunInfo> runs = list_runs(options.dir);
  const std::string database = options.database.database();
  pg::Connection maintenance = swap::open_maintenance(options.database, options.maintenance_db,
                                                      kApplication, std::move(stop));
  for (const swap::Side& side : swap::list_sides(maintenance, database)) {
    const std::optional<HoldMark> mark = parse_hold_mark(side.comment);
    const std::string run = run_of(side.comment);
    const bool here =
        std::any_of(runs.begin(), runs.end(), [&](const RunInfo& info) { return info.run == run; });
    if (!mark || mark->database != database || here) continue;
    if (run.find(options.reference) == std::string::npos) continue;
    return StrayHold{.side = side.name, .run = run, .mark = *mark};
  }
  return std::nullopt;
}

void lift_stray_hold(const UndoOptions& options, const StrayHold& hold, util::Reporter& reporter,
                     std::stop_token stop) {
  pg::Connection maintenance = swap::open_maintenance(options.database, options.maintenance_db,
                                                      kApplication, std::move(stop));
  const std::unique_ptr<swap::DatabaseLock> lock = take_lock(maintenance, hold.mark.database);
  lift_marked_hold(maintenance, hold.side, hold.mark);
  reporter.note(util::cat("writers are let in again; the copy ", hold.side,
                          " stays, for an undo from the machine that has the journal of run ",
                          hold.run));
}

}  // namespace guard
