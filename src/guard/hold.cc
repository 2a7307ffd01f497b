#include "guard/hold.h"

#include <algorithm>
#include <thread>

#include "guard/journal.h"
#include "guard/ledger.h"
#include "guard/run_mark.h"
#include "guard/sql_guard.h"
#include "guard/sql_hold.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/mutex.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kEndPatience = 20s;  // for the sessions of others
constexpr auto kFirstPause = 1ms;
constexpr auto kLongestPause = 50ms;
constexpr auto kBetweenLooks = 20ms;  // of the watch
constexpr std::string_view kUndoStep = "undo";
constexpr std::size_t kMostWriters = 8;  // that the watch names

std::int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             util::Clock::now().time_since_epoch())
      .count();
}

std::string line_of(const sql::Backend& backend) {
  std::string line = cat("pid ", backend.pid);
  if (!backend.user.empty()) line += cat(", ", util::printable(backend.user));
  if (!backend.application.empty()) line += cat(", ", util::printable(backend.application));
  return line;
}

// Autovacuum writes no rows; parallel workers go with their sessions. Walsenders and workers of
// extensions come back by themselves: they are a doubt, not a session to end.
bool is_client(const sql::Backend& backend) {
  return backend.type == "client backend" || (backend.type.empty() && !backend.user.empty());
}

// Whoever may have read his settings before now. New sessions may come meanwhile: they have read
// the new ones.
class OldSessions {
 public:
  OldSessions(pg::Connection& maintenance, std::string database, IsOwn is_own)
      : maintenance_(maintenance), database_(std::move(database)), is_own_(std::move(is_own)) {
    // First who is logging in, then who is in: a session is in the second list before it leaves
    // the first (F4).
    starting_ = sql::starting_backends(maintenance_, database_);
    for (const sql::Backend& backend : foreign()) old_.push_back(identity(backend));
  }

  // Those that are left after `patience`, as lines for people.
  std::vector<std::string> end(std::chrono::milliseconds patience) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    std::chrono::milliseconds pause = kFirstPause;
    for (;;) {
      follow_starting();
      const std::vector<int> left = old_.empty() ? std::vector<int>{} : living(maintenance_, old_);
      if (left.empty() && starting_.empty()) return {};
      for (const int pid : left) sql::end_backend(maintenance_, pid);
      if (std::chrono::steady_clock::now() >= deadline) return lines(left);
      std::this_thread::sleep_for(pause);
      pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
    }
  }

 private:
  static OwnSession identity(const sql::Backend& backend) {
    return {.pid = backend.pid, .backend_start = backend.backend_start};
  }

  std::vector<sql::Backend> foreign() {
    std::vector<sql::Backend> out = sql::backends(maintenance_, database_);
    std::erase_if(out, [&](const sql::Backend& backend) {
      return !is_client(backend) || is_own_(backend.pid, backend.application);
    });
    return out;
  }

  // One that was logging in and is in the list now is ended, too.
  void follow_starting() {
    if (starting_.empty()) return;
    const std::set<int> still = sql::starting_backends(maintenance_, database_);
    for (const sql::Backend& backend : foreign()) {
      if (starting_.erase(backend.pid) > 0) old_.push_back(identity(backend));
    }
    std::erase_if(starting_, [&](int pid) { return !still.contains(pid); });
  }

  std::vector<std::string> lines(const std::vector<int>& left) {
    std::vector<std::string> out;
    for (const sql::Backend& backend : sql::backends(maintenance_, database_)) {
      if (std::find(left.begin(), left.end(), backend.pid) != left.end())
        out.push_back(line_of(backend));
    }
    if (!starting_.empty()) out.emplace_back("a session that is logging in");
    return out;
  }

  pg::Connection& maintenance_;
  const std::string database_;
  const IsOwn is_own_;
  std::set<int> starting_;
  std::vector<OwnSession> old_;
};

Fields fields_of(std::string_view state, const HoldMark& mark) {
  return {{"state", std::string(state)},
          {"previous", mark.previous.value_or("")},
          {"previous_set", mark.previous ? "yes" : "no"},
          {"held", mark.held},
          {"at_ms", cat(now_ms())}};
}

