#include "ops/prune.h"

#include <algorithm>
#include <optional>

#include "guard/undo.h"
#include "pg/server_facts.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace ops {
namespace {

using swap::Purpose;
using util::cat;

constexpr const char* kApplication = "pgbelay-prune";

std::string_view purpose_name(Purpose purpose) {
  switch (purpose) {
    case Purpose::Proof:
      return "proof";
    case Purpose::Rehearsal:
      return "rehearsal";
    case Purpose::Failed:
      return "failed";
    case Purpose::Replaced:
      return "replaced";
    case Purpose::Probe:
      return "probe";
    case Purpose::Drift:
      return "drift";
    case Purpose::Held:
      return "held";
  }
  return "";
}

// The first fourteen digits of a key: YYYYMMDDHHMMSS.
std::optional<util::Clock::time_point> time_of(const std::string& key) {
  const auto part = [&](std::size_t from, std::size_t count) { return key.substr(from, count); };
  return util::parse_rfc3339(cat(part(0, 4), "-", part(4, 2), "-", part(6, 2), "T", part(8, 2), ":",
                                 part(10, 2), ":", part(12, 2), "Z"));
}

struct Judged {
  Prune what = Prune::Keep;
  std::string reason;
};

class Pruner {
 public:
  Pruner(const PruneOptions& options, std::stop_token stop)
      : options_(options),
        maintenance_(swap::open_maintenance(options.server, options.maintenance_db, kApplication,
                                            std::move(stop))),
        identifier_(pg::server_facts(maintenance_).system_identifier),
        runs_(guard::list_runs(options.dir)) {}

  std::vector<MadeDatabase> list() {
    std::vector<MadeDatabase> out;
    for (const swap::SideOnServer& found : swap::list_all_sides(maintenance_)) {
      const guard::RunInfo* const run = run_of(found);
      const auto made_at = time_of(found.side.key);
      const Judged judged = judge(found, run);
      out.push_back({.name = found.side.name,
                     .purpose = std::string(purpose_name(found.side.purpose)),
                     .run = run == nullptr ? std::string() : run->run,
                     .made_at = made_at ? util::rfc3339(*made_at) : std::string(),
                     .bytes = found.side.bytes,
                     .what = judged.what,
                     .reason = judged.reason});
    }
    return out;
  }

  // Once more under the lock, which nobody can take in between.
  void drop(MadeDatabase& one) {
    const std::vector<swap::SideOnServer> all = swap::list_all_sides(maintenance_);
    const auto found = std::find_if(all.begin(), all.end(), [&](const swap::SideOnServer& side) {
      return side.side.name == one.name;
    });
    if (found == all.end()) {
      one.reason = "it is gone already";
      return;
    }
    const swap::DatabaseLock lock(maintenance_, database_of(*found));
    runs_ = guard::list_runs(options_.dir);
    const Judged judged = judge_unlocked(*found, run_of(*found));
    one.what = judged.what;
    one.reason = judged.reason;
    if (one.what == Prune::Keep) return;
    swap::drop_side(maintenance_, one.name);
    one.dropped = true;
  }

 private:
  const guard::RunInfo* run_of(const swap::SideOnServer& found) const {
    const auto run = std::find_if(runs_.begin(), runs_.end(), [&](const guard::RunInfo& info) {
      return info.key == found.side.key && info.system_identifier == identifier_ &&
             swap::side_name(info.database, found.side.purpose, info.key) == found.side.name;
    });
    return run == runs_.end() ? nullptr : &*run;
  }
  std::string database_of(const swap::SideOnServer& found) const {
    const guard::RunInfo* const run = run_of(found);
    return run == nullptr ? found.database : run->database;
  }

  Judged judge(const swap::SideOnServer& found, const guard::RunInfo* run) {
    Judged judged = judge_unlocked(found, run);
    if (judged.what == Prune::Keep) return judged;
    try {
      const swap::DatabaseLock lock(maintenance_, database_of(found));
    } catch (const util::Error& error) {
      if (error.kind() != util::Kind::Busy) throw;
      return {Prune::Keep, error.message()};
    }
    return judged;
  }

  Judged judge_unlocked(const swap::SideOnServer& found, const guard::RunInfo* run) const {
    const swap::Side& side = found.side;
    if (side.purpose == Purpose::Held)
      return {Prune::Keep, "it is the database itself, under a hold: pgbelay undo or close"};
    if (!found.in_use.empty()) return {Prune::Keep, util::join(found.in_use, "; ")};
    if (run != nullptr) return of_run(side, *run);
    if (!side.comment.starts_with("pgbelay"))
      return {Prune::Keep, "nothing says that pgbelay made it"};
    if (found.cut) return {Prune::Keep, "the name of its database is not known in full"};
    switch (side.purpose) {
      case Purpose::Probe:
        return {Prune::Drop, "an undo was tried out with it"};
      case Purpose::Drift:
        return {Prune::Drop, "a drift --against that died has left it"};
      default:
        break;
    }
    if (side.comment.starts_with("pgbelay run "))
      return {Prune::Keep, cat("its run is elsewhere: ", side.comment)};
    if (side.purpose == Purpose::Replaced || side.purpose == Purpose::Failed)
      return before(side, "the state before a restore");
    return {Prune::Drop, cat("left by something that died: ", side.comment)};
  }

  Judged of_run(const swap::Side& side, const guard::RunInfo& run) const {
    using guard::RunState;
    if (run.state == RunState::Running) return {Prune::Keep, "its run is working with it"};
    if (run.state == RunState::Unfinished)
      return {Prune::Keep, "its run is not finished: pgbelay undo, resume or close"};
    if (const auto until = util::parse_rfc3339(run.undo_until); until && *until >= options_.now())
      return {Prune::Keep, cat("pgbelay undo needs it until ", run.undo_until)};
    const std::string state(guard::state_name(run.state));
    if (side.purpose == Purpose::Failed || side.purpose == Purpose::Replaced)
      return before(side, cat("the state that was taken away; its run is ", state));
    return {Prune::Drop, cat("its run needs it no more: ", state)};
  }

  // Somebody may want to look at it.
  Judged before(const swap::Side& side, const std::string& what) const {
    const auto made_at = time_of(side.key);
    if (made_at && options_.now() - *made_at < options_.keep)
      return {Prune::Keep, cat(what, ", younger than ", util::show_duration(options_.keep))};
    return {Prune::Drop, what};
  }

  const PruneOptions& options_;
  pg::Connection maintenance_;
  std::string identifier_;
  std::vector<guard::RunInfo> runs_;
};

}  // namespace

std::vector<MadeDatabase> made_databases(const PruneOptions& options, std::stop_token stop) {
  return Pruner(options, std::move(stop)).list();
}

void prune(const PruneOptions& options, std::vector<MadeDatabase>& listed, std::stop_token stop) {
  Pruner pruner(options, stop);
  for (MadeDatabase& one : listed) {
    if (one.what == Prune::Keep) continue;
    util::throw_if_stopped(stop);
    try {
      pruner.drop(one);
    } catch (const util::Error& error) {
      if (error.kind() == util::Kind::Connect || error.kind() == util::Kind::Interrupted) throw;
      one.what = Prune::Keep;
      one.reason = error.message();
      one.failed = true;
    }
  }
}

}  // namespace ops
