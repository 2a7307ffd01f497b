#include "guard/strategy.h"

#include <algorithm>

#include "pg/private_server.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::string_view kFact = "strategy";

}  // namespace

UndoChoice choose_undo(Undo asked, const pg::RoleFacts& role) {
  const std::string who = cat("role ", util::printable(role.name));
  switch (asked) {
    case Undo::None:
    case Undo::Swap:
    case Undo::Clone:
    case Undo::Replace:
      return {.undo = asked, .why = "as asked for"};
    case Undo::Auto:
      break;
  }
  if (role.superuser || role.createdb)
    return {.undo = Undo::Swap, .why = who + " may create databases"};
  return {.undo = Undo::Replace, .why = who + " may not create databases (no CREATEDB)"};
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

void journal_strategy(Journal& journal, Undo undo) {
  journal.fact("run", kFact, {{"undo", std::string(undo_name(undo))}});
}

bool replaces(const RunRecord& record) {
  const Event* const fact = record.last_fact(kFact);
  return fact != nullptr && fact->get("undo") == undo_name(Undo::Replace);
}

}  // namespace guard
