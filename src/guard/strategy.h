// How a failed migration will be undone, and where the proof is made: chosen in one place for
// `migrate` and `doctor` (architecture.md §5, contracts.md K14).
#pragma once

#include <string>
#include <vector>

#include "guard/journal.h"
#include "guard/run.h"
#include "pg/connection.h"
#include "pg/server_facts.h"
#include "swap/contents.h"

namespace guard {

struct UndoChoice {
  Undo undo = Undo::Swap;  // never Auto
  std::string why;
};
// Auto: a swap where databases can be made, else replace. Never clone (M8).
UndoChoice choose_undo(Undo asked, const pg::RoleFacts& role);

// Where a proof that restores is made under replace, which has no room beside the database: as
// asked, else on a private server, if its binaries are here. "" if there is no place (S4).
std::string replace_proof_at(const std::string& asked, archive::Level level, int server_major);

// Why the contents of the connected database could not be replaced, for people; empty: they could.
// Counts the locks of dropping what is there and of making again as much (S5).
std::vector<std::string> replace_blockers(pg::Connection& live, const swap::Contents& contents);

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
