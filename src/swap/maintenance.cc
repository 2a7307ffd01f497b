// The third database that the others are handled from, and the mutex in it.
#include <map>

#include "pg/session.h"
#include "swap/sessions.h"
#include "swap/sql_swap.h"
#include "swap/swap.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace swap {
namespace {

using util::cat;

std::string maintenance_name(const pg::ConnInfo& target, const std::string& wanted) {
  if (!wanted.empty()) return wanted;
  return target.database() == "postgres" ? "template1" : "postgres";
}

// Whether the server is there for this role at all: else its own refusal says more than ours.
bool target_lets_us_in(const pg::ConnInfo& target, const std::string& application_name,
                       const std::stop_token& stop) {
  try {
    pg::Connection::open(target, application_name, stop);
    return true;
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Connect) throw;
    return false;
  }
}

// FNV-1a, 64 bits, over "pgbelay", the system identifier and the name, each ended by a zero byte:
// the same for every version and machine, and other than what applications usually choose.
std::int64_t lock_key(const std::string& system, const std::string& database) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const std::string& part : {std::string("pgbelay"), system, database}) {
    for (std::size_t n = 0; n <= part.size(); ++n) {  // the zero byte, too
      hash ^= static_cast<unsigned char>(part.c_str()[n]);
      hash *= 1099511628211ULL;
    }
  }
  return static_cast<std::int64_t>(hash);
}

// When the run of an application name began, by its key (contracts.md K5): an ordinary role does
// not see since when sessions of others are there.
std::optional<util::Clock::time_point> begun_by_name(std::string_view application) {
  constexpr std::string_view kOurs = "pgbelay-";
  constexpr std::size_t kDigits = 14;  // YYYYMMDDHHMMSS
  if (!application.starts_with(kOurs)) return std::nullopt;
  const std::string_view key = application.substr(kOurs.size(), kDigits);
  if (key.size() < kDigits) return std::nullopt;
  return util::parse_rfc3339(cat(key.substr(0, 4), "-", key.substr(4, 2), "-", key.substr(6, 2),
                                 "T", key.substr(8, 2), ":", key.substr(10, 2), ":",
                                 key.substr(12, 2), "Z"));
}

std::string since_text(util::Clock::time_point since) {
  constexpr std::size_t kToTheSecond = 19;
  const util::Seconds age = util::Clock::now() - since;
  return cat(", since ", util::rfc3339(since).substr(0, kToTheSecond), "Z",
             age.count() < 0 ? std::string()  // by a clock that is not this one
                             : cat(", ", util::show_duration(age), " ago"));
}

std::optional<std::string> owner_text(pg::Connection& connection, std::int64_t key) {
  const std::optional<LockOwner> owner = lock_owner(connection, key);
  if (!owner) return std::nullopt;
  std::optional<util::Clock::time_point> since = util::parse_rfc3339(owner->since);
  if (!since) since = begun_by_name(owner->application);
  return cat(owner->application.empty() ? "a session" : util::printable(owner->application),
             " (pid ", owner->pid, since ? since_text(*since) : std::string(), ")");
}

util::Error busy(const std::string& database, const std::string& who) {
  return {util::Kind::Busy,
          cat("database ", util::printable(database), " is in the hands of ", who),
          {.hint = "Wait until it has ended, or look with: pgbelay status", .sqlstate = {}}};
}

// The server does the same on its side: settle_session().
pg::ConnInfo soon_missed(pg::ConnInfo target) {
  const std::map<std::string, std::string> given = target.options();
  for (const auto& [keyword, value] : {std::pair{"keepalives_idle", cat(kVanished.idle.count())},
                                       {"keepalives_interval", cat(kVanished.interval.count())},
                                       {"keepalives_count", cat(kVanished.count)},
                                       {"tcp_user_timeout", cat(kVanished.limit.count())}}) {
    if (!given.contains(keyword)) target = target.with_option(keyword, value);
  }
  return target;
}

}  // namespace

pg::Connection open_maintenance(const pg::ConnInfo& target, const std::string& maintenance_db,
                                const std::string& application_name, std::stop_token stop) {
  const std::string name = maintenance_name(target, maintenance_db);
  constexpr std::string_view kHint =
      "Name a database that is not the guarded one with --maintenance-db.";
  if (name == target.database()) {
    throw util::Error(
        util::Kind::Preflight,
        cat("database ", util::printable(name), " cannot be swapped from inside itself"),
        {.hint = std::string(kHint), .sqlstate = {}});
  }
  try {
    pg::Connection connection =
        pg::Connection::open(soon_missed(target.with_database(name)), application_name, stop);
    settle_session(connection);
    pg::commit_durably(connection);  // what is told as done is not lost with the server
    return connection;
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Connect || !target_lets_us_in(target, application_name, stop))
      throw;
    throw util::Error(util::Kind::Preflight, cat("no maintenance database: ", failure.message()),
                      {.hint = std::string(kHint), .sqlstate = failure.sqlstate()});
  }
}

DatabaseLock::DatabaseLock(pg::Connection& maintenance, const std::string& database)
    : connection_(maintenance),
      key_(lock_key(system_identifier(maintenance), database)),
      database_(database) {
  const bool locked = try_lock(connection_, key_);
  // The server keeps such locks apart by database: whoever took it in another one is looked for
  // after our own is held, so that of two runs at once at least one sees the other.
  const std::optional<std::string> owner = owner_text(connection_, key_);
  if (locked && !owner) return;
  if (locked) unlock(connection_, key_);
  throw busy(database_, owner.value_or("another run"));
}

DatabaseLock::~DatabaseLock() {
  try {
    unlock(connection_, key_);
  } catch (const util::Error&) {
    return;  // the connection is gone, and the lock with it
  }
}

std::optional<std::string> lock_holder(pg::Connection& maintenance, const std::string& database) {
  return owner_text(maintenance, lock_key(system_identifier(maintenance), database));
}

void DatabaseLock::probe() {
  constexpr std::string_view kHint =
      "Another run may have begun: look with pgbelay status before going on.";
  bool held = false;
  std::string cause = "the session no longer has it";
  try {
    held = holds_lock(connection_, key_);
  } catch (const util::Error& failure) {
    cause = failure.message();
  }
  if (held) return;
  throw util::Error(util::Kind::Busy,
                    cat("the lock on database ", util::printable(database_), " was lost: ", cause),
                    {.hint = std::string(kHint), .sqlstate = {}});
}

}  // namespace swap
