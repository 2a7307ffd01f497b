#include "guard/hold.h"

#include <algorithm>
#include <thread>

#include "guard/journal.h"
#include "guard/ledger.h"
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
constexpr auto kBetweenLooks = 20ms;     // of the watch
constexpr std::size_t kMostWriters = 8;  // that the watch names

constexpr std::string_view kMarkBegin = "; read-only hold of ";
constexpr std::string_view kMarkWas = ", default_transaction_read_only was ";
constexpr std::string_view kUnset = "unset";

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

}  // namespace

// Looks again and again whether somebody else has a transaction id, which only a writer gets. It
// may miss short ones (F3): what it sees is certain, what it does not see proves nothing by itself.
class StandingHold::Watch {
 public:
  Watch(const RunContext& context, const SessionLedger& ledger)
      : database_(context.database.database()),
        is_own_(ledger.own()),
        connection_(swap::open_maintenance(context.database, context.maintenance_db,
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
  std::string database;
  IsOwn is_own;
  WriteMarks base;
  std::unique_ptr<Watch> watch;
};

StandingHold::StandingHold(const RunContext& context, const SessionLedger& ledger,
                           const std::stop_token& stop)
    : state_(std::make_unique<State>()) {
  state_->database = context.database.database();
  state_->is_own = ledger.own();
  const HoldMark mark{.database = state_->database,
                      .previous = sql::read_only_setting(context.maintenance, state_->database)};
  context.journal.fact("hold", "hold", fields_of("begun", mark));
  swap::comment(context.maintenance, context.names.copy, context.names.comment + hold_mark(mark));
  util::fault::point("hold.marked");
  util::throw_if_stopped(stop);
  sql::set_read_only(context.maintenance, state_->database, "on");
  OldSessions old(context.maintenance, state_->database, state_->is_own);
  if (const std::vector<std::string> left = old.end(kEndPatience); !left.empty()) {
    throw util::Error(
        util::Kind::Preflight,
        cat("sessions that may write cannot be ended: ", util::join(left, "; ")),
        {.hint = "End them as a role that may, or choose --hold none.", .sqlstate = {}});
  }
  state_->watch = std::make_unique<Watch>(context, ledger);
  util::fault::point("hold.begun");
}

StandingHold::~StandingHold() = default;

std::vector<std::string> hold_doubts(pg::Connection& maintenance, const std::string& database,
                                     const IsOwn& is_own) {
  std::vector<std::string> doubts;
  for (const std::string& role : sql::writing_roles(maintenance, database))
    doubts.push_back(cat(role, " is set to write (default_transaction_read_only = off)"));
  const Sighting now = look(maintenance, database, is_own);
  for (const std::string& worker : now.workers) doubts.push_back(cat("may write: ", worker));
  if (now.subscriptions > 0)
    doubts.emplace_back("the database has a subscription, whose worker may write");
  return doubts;
}

std::vector<std::string> standing_doubts(pg::Connection& maintenance, const std::string& database,
                                         const IsOwn& is_own) {
  std::vector<std::string> doubts = hold_doubts(maintenance, database, is_own);
  if (sql::read_only_setting(maintenance, database) != "on")
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

std::optional<std::chrono::milliseconds> release_hold(const RunContext& context) {
  const RunRecord record = read_run(context.names.folder);
  if (!hold_stands(record)) return std::nullopt;
  const Event& begun = *record.last_fact("hold");
  HoldMark mark{.database = context.database.database(), .previous = std::nullopt};
  if (begun.get("previous_set") == "yes") mark.previous = begun.get("previous");
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
  if (database_oid(context.maintenance, context.names.copy) != 0)
    swap::comment(context.maintenance, context.names.copy, context.names.comment);
  context.journal.fact("hold", "hold", fields_of("released", mark));
  const std::int64_t since = util::parse_i64(begun.get("at_ms")).value_or(now_ms());
  return std::chrono::milliseconds(now_ms() - since);
}

std::string kept_out_text(const std::optional<std::chrono::milliseconds>& kept_out) {
  return kept_out ? cat("writers were kept out for ", util::show_duration(*kept_out))
                  : std::string();
}

std::string hold_mark(const HoldMark& mark) {
  return cat(kMarkBegin, mark.database, kMarkWas, mark.previous.value_or(std::string(kUnset)));
}

std::optional<HoldMark> parse_hold_mark(std::string_view comment) {
  const std::size_t begin = comment.rfind(kMarkBegin);
  const std::size_t was = comment.rfind(kMarkWas);
  if (begin == std::string_view::npos || was == std::string_view::npos || was < begin)
    return std::nullopt;
  const std::string_view value = comment.substr(was + kMarkWas.size());
  HoldMark mark{.database = std::string(
                    comment.substr(begin + kMarkBegin.size(), was - begin - kMarkBegin.size())),
                .previous = std::nullopt};
  if (value != kUnset) mark.previous = std::string(value);
  return mark;
}

void lift_marked_hold(pg::Connection& maintenance, const std::string& side, const HoldMark& mark) {
  if (put_back(maintenance, mark.database, mark)) {
    OldSessions read_only(maintenance, mark.database,
                          [](int, const std::string&) { return false; });
    read_only.end(kEndPatience);
  }
  const std::string comment = sql::comment_of(maintenance, side);
  swap::comment(maintenance, side, comment.substr(0, comment.rfind(kMarkBegin)));
}

}  // namespace guard
