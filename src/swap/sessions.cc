#include "swap/sessions.h"

#include <algorithm>
#include <map>
#include <thread>

#include "pg/server_facts.h"
#include "swap/sql_swap.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"

namespace swap {
namespace {

using util::cat;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kFirstPause{1};
constexpr std::chrono::milliseconds kLongestPause{50};
constexpr std::chrono::milliseconds kAgain{500};  // before a session is asked to end once more

// The server ends them itself for a rename, and they come back on their own whatever we do.
bool is_autovacuum(const pg::SessionRow& session) {
  return session.backend_type == "autovacuum worker";
}

bool is_background(const pg::SessionRow& session) {
  return session.backend_type != "client backend" && session.backend_type != "parallel worker" &&
         !session.backend_type.empty() && !is_autovacuum(session);
}

std::string line(const pg::SessionRow& session) {
  std::string text =
      cat(session.backend_type.empty() ? "session" : session.backend_type, " ", session.pid);
  if (!session.user.empty()) text += cat(" of ", util::printable(session.user));
  if (!session.application.empty()) text += cat(" (", util::printable(session.application), ")");
  if (!session.may_terminate) text += ", which this role may not end";
  return text;
}

// One look: what is there apart from autovacuum, which only delays.
struct View {
  std::vector<pg::SessionRow> sessions;
  bool starting = false;
  bool empty() const { return sessions.empty() && !starting; }
};

View look(pg::Connection& maintenance, const std::string& database, int spare) {
  View view;
  const std::optional<DatabaseRow> row = find_database(maintenance, database);
  if (!row) return view;
  // First who is logging in, then who is in: a session is in the second list before it leaves the
  // first (F4).
  view.starting = session_starting(maintenance, row->oid);
  view.sessions = pg::sessions(maintenance, database);
  std::erase_if(view.sessions, [&](const pg::SessionRow& row_seen) {
    return row_seen.pid == spare || (is_autovacuum(row_seen) && !row_seen.may_terminate);
  });
  return view;
}

class Terminator {
 public:
  explicit Terminator(pg::Connection& maintenance) : maintenance_(maintenance) {}

  void ask(const pg::SessionRow& session) {
    const auto [asked, first] = asked_.try_emplace(session.pid, Clock::now());
    if (!first && Clock::now() - asked->second < kAgain) return;
    asked->second = Clock::now();
    try {
      terminate(maintenance_, session.pid);
    } catch (const util::Error& failure) {
      if (failure.kind() == util::Kind::Connect)
        throw;  // else not ours to end: it stays in the list
    }
  }

 private:
  pg::Connection& maintenance_;
  std::map<int, Clock::time_point> asked_;
};

}  // namespace

std::vector<std::string> end_sessions(pg::Connection& maintenance, const std::string& database,
                                      std::chrono::milliseconds patience, int spare) {
  const Clock::time_point deadline = Clock::now() + patience;
  Terminator terminator(maintenance);
  std::chrono::milliseconds pause = kFirstPause;
  for (View view = look(maintenance, database, spare); !view.empty();
       view = look(maintenance, database, spare)) {
    for (const pg::SessionRow& session : view.sessions) terminator.ask(session);
    if (Clock::now() >= deadline) {
      std::erase_if(view.sessions, is_autovacuum);
      std::vector<std::string> left;
      for (const pg::SessionRow& session : view.sessions) left.push_back(line(session));
      if (view.starting) left.push_back("a session that is logging in");
      return left;
    }
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  return {};
}

std::vector<std::string> prepared_lines(pg::Connection& maintenance, const std::string& database) {
  std::vector<std::string> lines;
  for (const PreparedRow& row : prepared_transactions(maintenance, database)) {
    lines.push_back(cat("prepared transaction '", util::printable(row.gid), "' of ",
                        util::printable(row.owner)));
  }
  return lines;
}

std::vector<std::string> swap_blockers(pg::Connection& maintenance, const std::string& database) {
  std::vector<std::string> lines = prepared_lines(maintenance, database);
  for (const pg::SessionRow& session : pg::sessions(maintenance, database)) {
    if (is_autovacuum(session)) continue;
    if (is_background(session) || !session.may_terminate) lines.push_back(line(session));
  }
  return lines;
}

}  // namespace swap
