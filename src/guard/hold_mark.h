// What the end of a hold has to put back, as a comment in the cluster tells it (S18): it is there
// before the hold begins, and whoever reaches the server can release the hold by it, without the
// run's journal.
//
// It stands behind the comment of the run's copy, or, where there is no copy beside the database,
// behind the comment of the database itself, which the owner may set; that one is given back. What
// is written there: run_mark.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pg/connection.h"

namespace guard {

struct HoldMark {
  std::string database;                 // that is held, by its own name
  std::optional<std::string> previous;  // of default_transaction_read_only
  std::string held = {};                // its name meanwhile, if the hold is exclusive
};
std::string hold_mark(const HoldMark& mark);  // appended to the comment
std::optional<HoldMark> parse_hold_mark(std::string_view comment);
std::string_view without_hold_mark(std::string_view comment);

constexpr std::string_view kRunComment = "pgbelay run ";  // begins what a run says of itself
// What a run says in the comment of a copy, or with a mark behind a database's own; "" if nothing.
std::string_view run_part(std::string_view comment);
// A database's own comment, without what a run says behind it while a hold stands.
std::string own_comment(std::string_view comment);
std::string behind_own_comment(std::string_view own, std::string_view run);

// Nothing if there is no such database, or none on its comment. Repeatable.
void take_mark_away(pg::Connection& maintenance, const std::string& database);

}  // namespace guard