// The setting is ours to take back only where it still is what the hold made it.
bool put_back(pg::Connection& maintenance, const std::string& database, const HoldMark& mark) {
  if (database_oid(maintenance, database) == 0) return false;
  const std::optional<std::string> now = sql::read_only_setting(maintenance, database);
  if (now != "on" || mark.previous == "on") return false;
  sql::set_read_only(maintenance, database, mark.previous);
  return true;
}

util::Error name_taken(const HoldMark& mark) {
  const std::string name = util::printable(mark.database);
  return {
      util::Kind::NotUndone,
      cat("database ", util::printable(mark.held), " cannot have its name ", name,
          " back: somebody has made another database of that name during the hold"),
      {.hint = cat("Drop that one, or rename it: ALTER DATABASE ", pg::quote_ident(mark.database),
                   " RENAME TO …; then run this again, or "
                   "pgbelay undo."),
       .sqlstate = {}}};
}

// In one transaction, with the setting: whoever finds the database under its name may write.
void return_name(pg::Connection& maintenance, const HoldMark& mark, swap::Door door) {
  if (database_oid(maintenance, mark.held) == 0) {
    const bool closed = database_oid(maintenance, mark.database) != 0 &&
                        !allows_connections(maintenance, mark.database);
    if (closed && door == swap::Door::Open) swap::reopen(maintenance, mark.database);
    return;
  }
  if (database_oid(maintenance, mark.database) != 0) throw name_taken(mark);
  swap::move(maintenance, {.from = mark.held,
                           .to = mark.database,
                           .door = door,
                           .also =
                               [&] {
                                 if (door == swap::Door::Open)
                                   put_back(maintenance, mark.database, mark);
                               },
                           .patience = kEndPatience,
                           .fault_point = "exclusive.returning"});
  util::fault::point("exclusive.returned");
}

// Nobody finds the database any more. It is read-only as well: whoever finds it under its other
// name, a monitoring that looks into every database for instance, is bound as under that hold.
void leave_name(const RunContext& context, const HoldMark& mark) {
  try {
    swap::move(context.maintenance,
               {.from = mark.database,
                .to = mark.held,
                .also = [&] { sql::set_read_only(context.maintenance, mark.held, "on"); },
                .patience = kEndPatience,
                .fault_point = "exclusive.closed"});
  } catch (const util::Error& error) {
    if (error.kind() == util::Kind::NotUndone) throw error.as(util::Kind::Preflight);
    throw;
  }
  context.live.called(mark.held);
  util::fault::point("exclusive.renamed");
}

// Those that may write and cannot be ended.
std::vector<std::string> keep_writers_out(const RunContext& context, const IsOwn& is_own) {
  const std::string database = context.database.database();
  sql::set_read_only(context.maintenance, database, "on");
  OldSessions old(context.maintenance, database, is_own);
  return old.end(kEndPatience);
}

void require_out(const std::vector<std::string>& left) {
  if (left.empty()) return;
  throw util::Error(
      util::Kind::Preflight,
      cat("sessions that may write cannot be ended: ", util::join(left, "; ")),
      {.hint = "End them as a role that may, or choose --hold none.", .sqlstate = {}});
}

void require_renamable(pg::Connection& maintenance, const std::string& database) {
  const std::vector<std::string> blockers = swap::swap_blockers(maintenance, database);
  if (blockers.empty()) return;
  throw util::Error(util::Kind::Preflight,
                    cat("database ", util::printable(database),
                        " cannot be renamed for the exclusive hold: ", util::join(blockers, "; ")),
                    {.hint = "End what is listed as a role that may, or choose --hold read-only.",
                     .sqlstate = {}});
}

}  // namespace

// Looks again and again whether somebody else has a transaction id, which only a writer gets. It
// may miss short ones (F3): what it sees is certain, what it does not see proves nothing by itself.
class StandingHold::Watch {
 public:
  Watch(const RunContext& context, const SessionLedger& ledger)
      : database_(context.database.database()),
        is_own_(ledger.own()),
        connection_(swap::open_maintenance(context.live.served(), context.maintenance_db,
                                           context.names.application, {})),
        thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  std::vector<std::string> seen() const {
    const util::Lock lock(mutex_);
    return seen_;
  }

