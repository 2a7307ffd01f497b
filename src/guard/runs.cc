// Runs as their journals tell them: by time, by name, and the state of each.

#include <algorithm>
#include <array>

#include "guard/hold.h"
#include "guard/journal.h"
#include "guard/kept_copy.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

namespace guard {
namespace {

constexpr std::array<std::string_view, 6> kStateNames{"running", "unfinished", "released",
                                                      "undone",  "kept",       "failed"};

std::optional<RunState> parse_state(std::string_view name) {
  const auto found = std::find(kStateNames.begin(), kStateNames.end(), name);
  if (found == kStateNames.end()) return std::nullopt;
  return static_cast<RunState>(found - kStateNames.begin());
}

const Event* last_of(const RunRecord& record, EventKind kind, std::string_view step,
                     std::string_view name) {
  const auto found =
      std::find_if(record.events.rbegin(), record.events.rend(), [&](const Event& event) {
        return event.kind == kind && (step.empty() || event.step == step) &&
               (name.empty() || event.name == name);
      });
  return found == record.events.rend() ? nullptr : &*found;
}

std::vector<std::string> matching_names(const std::vector<RunInfo>& runs, std::string_view part) {
  std::vector<std::string> names;
  for (const RunInfo& run : runs) {
    if (run.run.find(part) != std::string::npos) names.push_back(run.run);
  }
  return names;
}

}  // namespace

std::string_view state_name(RunState state) { return kStateNames[static_cast<std::size_t>(state)]; }

bool RunRecord::begun(std::string_view step) const {
  return last_of(*this, EventKind::Begin, step, {}) != nullptr;
}
const Event* RunRecord::last_end(std::string_view step) const {
  return last_of(*this, EventKind::End, step, {});
}
const Event* RunRecord::last_fact(std::string_view name) const {
  return last_of(*this, EventKind::Fact, {}, name);
}

std::vector<const Event*> RunRecord::facts(std::string_view name) const {
  std::vector<const Event*> out;
  for (const Event& event : events) {
    if (event.kind == EventKind::Fact && event.name == name) out.push_back(&event);
  }
  return out;
}

RunInfo RunRecord::info() const {
  RunInfo info;
  info.run = header.run;
  info.key = header.key;
  info.database = header.database;
  info.system_identifier = header.system_identifier;
  info.source = header.source;
  info.command = header.command;
  info.started_at = header.started_at;
  info.folder = folder;
  if (const Event* step = last_of(*this, EventKind::Begin, {}, {})) info.step = step->step;
  info.held = held_as(*this);
  info.migrate_begun = begun("migrate");
  if (const Event* backup = last_fact("backup")) info.backup = backup->get("name");
  if (const Event* exit = last_fact("exit")) {
    if (const auto code = util::parse_i64(exit->get("code"))) info.exit = static_cast<int>(*code);
  }
  const Event* const undo = last_of(*this, EventKind::Begin, "undo", {});
  const Event* const end = last_end("run");
  // A run that was released can be taken back later: until that is over it is unfinished again.
  if (end != nullptr && (undo == nullptr || undo->seq < end->seq)) {
    info.state = parse_state(end->get("state")).value_or(RunState::Failed);
    info.ended_at = end->at;
    if (info.state == RunState::Released) info.undo_until = guard::undo_until(*this);
    info.kept_as_backup = guard::kept_as_backup(*this);
  } else if (running) {
    info.state = RunState::Running;
  }
  return info;
}

std::vector<RunInfo> list_runs(const std::filesystem::path& dir) {
  std::vector<RunInfo> runs;
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "runs", failure)) {
    if (!std::filesystem::exists(entry.path() / kJournalFile)) continue;
    try {
      runs.push_back(read_run(entry.path()).info());
    } catch (const util::Error&
                 error) {  // a run that died while writing line 1 had not done anything yet
      util::log::warning(error.message());
    }
  }
  std::sort(runs.begin(), runs.end(), [](const RunInfo& a, const RunInfo& b) {
    return std::pair(a.started_at, a.run) < std::pair(b.started_at, b.run);
  });
  settle_kept_backups(runs, dir, util::Clock::now());
  return runs;
}

RunInfo find_run(const std::filesystem::path& dir, std::string_view reference,
                 std::string_view database) {
  const std::vector<RunInfo> runs = list_runs(dir);
  if (reference.empty()) {
    const auto found = std::find_if(runs.rbegin(), runs.rend(), [&](const RunInfo& run) {
      return (database.empty() || run.database == database) &&
             (run.state == RunState::Unfinished || run.state == RunState::Running);
    });
    if (found != runs.rend()) return *found;
    throw util::Error(util::Kind::Usage,
                      util::cat("no unfinished run of database ", database, " in ", dir.string()),
                      {.hint = "List all runs with: pgbelay runs", .sqlstate = {}});
  }
  const auto exact = std::find_if(runs.begin(), runs.end(),
                                  [&](const RunInfo& run) { return run.run == reference; });
  if (exact != runs.end()) return *exact;
  const std::vector<std::string> names = matching_names(runs, reference);
  if (names.empty()) {
    throw util::Error(util::Kind::Usage, util::cat("no run ", reference, " in ", dir.string()),
                      {.hint = "List all runs with: pgbelay runs", .sqlstate = {}});
  }
  if (names.size() > 1) {
    throw util::Error(
        util::Kind::Usage,
        util::cat(reference, " fits ", names.size(), " runs: ", util::join(names, ", ")),
        {.hint = "Name one of them in full.", .sqlstate = {}});
  }
  return *std::find_if(runs.begin(), runs.end(),
                       [&](const RunInfo& run) { return run.run == names.front(); });
}

}  // namespace guard
