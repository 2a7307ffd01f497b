// How a failed migration will be undone, and where the proof is made: chosen in one place for
// `migrate` and `doctor` (architecture.md §5, contracts.md K14).
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "guard/journal.h"
#include "guard/run.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/server_facts.h"
#include "swap/contents.h"

namespace guard {

// A way to undo a failed migration, and what stands in its way here, for people.
struct UndoWay {
  Undo undo = Undo::Swap;
  std::vector<std::string> obstacles;  // empty: it is possible
};
// Room is none of them: each needs as much.
enum class Ways { UntilPossible, All };
struct WaysQuestion {
  const pg::ConnInfo& database;
  const std::string& maintenance_db;
  const std::string& application;
  archive::Level proof = archive::Level::Proven;
  std::string proof_at;
};
// Swap, replace and clone, in the order in which Auto would have them; as many as are asked for.
// Looks only; `live` is connected to the database.
std::vector<UndoWay> undo_ways(pg::Connection& live, const WaysQuestion& question, Ways ways,
                               const std::stop_token& stop);

struct UndoChoice {
  Undo undo = Undo::Swap;  // never Auto
  std::string why;
  std::string no_way;  // why none of those that Auto chooses from is possible; empty: one is
};
// Auto: a swap, else replace, whichever is possible. Never clone, which is an outage (M8).
UndoChoice choose_undo(Undo asked, const pg::RoleFacts& role, const std::vector<UndoWay>& ways);

// Where a proof that restores is made under replace, which has no room beside the database: as
// asked, else on a private server, if its binaries are here. "" if there is no place (S4).
std::string replace_proof_at(const std::string& asked, archive::Level level, int server_major);

// Why the contents of the connected database could not be replaced, for people; empty: they could.
// Counts the locks of dropping what is there and of making again as much (S5).
std::vector<std::string> replace_blockers(pg::Connection& live, const swap::Contents& contents);
// Extensions that stay under replace.
std::vector<std::string> staying_extensions(const swap::Contents& contents);

// Some of many names, in one line.
std::string named(const std::vector<std::string>& all);

constexpr std::string_view undo_name(Undo undo) {
  switch (undo) {
    case Undo::Auto:
      return "auto";
    case Undo::Swap:
      return "swap";
    case Undo::Clone:
      return "clone";
    case Undo::Replace:
      return "replace";
    case Undo::None:
      return "none";
  }
  return "";
}
// What a run had chosen, for a later process.
void journal_strategy(Journal& journal, Undo undo);
bool replaces(const RunRecord& record);

}  // namespace guard
