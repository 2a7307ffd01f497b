#include "guard/foreign.h"

#include <thread>

#include "guard/sql_guard.h"
#include "pg/server_facts.h"
#include "pg/sql_changes.h"
#include "swap/sql_swap.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

std::string line_of(const pg::SessionRow& row) {
  std::string line =
      util::cat("pid ", row.pid, ", ", row.user.empty() ? "?" : util::printable(row.user));
  if (!row.application.empty()) line += util::cat(", ", util::printable(row.application));
  if (!row.client.empty()) line += util::cat(", ", row.client);
  if (!row.state.empty()) line += util::cat(", ", row.state);
  return line;
}

std::string identity_of(const pg::SessionRow& row) {
  if (row.state != "idle" || row.state_change.empty()) return {};
  return util::cat(row.pid, " ", row.backend_start, " ", row.state_change);
}

enum class Nature { Client, Worker, Harmless };

// A role that may not see the type sees whether there is a user: autovacuum has none, clients and
// the workers of extensions have one. Parallel workers belong to a session that is seen itself.
Nature nature_of(const pg::SessionRow& row) {
  if (row.backend_type.empty()) return row.user.empty() ? Nature::Harmless : Nature::Client;
  if (row.backend_type == "client backend") return Nature::Client;
  if (row.backend_type == "autovacuum worker" || row.backend_type == "parallel worker")
    return Nature::Harmless;
  return Nature::Worker;
}

}  // namespace

bool counts_sessions(const pg::Connection& connection) {
  constexpr int kCountersInSharedMemory = 15;
  return connection.server_major() >= kCountersInSharedMemory;
}

Sighting look(pg::Connection& maintenance, const std::string& database, const IsOwn& is_own) {
  Sighting out;
  out.server_started = swap::crash_marker(maintenance);
  const pg::SessionCounter counter = pg::session_counter(maintenance, database);
  if (counts_sessions(maintenance)) out.sessions = counter.sessions;
  out.stats_reset = counter.stats_reset;
  for (const pg::SessionRow& row : pg::sessions(maintenance, database)) {
    if (is_own(row.pid, row.application)) continue;
    const Nature nature = nature_of(row);
    if (nature == Nature::Client) out.clients.push_back({identity_of(row), line_of(row)});
    if (nature == Nature::Worker)
      out.workers.push_back(util::cat(row.backend_type, ", ", line_of(row)));
  }
  out.subscriptions = subscription_count(maintenance, database);
  return out;
}

bool wait_gone(pg::Connection& maintenance, const std::string& database, const IsOwn& is_own,
               std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    bool there = false;
    for (const pg::SessionRow& row : pg::sessions(maintenance, database)) {
      there = there || is_own(row.pid, row.application);
    }
    if (!there) return true;
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

std::string idle_identities(const Sighting& sighting) {
  std::vector<std::string> identities;
  for (const Client& client : sighting.clients) {
    if (client.identity.empty()) return {};
    identities.push_back(client.identity);
  }
  return util::join(identities, ", ");
}

bool same_idle_pool(const Sighting& before, const Sighting& now) {
  const std::string identities = idle_identities(now);
  return !identities.empty() && identities == idle_identities(before);
}

Judgement judge(const Sighting& before, const Sighting& now, std::uint64_t own) {
  Judgement out;
  const bool only_idle = same_idle_pool(before, now);
  for (const Sighting* sighting : {&now, &before}) {
    for (const Client& client : sighting->clients) {
      if (only_idle) continue;
      const std::string reason =
          util::cat(sighting == &now ? "connected: " : "was connected before: ", client.line);
      out.reasons.push_back(reason);
    }
    for (const std::string& worker : sighting->workers)
      out.reasons.push_back(util::cat("may write: ", worker));
    if (sighting == &now && !out.reasons.empty()) break;  // those who are there say enough
  }
  if (now.subscriptions + before.subscriptions > 0) {
    out.reasons.push_back("the database has a subscription, whose worker may write");
  }
  // Whatever the counter says then: it may have come to the same number once more.
  if (before.server_started != now.server_started) {
    out.reasons.push_back(
        "the server has crashed or was promoted meanwhile, and its counters began anew");
  } else if (before.sessions && !now.sessions) {
    out.reasons.push_back("the database is gone, and its counters with it");
  } else if (!before.sessions) {
    out.reasons.push_back("this server does not count sessions exactly (15 and later do)");
  } else if (before.stats_reset != now.stats_reset || *now.sessions < *before.sessions) {
    out.reasons.push_back("the server's counters were reset meanwhile");
  } else if (*now.sessions - *before.sessions > own) {
    out.reasons.push_back(
        util::cat(util::show_counted(*now.sessions - *before.sessions - own, "session"),
                  " of others opened meanwhile"));
  } else if (*now.sessions - *before.sessions < own) {
    out.reasons.push_back(util::cat("the server counted ", *now.sessions - *before.sessions,
                                    " of our ", own,
                                    " sessions: something stands between us and it"));
  }
  return out;
}

}  // namespace guard