 private:
  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      try {
        look();
      } catch (const util::Error&) {
        note("the watch over the hold was interrupted");
        return;
      }
      std::this_thread::sleep_for(kBetweenLooks);
    }
  }

  void look() {
    for (const sql::Backend& backend : sql::backends(connection_, database_)) {
      if (is_own_(backend.pid, backend.application) || backend.type == "autovacuum worker")
        continue;
      if (backend.writes) note(cat("wrote under the hold: ", line_of(backend)));
    }
  }

  void note(std::string line) {
    const util::Lock lock(mutex_);
    if (seen_.size() >= kMostWriters || std::find(seen_.begin(), seen_.end(), line) != seen_.end())
      return;
    seen_.push_back(std::move(line));
  }

  const std::string database_;
  const IsOwn is_own_;
  pg::Connection connection_;
  mutable util::Mutex mutex_;
  std::vector<std::string> seen_ PGBELAY_GUARDED_BY(mutex_);
  std::jthread thread_;  // last: it uses the others
};

struct StandingHold::State {
  HeldDatabase database;
  IsOwn is_own;
  WriteMarks base;
  std::unique_ptr<Watch> watch;
};

StandingHold::StandingHold(const RunContext& context, Hold kind, const SessionLedger& ledger,
                           const std::stop_token& stop)
    : state_(std::make_unique<State>()) {
  const std::string database = context.database.database();
  const bool exclusive = kind == Hold::Exclusive;
  if (exclusive) require_renamable(context.maintenance, database);
  state_->is_own = ledger.own();
  const HoldMark mark{.database = database,
                      .previous = sql::read_only_setting(context.maintenance, database),
                      .held = exclusive ? context.names.held : std::string()};
  context.journal.fact("hold", "hold", fields_of("begun", mark));
  mark_hold(context);
  util::fault::point("hold.marked");
  util::throw_if_stopped(stop);
  if (exclusive) {
    leave_name(context, mark);
  } else {
    require_out(keep_writers_out(context, state_->is_own));
  }
  state_->database = {.name = context.database.database(), .kind = kind};
  state_->watch = std::make_unique<Watch>(context, ledger);
  util::fault::point("hold.begun");
}

StandingHold::~StandingHold() = default;

void keep_out_for_undo(const RunContext& context) {
  if (hold_stands(read_run(context.names.folder))) return;  // of an attempt that died
  const std::string database = context.database.database();
  const HoldMark mark{.database = database,
                      .previous = sql::read_only_setting(context.maintenance, database)};
  context.journal.fact(kUndoStep, "hold", fields_of("begun", mark));
  mark_hold(context);
  const IsOwn is_own = [&](int, const std::string& application) {
    return application == context.names.application;
  };
  for (const std::string& line : keep_writers_out(context, is_own))
    context.reporter.warning(cat("may write until it is replaced: ", line));
}

std::vector<std::string> hold_doubts(pg::Connection& maintenance, const HeldDatabase& database,
                                     const IsOwn& is_own) {
  std::vector<std::string> doubts;
  if (database.kind == Hold::ReadOnly) {  // else they cannot connect
    for (const std::string& role : sql::writing_roles(maintenance, database.name))
      doubts.push_back(cat(role, " is set to write (default_transaction_read_only = off)"));
  }
  const Sighting now = look(maintenance, database.name, is_own);
  for (const std::string& worker : now.workers) doubts.push_back(cat("may write: ", worker));
  if (now.subscriptions > 0)
    doubts.emplace_back("the database has a subscription, whose worker may write");
  return doubts;
}

std::vector<std::string> standing_doubts(pg::Connection& maintenance, const HeldDatabase& database,
                                         const IsOwn& is_own) {
  std::vector<std::string> doubts = hold_doubts(maintenance, database, is_own);
  if (sql::read_only_setting(maintenance, database.name) != "on")
    doubts.emplace_back("the database's default_transaction_read_only was taken back");
  return doubts;
}

