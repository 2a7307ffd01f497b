// Side databases: made, sealed, listed, dropped.
#include <algorithm>

#include "pg/ident.h"
#include "pg/server_facts.h"
#include "swap/names.h"
#include "swap/sessions.h"
#include "swap/sql_swap.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace swap {
namespace {

using util::cat;
using util::printable;

constexpr std::chrono::seconds kSealPatience{10};

DatabaseRow existing(pg::Connection& maintenance, const std::string& name) {
  if (std::optional<DatabaseRow> row = find_database(maintenance, name)) return *std::move(row);
  throw util::Error(util::Kind::Query, cat("there is no database ", printable(name)));
}

void refuse_if_needed_elsewhere(pg::Connection& maintenance, const DatabaseRow& row) {
  if (const std::vector<std::string> slots = slots_of(maintenance, row.name); !slots.empty()) {
    throw util::Error(
        util::Kind::Preflight,
        cat("database ", printable(row.name), " is kept: it owns the replication slots ",
            printable(util::join(slots, ", ")), ", which would go with it"),
        {.hint = "Move their consumers to the database that is served now, then drop the slots.",
         .sqlstate = {}});
  }
  if (const std::vector<std::string> names = subscriptions_of(maintenance, row.oid);
      !names.empty()) {
    throw util::Error(util::Kind::Preflight,
                      cat("database ", printable(row.name), " is kept: it holds the subscriptions ",
                          printable(util::join(names, ", ")),
                          ", and dropping one would drop its slot on the publisher"),
                      {.hint = "Detach each with ALTER SUBSCRIPTION … DISABLE and SET (slot_name = "
                               "NONE), then drop it.",
                       .sqlstate = {}});
  }
}

}  // namespace

void create_side(pg::Connection& maintenance, const std::string& name,
                 const pg::DatabaseProperties& properties, const std::string& comment) {
  pg::create_database(maintenance, name, properties);
  comment_on_database(maintenance, name, comment);
}

void seal(pg::Connection& maintenance, const std::string& name) {
  if (existing(maintenance, name).allows_connections) allow_connections(maintenance, name, false);
  const std::vector<std::string> left = end_sessions(maintenance, name, kSealPatience);
  if (left.empty()) return;
  throw util::Error(
      util::Kind::Preflight,
      cat("database ", printable(name), " cannot be sealed: ", util::join(left, "; ")),
      {.hint = "End what is listed, as a role that may.", .sqlstate = {}});
}

bool sealed(pg::Connection& maintenance, const std::string& name) {
  return !existing(maintenance, name).allows_connections;
}

void comment(pg::Connection& maintenance, const std::string& name, const std::string& text) {
  comment_on_database(maintenance, name, text);
}

void drop_side(pg::Connection& maintenance, const std::string& name) {
  if (const auto parts = parse_side_name(name); !parts || parts->purpose == Purpose::Held) {
    throw util::Error(util::Kind::Bug,
                      cat("not dropped: ", printable(name), " is no side database"));
  }
  const std::optional<DatabaseRow> row = find_database(maintenance, name);
  if (!row) return;
  refuse_if_needed_elsewhere(maintenance, *row);
  const std::string quoted = pg::quote_ident(name);
  if (row->is_template)
    maintenance.execute(cat("ALTER DATABASE ", quoted, " WITH IS_TEMPLATE false"));
  maintenance.execute(cat("DROP DATABASE IF EXISTS ", quoted, " WITH (FORCE)"));
}

namespace {

Side side_of(pg::Connection& maintenance, const DatabaseRow& row, const SideName& parts) {
  return {.name = row.name,
          .comment = row.comment,
          .purpose = parts.purpose,
          .key = parts.key,
          .bytes = size_of(maintenance, row.oid),
          .allows_connections = row.allows_connections};
}

std::vector<std::string> uses_of(pg::Connection& maintenance, const DatabaseRow& row) {
  std::vector<std::string> uses;
  const std::uint64_t sessions = pg::sessions(maintenance, row.name).size();
  if (sessions > 0) uses.push_back(cat(util::show_counted(sessions, "session"), " in it"));
  for (const std::string& slot : slots_of(maintenance, row.name))
    uses.push_back(cat("logical replication slot ", slot));
  for (const std::string& name : subscriptions_of(maintenance, row.oid))
    uses.push_back(cat("subscription ", name));
  return uses;
}

}  // namespace

