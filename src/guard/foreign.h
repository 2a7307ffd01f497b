// Is or was anybody else in the guarded database? The evidence for "nobody else wrote"
// (postgres-hazards.md F5, architecture.md §5 cases 2 and 4). Never a false "none": whatever cannot
// be known counts as somebody.
//
// Reading order that makes it sound: first the counter, then pg_stat_activity, then the snapshot.
// Whoever was there at the snapshot is then seen in the second or counted after the first.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace guard {

// A session of somebody else. One that is idle and has not done anything between two looks (F3:
// state_change says so) has written nothing.
struct Client {
  std::string identity;  // pid, start and last change of state; "" unless it is idle
  std::string line;      // for people
};

// The guarded database at one moment.
struct Sighting {
  std::optional<std::uint64_t>
      sessions;  // opened since the counter began; nothing where it is not exact (< 15)
  std::string stats_reset;
  // Other after a crash of the server, which throws its counters away, or a promotion.
  std::string server_started;
  std::vector<Client> clients;
  std::vector<std::string>
      workers;  // walsenders, apply workers, extensions' workers: not counted by `sessions`
  std::uint64_t subscriptions = 0;
};

// A session of the run, by identity.
struct OwnSession {
  int pid = 0;
  std::string backend_start;  // UTC, as tap::SessionRecord has it; empty: unknown
};
using IsOwn = std::function<bool(int pid, const std::string& application)>;

// Whether the server counts sessions exactly and at once. Before 15 a count could be lost on its
// way.
bool counts_sessions(const pg::Connection& connection);

// Through a connection to another database, each statement in a transaction of its own.
Sighting look(pg::Connection& maintenance, const std::string& database, const IsOwn& is_own);
// Waits until no session for which `is_own` holds is in `database`; false after `patience`.
bool wait_gone(pg::Connection& maintenance, const std::string& database, const IsOwn& is_own,
               std::chrono::milliseconds patience);

// The idle pool of an application: as a text for the journal, and whether it is the same and all
// that is there. `identities`: those of an earlier look.
std::string idle_identities(const Sighting& sighting);  // "" unless all are idle
bool same_idle_pool(const Sighting& before, const Sighting& now);

struct Judgement {
  std::vector<std::string> reasons;  // why it cannot be said that nobody was there; empty: nobody
  bool none() const noexcept { return reasons.empty(); }
};
// `own`: sessions of the run in this database that were opened after `before` and have ended by
// `now`, or are certain to be counted.
Judgement judge(const Sighting& before, const Sighting& now, std::uint64_t own);

}  // namespace guard
