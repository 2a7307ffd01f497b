#include "guard/strategy.h"

#include <algorithm>
#include <optional>

#include "guard/proof_place.h"
#include "guard/sql_preflight.h"
#include "pg/private_server.h"
#include "pg/session.h"
#include "swap/sessions.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::string_view kFact = "strategy";
constexpr std::size_t kMostNamed = 5;  // objects in one line

class Looking {
 public:
  Looking(pg::Connection& live, const WaysQuestion& question, const std::stop_token& stop)
      : live_(live),
        question_(question),
        role_(pg::role_facts(live)),
        who_(cat("role ", util::printable(role_.name))) {
    try {
      maintenance_.emplace(swap::open_maintenance(question.database, question.maintenance_db,
                                                  question.application, stop));
      logical_ = logical_slots(*maintenance_, live.database());
      const std::vector<std::string> names = subscriptions(*maintenance_, live.database());
      logical_.insert(logical_.end(), names.begin(), names.end());
    } catch (const util::Error& error) {
      if (error.kind() == util::Kind::Interrupted) throw;
      no_maintenance_ = error.message();
    }
  }

  UndoWay swap() {
    UndoWay way = renamed(Undo::Swap);
    if (const std::vector<std::string> objects = unrestorable_objects(live_); !objects.empty())
      way.obstacles.push_back(
          cat(who_, " could not make again what a copy needs: ", named(objects)));
    return way;
  }

  UndoWay replace() {
    UndoWay way{.undo = Undo::Replace, .obstacles = common()};
    pg::pin_settings(live_, pg::database_encoding(live_));
    const swap::Contents contents = swap::read_contents(live_);
    for (std::string& line : replace_blockers(live_, contents))
      way.obstacles.push_back(std::move(line));
    if (maintenance_) {
      for (std::string& line : swap::prepared_lines(*maintenance_, live_.database()))
        way.obstacles.push_back(std::move(line));
    }
    if (question_.proof < archive::Level::Restored) return way;
    const int major = live_.server_major();
    const std::string place = replace_proof_at(question_.proof_at, question_.proof, major);
    if (place.empty()) {
      way.obstacles.push_back(
          cat("a proof that restores has no place: no PostgreSQL ", major, " is installed here"));
    } else if (place == kProofAtLocal) {
      const std::vector<std::string> extensions = staying_extensions(contents);
      if (!extensions.empty()) {
        way.obstacles.push_back(
            cat("the proof on a private server here could not make again: ", named(extensions)));
      }
    }
    return way;
  }

  UndoWay clone() { return renamed(Undo::Clone); }

 private:
  std::vector<std::string> common() const {
    std::vector<std::string> lines;
    if (!role_.database_owner && !role_.superuser)
      lines.push_back(who_ + " does not own the database");
    if (!no_maintenance_.empty()) lines.push_back(no_maintenance_);
    if (!logical_.empty())
      lines.push_back(cat("slots or subscriptions of the database: ", named(logical_)));
    return lines;
  }
  // A database is made beside it, and renamed.
  UndoWay renamed(Undo undo) {
    UndoWay way{.undo = undo, .obstacles = {}};
    if (!role_.createdb && !role_.superuser)
      way.obstacles.push_back(who_ + " may not create databases (no CREATEDB)");
    for (std::string& line : common()) way.obstacles.push_back(std::move(line));
    if (!maintenance_) return way;
    const std::vector<std::string> blockers = swap::swap_blockers(*maintenance_, live_.database());
    if (!blockers.empty()) way.obstacles.push_back(cat("blocked by ", named(blockers)));
    return way;
  }

  pg::Connection& live_;
  const WaysQuestion& question_;
  const pg::RoleFacts role_;
  const std::string who_;
  std::optional<pg::Connection> maintenance_;
  std::string no_maintenance_;
  std::vector<std::string> logical_;
};

}  // namespace

std::string named(const std::vector<std::string>& all) {
  std::vector<std::string> some(
      all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kMostNamed)));
  std::string out = util::join(some, ", ");
  if (all.size() > some.size()) out += cat(" and ", all.size() - some.size(), " more");
  return out;
}

std::vector<UndoWay> undo_ways(pg::Connection& live, const WaysQuestion& question, Ways ways,
                               const std::stop_token& stop) {
  Looking looking(live, question, stop);
  std::vector<UndoWay> out{looking.swap()};
  if (ways == Ways::UntilPossible && out.back().obstacles.empty()) return out;
  out.push_back(looking.replace());
  if (ways == Ways::All) out.push_back(looking.clone());
  return out;
}

UndoChoice choose_undo(Undo asked, const pg::RoleFacts& role, const std::vector<UndoWay>& ways) {
  if (asked != Undo::Auto) return {.undo = asked, .why = "as asked for", .no_way = {}};
  const std::string who = cat("role ", util::printable(role.name));
  const bool creates = role.superuser || role.createdb;
  std::string no_way, no_swap;
  for (const UndoWay& way : ways) {
    if (way.undo == Undo::Clone) continue;
    const std::string obstacles = named(way.obstacles);
    if (obstacles.empty()) {
      return {.undo = way.undo,
              .why = way.undo == Undo::Swap ? who + " may create databases" : no_swap,
              .no_way = {}};
    }
    if (way.undo == Undo::Swap) no_swap = obstacles;
    no_way += cat(no_way.empty() ? "" : "; ", undo_name(way.undo), ": ", obstacles);
  }
  // What the lines of preflight are about then.
  return {.undo = creates ? Undo::Swap : Undo::Replace,
          .why = creates ? who + " may create databases" : no_swap,
          .no_way = no_way};
}

std::string replace_proof_at(const std::string& asked, archive::Level level, int server_major) {
  if (!asked.empty() || level < archive::Level::Restored) return asked;
  return pg::bin_directory_of(server_major) ? "local" : "";
}

std::vector<std::string> replace_blockers(pg::Connection& live, const swap::Contents& contents) {
  std::vector<std::string> lines = contents.blockers;
  // What is there goes, and about as many relations and large objects come: each is locked until
  // the commit.
  const std::uint64_t needed = contents.locks + contents.relations + contents.large_objects;
  if (const std::uint64_t room = swap::lock_room(live); needed > room) {
    lines.push_back(cat("one transaction would lock ", util::show_count(needed),
                        " objects, and only ", util::show_count(room),
                        " are safe on this server: raise max_locks_per_transaction by the factor ",
                        needed / std::max<std::uint64_t>(room, 1) + 1));
  }
  return lines;
}

std::vector<std::string> staying_extensions(const swap::Contents& contents) {
  std::vector<std::string> extensions;
  for (const swap::StayingObject& object : contents.staying) {
    if (object.type == "extension") extensions.push_back(object.name);
  }
  return extensions;
}

void journal_strategy(Journal& journal, Undo undo) {
  journal.fact("run", kFact, {{"undo", std::string(undo_name(undo))}});
}

bool replaces(const RunRecord& record) {
  const Event* const fact = record.last_fact(kFact);
  return fact != nullptr && fact->get("undo") == undo_name(Undo::Replace);
}

}  // namespace guard
