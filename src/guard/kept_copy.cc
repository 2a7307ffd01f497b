#include "guard/kept_copy.h"

#include <algorithm>
#include <span>

#include "guard/sql_guard.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::string_view kFact = "kept_copy";
constexpr std::string_view kMark = " (kept for undo)";  // at the end of its comment

bool is_kept(const swap::Side& side) {
  return side.purpose == swap::Purpose::Proof && side.comment.ends_with(kMark);
}

// The next run needs about as much again as this one did.
bool room_for_next(const KeepCopy& keep) {
  std::optional<std::uint64_t> free;
  if (keep.server_free) {
    free = *keep.server_free - std::min(*keep.server_free, keep.database_bytes);
  } else if (keep.server_folder) {
    free = util::free_space(*keep.server_folder);
  }
  return !free || *free >= 2 * keep.database_bytes;
}

void drop(pg::Connection& maintenance, const swap::Side& side, std::string_view why,
          util::Reporter& reporter) {
  try {
    swap::drop_side(maintenance, side.name);
    reporter.note(cat("dropped ", util::printable(side.name), ": ", why));
  } catch (const util::Error& error) {
    reporter.warning(cat("not dropped: ", error.message()));
  }
}

std::string keep_backup(const RunContext& context, std::chrono::milliseconds time) {
  context.journal.fact("release", kFact,
                       {{"backup", read_run(context.names.folder).info().backup},
                        {"until", util::rfc3339(util::Clock::now() + time)}});
  return cat("the migration stays; for ", util::show_duration(time),
             " its backup can be put in its place: pgbelay undo ", context.names.id);
}

// What keeps `run` from being taken back by its backup; empty: nothing.
std::string over(const RunInfo& run, std::span<const RunInfo> newer,
                 const std::filesystem::path& dir, util::Clock::time_point now) {
  for (const RunInfo& other : newer) {
    if (other.database != run.database || other.system_identifier != run.system_identifier ||
        !other.migrate_begun)
      continue;
    if (other.state == RunState::Released) return cat("so has a newer migration: ", other.run);
    if (other.state == RunState::Unfinished || other.state == RunState::Running)
      return cat("a newer run is unfinished: ", other.run);
  }
  std::error_code ignored;
  if (!std::filesystem::exists(dir / run.backup, ignored))
    return cat("its backup ", run.backup, " is gone");
  const RunRecord record = read_run(run.folder);
  if (const Event* const follow_up = record.last_fact("follow-up");
      follow_up != nullptr &&
      !std::filesystem::exists(run.folder / follow_up->get("name"), ignored))
    return cat("what follows its backup, ", follow_up->get("name"), ", is gone");
  const std::optional<util::Clock::time_point> until = util::parse_rfc3339(run.undo_until);
  if (!until || *until < now) return cat("its time for undo is over (", run.undo_until, ")");
  return {};
}

// Clearing up must not turn a success into a failure.
std::vector<swap::Side> sides_of(const RunContext& context) {
  try {
    return swap::list_sides(context.maintenance, context.database.database());
  } catch (const util::Error& error) {
    context.reporter.warning(
        cat("databases of earlier runs were not looked for: ", error.message()));
    return {};
  }
}

}  // namespace

std::optional<std::string> keep_copy(const RunContext& context, const KeepCopy& keep) {
  if (keep.time > std::chrono::milliseconds(0) && keep.what == OldState::Backup)
    return keep_backup(context, keep.time);
  if (keep.time <= std::chrono::milliseconds(0) ||
      database_oid(context.maintenance, context.names.copy) == 0)
    return std::nullopt;
  if (!room_for_next(keep)) {
    context.reporter.note(
        "the old state is not kept for undo: the server would lack the room for the next run");
    return std::nullopt;
  }
  const std::string until = util::rfc3339(util::Clock::now() + keep.time);
  swap::comment(context.maintenance, context.names.copy, cat(context.names.comment, kMark));
  context.journal.fact("release", kFact, {{"copy", context.names.copy}, {"until", until}});
  return cat("the migration stays; the old state is kept for ", util::show_duration(keep.time),
             ": pgbelay undo ", context.names.id);
}

std::string undo_until(const RunRecord& record) {
  const Event* const kept = record.last_fact(kFact);
  return kept == nullptr ? std::string() : kept->get("until");
}

bool kept_as_backup(const RunRecord& record) {
  const Event* const kept = record.last_fact(kFact);
  return kept != nullptr && !kept->get("backup").empty();
}

void settle_kept_backups(std::vector<RunInfo>& runs, const std::filesystem::path& dir,
                         util::Clock::time_point now) {
  for (std::size_t n = 0; n < runs.size(); ++n) {
    if (!runs[n].kept_as_backup || runs[n].undo_until.empty()) continue;
    runs[n].undo_over = over(runs[n], std::span(runs).subspan(n + 1), dir, now);
    if (!runs[n].undo_over.empty()) runs[n].undo_until.clear();
  }
}

void forget_copy(const RunContext& context) {
  if (undo_until(read_run(context.names.folder)).empty()) return;
  context.journal.fact("release", kFact, {{"copy", context.names.copy}, {"until", ""}});
}

void drop_older_copies(const RunContext& context) {
  for (const swap::Side& side : sides_of(context)) {
    if (is_kept(side) && side.name != context.names.copy)
      drop(context.maintenance, side, "a newer migration has succeeded", context.reporter);
  }
}

void drop_older_failures(const RunContext& context) {
  std::vector<swap::Side> failed = sides_of(context);
  std::erase_if(failed,
                [](const swap::Side& side) { return side.purpose != swap::Purpose::Failed; });
  std::ranges::sort(failed, {}, &swap::Side::key);
  for (std::size_t n = 0; n + 1 < failed.size(); ++n)
    drop(context.maintenance, failed[n], "a newer failed database is kept", context.reporter);
}

void drop_expired(pg::Connection& maintenance, const std::string& database,
                  const std::filesystem::path& dir, util::Reporter& reporter,
                  util::Clock::time_point now) {
  std::vector<swap::Side> kept = swap::list_sides(maintenance, database);
  std::erase_if(kept, [](const swap::Side& side) { return !is_kept(side); });
  for (const RunInfo& run : list_runs(dir)) {
    const auto side = std::ranges::find(kept, run.key, &swap::Side::key);
    if (side == kept.end() || run.database != database) continue;
    const std::optional<util::Clock::time_point> until = util::parse_rfc3339(run.undo_until);
    if (until && *until < now) drop(maintenance, *side, "its time for undo is over", reporter);
  }
}

}  // namespace guard