std::vector<Side> list_sides(pg::Connection& maintenance, const std::string& database) {
  std::vector<Side> sides;
  for (const DatabaseRow& row : databases_like_sides(maintenance)) {
    const std::optional<SideName> parts = parse_side_name(row.name);
    if (!parts || parts->purpose == Purpose::Held ||
        side_name(database, parts->purpose, parts->key) != row.name)
      continue;
    sides.push_back(side_of(maintenance, row, *parts));
  }
  return sides;
}

std::vector<SideOnServer> list_all_sides(pg::Connection& maintenance) {
  std::vector<SideOnServer> sides;
  for (const DatabaseRow& row : databases_like_sides(maintenance)) {
    const std::optional<SideName> parts = parse_side_name(row.name);
    if (!parts) continue;
    // One more byte of the database's name would not have been cut.
    const std::string longer = side_name(parts->database + "x", parts->purpose, parts->key);
    sides.push_back({.side = side_of(maintenance, row, *parts),
                     .database = parts->database,
                     .cut = longer.size() == row.name.size(),
                     .in_use = uses_of(maintenance, row)});
  }
  return sides;
}

std::vector<Side> list_own(pg::Connection& maintenance, const std::string& database) {
  std::vector<Side> found;
  if (const std::optional<DatabaseRow> row = find_database(maintenance, database))
    found.push_back(
        side_of(maintenance, *row, {.database = database, .purpose = Purpose::Held, .key = {}}));
  for (const DatabaseRow& row : databases_like_sides(maintenance)) {
    const std::optional<SideName> parts = parse_side_name(row.name);
    if (parts && parts->purpose == Purpose::Held &&
        side_name(database, Purpose::Held, parts->key) == row.name)
      found.push_back(side_of(maintenance, row, *parts));
  }
  return found;
}

std::vector<std::string> drop_abandoned_replays(pg::Connection& maintenance,
                                                const std::string& database) {
  std::vector<std::string> dropped;
  for (const Side& side : list_sides(maintenance, database)) {
    // A statement that its client does not wait for any more may go on in the database itself.
    if (side.purpose != Purpose::Drift ||
        session_outside(maintenance, cat("pgbelay-", side.key), side.name))
      continue;
    try {
      drop_side(maintenance, side.name);
      dropped.push_back(side.name);
    } catch (const util::Error&) {
      // Another role's, or just being dropped: doctor lists it, and nobody is in its way.
      if (!maintenance.alive()) throw;
    }
  }
  return dropped;
}

SealRecord seal_record(pg::Connection& maintenance, const std::string& name) {
  const DatabaseRow row = existing(maintenance, name);
  if (row.allows_connections) {
    throw util::Error(util::Kind::Bug, cat("database ", printable(name), " is not sealed"));
  }
  const Counters seen = counters(maintenance, row.oid);
  return {.database = name,
          .oid = row.oid,
          .server_started = crash_marker(maintenance),
          .row_version = row.row_version,
          .sessions = seen.sessions,
          .changes = seen.changes};
}

std::string seal_broken(pg::Connection& maintenance, const SealRecord& record) {
  const std::string name = printable(record.database);
  const std::optional<DatabaseRow> row = find_database(maintenance, record.database);
  if (!row) return cat("database ", name, " is gone");
  if (row->oid != record.oid) return cat("database ", name, " is another one than was sealed");
  if (row->allows_connections) return cat("database ", name, " has been opened");
  if (crash_marker(maintenance) != record.server_started) {
    return "the server has crashed or was promoted since the seal, and unlogged tables are empty "
           "after that";
  }
  if (row->row_version == record.row_version) return {};
  // Something was altered: its owner or its grants, by REASSIGN OWNED for instance, or it was
  // opened for a while. From 15 on a session has written its counters before it is gone, so they
  // tell which. Autovacuum does not count as a session; rows that it changed in the catalogues
  // would only make this too strict.
  if (maintenance.server_major() < 15) return cat("database ", name, " was altered since the seal");
  const Counters seen = counters(maintenance, row->oid);
  if (seen.sessions == record.sessions && seen.changes == record.changes) return {};
  return cat("database ", name, " was altered since the seal, and sessions ", seen.sessions,
             " (were ", record.sessions, "), changed rows ", seen.changes, " (were ",
             record.changes, ")");
}

}  // namespace swap
