// The swap. From a third database: both databases are closed, which keeps out superusers and the
// server's own workers, too; then every session is ended, since one would make the renames fail;
// then one transaction renames, renames, opens and gives the copy the properties recorded at the
// snapshot. Before its commit the old names stand, after it the new ones, and nothing in between
// exists: so a repetition only has to look.
#include "swap/swap.h"

#include <algorithm>

#include "swap/names.h"
#include "swap/sessions.h"
#include "swap/sql_swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"

namespace swap {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using util::cat;
using util::printable;

constexpr std::string_view kObjectInUse = "55006";
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kInsufficientPrivilege = "42501";

[[noreturn]] void refuse(std::string_view what, const std::vector<std::string>& blockers) {
  throw util::Error(
      util::Kind::NotUndone, cat(what, ": ", util::join(blockers, "; ")),
      {.hint =
           "End what is listed (COMMIT or ROLLBACK PREPARED '…', SELECT pg_terminate_backend(PID) "
           "as a role that may), then run the command again.",
       .sqlstate = std::string(kObjectInUse)});
}

[[noreturn]] void refuse(const SwapPlan& plan, const std::vector<std::string>& blockers) {
  refuse(cat("database ", printable(plan.live), " cannot be swapped with ", printable(plan.copy)),
         blockers);
}

enum class State { Ready, LiveIsGone, Done };

State look(pg::Connection& maintenance, const SwapPlan& plan) {
  const bool live = find_database(maintenance, plan.live).has_value();
  const bool copy = find_database(maintenance, plan.copy).has_value();
  const bool kept = find_database(maintenance, plan.kept).has_value();
  if (live && copy && !kept) return State::Ready;
  if (live && kept && !copy) return State::Done;
  if (!live && copy && !kept) return State::LiveIsGone;
  const auto word = [](bool there) { return there ? "there" : "missing"; };
  throw util::Error(
      util::Kind::NotUndone,
      cat("the databases are in no state of a swap: ", printable(plan.live), " is ", word(live),
          ", ", printable(plan.copy), " is ", word(copy), ", ", printable(plan.kept), " is ",
          word(kept)),
      {.hint = "Look with psql -l which database holds what; rename or restore by hand.",
       .sqlstate = {}});
}

// Only when it is open: each ALTER makes a new version of the row that the seal hangs on.
void close(pg::Connection& maintenance, const std::string& name) {
  const std::optional<DatabaseRow> row = find_database(maintenance, name);
  if (row && row->allows_connections) allow_connections(maintenance, name, false);
}

std::vector<std::string> end_all(pg::Connection& maintenance, const SwapPlan& plan,
                                 Clock::time_point deadline) {
  std::vector<std::string> left = prepared_lines(maintenance, plan.live);
  for (const std::string& name : {plan.live, plan.copy}) {
    const auto patience = std::max(
        milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
    const std::vector<std::string> more = end_sessions(maintenance, name, patience);
    left.insert(left.end(), more.begin(), more.end());
  }
  return left;
}

void rename_both(pg::Connection& maintenance, const SwapPlan& plan) {
  pg::Transaction transaction(maintenance);
  maintenance.execute("SET LOCAL lock_timeout = '10s'");
  rename_database(maintenance, plan.live, plan.kept);
  comment_on_database(maintenance, plan.kept, plan.kept_comment);
  close_to_public(maintenance, plan.kept);
  rename_database(maintenance, plan.copy, plan.live);
  allow_connections(maintenance, plan.live, true);  // before it gets its owner, who need not be us
  pg::apply_properties(maintenance, plan.live, plan.properties, pg::CommentFrom::Properties);
  transaction.commit();
}

bool in_the_way(const util::Error& failure) {
  return failure.sqlstate() == kObjectInUse || failure.sqlstate() == kLockNotAvailable;
}

void pass(const SwapPlan& plan, std::string_view point) {
  if (!plan.fault_points.empty()) util::fault::point(cat(plan.fault_points, point));
}

void swap_now(pg::Connection& maintenance, const SwapPlan& plan) {
  const Clock::time_point deadline = Clock::now() + plan.patience;
  close(maintenance, plan.live);
  close(maintenance, plan.copy);
  pass(plan, ".closed");
  for (;;) {
    if (const std::vector<std::string> left = end_all(maintenance, plan, deadline); !left.empty())
      refuse(plan, left);
    if (plan.last_look) plan.last_look();
    pass(plan, ".before_rename");
    try {
      rename_both(maintenance, plan);
      return;
    } catch (const util::Error& failure) {
      if (!in_the_way(failure)) throw;
      if (Clock::now() >= deadline) refuse(plan, {failure.message()});
    }
  }
}

// A right that the role had when the undo was tried out.
util::Error with_remedy(const util::Error& failure) {
  if (failure.sqlstate() != kInsufficientPrivilege || !failure.hint().empty()) return failure;
  return {failure.kind(),
          failure.message(),
          {.hint = "It takes the ownership of the database and CREATEDB: give them back to the "
                   "role, or run the command with the URL of one that has them.",
           .sqlstate = failure.sqlstate()}};
}

// An error before the renames must not leave the database closed.
[[noreturn]] void give_up(pg::Connection& maintenance, const std::string& closed,
                          const std::string& doing, util::Error failure) {
  if (failure.kind() == util::Kind::InDoubt)
    throw failure;  // a repetition looks what has become of it
  failure = with_remedy(failure);
  try {
    reopen(maintenance, closed);
  } catch (const util::Error& cleanup) {
    failure.attach(cat("database ", printable(closed), " is still closed: ", cleanup.message()));
  }
  switch (failure.kind()) {
    case util::Kind::NotUndone:
    case util::Kind::Connect:
      throw failure;
    default:
      failure.while_doing(doing);
      throw failure.as(util::Kind::NotUndone);
  }
}

void rename_one(pg::Connection& maintenance, const MovePlan& plan) {
  pg::Transaction transaction(maintenance);
  maintenance.execute("SET LOCAL lock_timeout = '10s'");
  rename_database(maintenance, plan.from, plan.to);
  if (plan.door == Door::Open) allow_connections(maintenance, plan.to, true);
  if (plan.also) plan.also();
  transaction.commit();
}

void move_now(pg::Connection& maintenance, const MovePlan& plan) {
  const std::string what =
      cat("database ", printable(plan.from), " cannot be renamed to ", printable(plan.to));
  const Clock::time_point deadline = Clock::now() + plan.patience;
  close(maintenance, plan.from);
  if (!plan.fault_point.empty()) util::fault::point(plan.fault_point);
  for (;;) {
    const auto patience = std::max(
        milliseconds(0), std::chrono::duration_cast<milliseconds>(deadline - Clock::now()));
    if (const auto left = end_sessions(maintenance, plan.from, patience); !left.empty())
      refuse(what, left);
    try {
      return rename_one(maintenance, plan);
    } catch (const util::Error& failure) {
      if (!in_the_way(failure)) throw;
      if (Clock::now() >= deadline) refuse(what, {failure.message()});
    }
  }
}

}  // namespace

void move(pg::Connection& maintenance, const MovePlan& plan) {
  const std::string doing = cat("renaming ", printable(plan.from), " to ", printable(plan.to));
  if (const auto prepared = prepared_lines(maintenance, plan.from); !prepared.empty())
    refuse(doing, prepared);
  try {
    move_now(maintenance, plan);
  } catch (const util::Error& failure) {
    give_up(maintenance, plan.from, doing, failure);
  }
}

void run(pg::Connection& maintenance, const SwapPlan& plan) {
  const State state = look(maintenance, plan);
  if (state == State::Done) return;
  if (state == State::LiveIsGone) return place(maintenance, plan);
  if (const std::vector<std::string> prepared = prepared_lines(maintenance, plan.live);
      !prepared.empty()) {
    refuse(plan, prepared);
  }
  try {
    swap_now(maintenance, plan);
  } catch (const util::Error& failure) {
    give_up(maintenance, plan.live,
            cat("swapping ", printable(plan.live), " with ", printable(plan.copy)), failure);
  }
  pass(plan, ".swapped");
}

void place(pg::Connection& maintenance, const SwapPlan& plan) {
  if (find_database(maintenance, plan.live)) {
    throw util::Error(util::Kind::Usage, cat("database ", printable(plan.live), " exists already"),
                      {.hint = "Choose another name with --to, or let it be replaced by a swap.",
                       .sqlstate = {}});
  }
  end_sessions(maintenance, plan.copy, plan.patience);
  pg::Transaction transaction(maintenance);
  rename_database(maintenance, plan.copy, plan.live);
  allow_connections(maintenance, plan.live, true);
  pg::apply_properties(maintenance, plan.live, plan.properties, pg::CommentFrom::Properties);
  transaction.commit();
}

void rename_side(pg::Connection& maintenance, const std::string& from, const std::string& to,
                 const std::string& comment) {
  for (const std::string& name : {from, to}) {
    if (!parse_side_name(name))
      throw util::Error(util::Kind::Bug,
                        cat("not renamed: ", printable(name), " is no side database"));
  }
  if (!find_database(maintenance, from) && find_database(maintenance, to)) return;
  seal(maintenance, from);
  pg::Transaction transaction(maintenance);
  rename_database(maintenance, from, to);
  comment_on_database(maintenance, to, comment);
  close_to_public(maintenance, to);
  transaction.commit();
}

std::vector<std::string> close_to_others(pg::Connection& maintenance, const std::string& name,
                                         int spare, std::chrono::milliseconds patience) {
  close(maintenance, name);
  return end_sessions(maintenance, name, patience, spare);
}

void reopen(pg::Connection& maintenance, const std::string& live) {
  const std::optional<DatabaseRow> row = find_database(maintenance, live);
  if (!row) throw util::Error(util::Kind::Query, cat("there is no database ", printable(live)));
  if (!row->allows_connections) allow_connections(maintenance, live, true);
}

}  // namespace swap