std::vector<std::string> StandingHold::doubts(pg::Connection& maintenance) const {
  std::vector<std::string> doubts = standing_doubts(maintenance, state_->database, state_->is_own);
  const std::vector<std::string> seen = state_->watch->seen();
  doubts.insert(doubts.end(), seen.begin(), seen.end());
  return doubts;
}

void StandingHold::set_base(WriteMarks base) { state_->base = std::move(base); }
const WriteMarks& StandingHold::base() const { return state_->base; }

std::vector<std::string> StandingHold::changed_since_base(const WriteMarks& now) const {
  std::vector<std::string> changes;
  for (const std::string& what : changed_between(state_->base, now))
    changes.push_back(cat("changed under the hold: ", what));
  return changes;
}

bool hold_stands(const RunRecord& record) {
  const Event* hold = record.last_fact("hold");
  return hold != nullptr && hold->get("state") == "begun";
}

bool held_for_undo(const RunRecord& record) {
  return hold_stands(record) && record.last_fact("hold")->step == kUndoStep;
}

Hold hold_kind(const RunRecord& record) {
  return held_as(record).empty() ? Hold::ReadOnly : Hold::Exclusive;
}

std::string held_as(const RunRecord& record) {
  return hold_stands(record) ? record.last_fact("hold")->get("held") : std::string();
}

std::optional<HoldMark> standing_mark(const RunContext& context, const RunRecord& record) {
  if (!hold_stands(record)) return std::nullopt;
  const Event& begun = *record.last_fact("hold");
  HoldMark mark{.database = context.live.served().database(),
                .previous = std::nullopt,
                .held = begun.get("held")};
  if (begun.get("previous_set") == "yes") mark.previous = begun.get("previous");
  return mark;
}

void take_name_back_closed(const RunContext& context) {
  const std::optional<HoldMark> mark = standing_mark(context, read_run(context.names.folder));
  if (!mark || mark->held.empty()) return;
  return_name(context.maintenance, *mark, swap::Door::Closed);
  context.live.called(context.live.served().database());
}

void recall_name(const RunContext& context) {
  if (database_oid(context.maintenance, context.names.held) != 0)
    context.live.called(context.names.held);
}

std::optional<KeptOut> release_hold(const RunContext& context) {
  const RunRecord record = read_run(context.names.folder);
  const std::optional<HoldMark> stands = standing_mark(context, record);
  if (!stands) return std::nullopt;
  const HoldMark& mark = *stands;
  if (!mark.held.empty()) {
    return_name(context.maintenance, mark, swap::Door::Open);
    context.live.called(mark.database);
  }
  for (const std::string& replaced : {context.names.kept, context.names.copy})  // by a swap
    put_back(context.maintenance, replaced, mark);
  if (put_back(context.maintenance, mark.database, mark)) {
    const IsOwn is_own = [&](int, const std::string& application) {
      return application == context.names.application;
    };
    OldSessions read_only(context.maintenance, mark.database, is_own);
    const std::vector<std::string> left = read_only.end(kEndPatience);
    for (const std::string& line : left)
      context.reporter.warning(cat("a session stays read-only until it ends: ", line));
  }
  for (const std::string& marked : {context.names.copy, mark.database})
    take_mark_away(context.maintenance, marked);
  context.journal.fact("hold", "hold", fields_of("released", mark));
  const std::int64_t since =
      util::parse_i64(record.last_fact("hold")->get("at_ms")).value_or(now_ms());
  return KeptOut{.kind = mark.held.empty() ? Hold::ReadOnly : Hold::Exclusive,
                 .time = std::chrono::milliseconds(now_ms() - since)};
}

std::string kept_out_text(const std::optional<KeptOut>& kept_out) {
  if (!kept_out) return {};
  return cat(kept_out->kind == Hold::Exclusive ? "everybody else was" : "writers were",
             " kept out for ", util::show_duration(kept_out->time));
}

void lift_marked_hold(pg::Connection& maintenance, const HoldMark& mark) {
  if (!mark.held.empty()) return_name(maintenance, mark, swap::Door::Open);
  if (put_back(maintenance, mark.database, mark)) {
    OldSessions read_only(maintenance, mark.database,
                          [](int, const std::string&) { return false; });
    read_only.end(kEndPatience);
  }
}

}  // namespace guard
