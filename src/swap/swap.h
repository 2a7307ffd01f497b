// Side databases and the swap: what is built beside the live database, sealed, and put in its place
// by two renames in one transaction (architecture.md §5; postgres-hazards.md S1, S6, S15, M6).
//
// All functions work through a connection to a third database (open_maintenance). Names are raw.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "pg/database_properties.h"

namespace swap {

// Held is the guarded database itself, under another name for a while: no side database, so never
// listed among them and never dropped.
enum class Purpose { Proof, Rehearsal, Failed, Replaced, Probe, Drift, Held };
// <database>__proof_<key>, cut at a character boundary to 63 bytes without losing the key
// (contracts.md K5).
std::string side_name(const std::string& database, Purpose purpose, const std::string& key);

// Connects to `maintenance_db` if given, else postgres, else template1 when the target is postgres
// (contracts.md K19). Kind::Preflight if none lets us in or it is the target itself.
pg::Connection open_maintenance(const pg::ConnInfo& target, const std::string& maintenance_db,
                                const std::string& application_name, std::stop_token stop);

// The mutex of a guarded database: a polled advisory try-lock outside any transaction, keyed by
// system identifier and database name (S15). Kind::Busy naming the owner and its age when somebody
// holds it.
class DatabaseLock {
 public:
  DatabaseLock(pg::Connection& maintenance, const std::string& database);
  ~DatabaseLock();
  DatabaseLock(const DatabaseLock&) = delete;
  DatabaseLock& operator=(const DatabaseLock&) = delete;
  void probe();  // Kind::Busy if the lock or its connection was lost

 private:
  pg::Connection& connection_;
  std::int64_t key_ = 0;
  std::string database_;
};

// Made from template0, closed to PUBLIC, with the run's comment (contracts.md K5) before anything
// is in it.
void create_side(pg::Connection& maintenance, const std::string& name,
                 const pg::DatabaseProperties& properties, const std::string& comment);
// A database with the contents of `original`, which must be closed to connections, and the
// properties of the guarded one; open when it returns.
struct ClonePlan {
  std::string name;
  std::string original;
  pg::DatabaseProperties properties;
  std::string comment;
};
void clone_side(pg::Connection& maintenance, const ClonePlan& plan);
void seal(pg::Connection& maintenance,
          const std::string& name);  // ALLOW_CONNECTIONS false, sessions ended
bool sealed(pg::Connection& maintenance, const std::string& name);
void comment(pg::Connection& maintenance, const std::string& name, const std::string& text);
void drop_side(pg::Connection& maintenance,
               const std::string& name);  // refuses a name that has no side-database form

// What a sealed copy's evidence hangs on: nobody was let in, and no crash restart emptied its
// unlogged tables (S1).
struct SealRecord {
  std::string database;
  std::uint32_t oid = 0;
  std::string
      server_started;  // changes with a crash restart or a promotion, not with an ordinary restart
  std::uint64_t row_version =
      0;  // of its row in pg_database: nobody can open it without changing this
  std::uint64_t sessions = 0;  // pg_stat_database.sessions, 14+
  std::uint64_t changes = 0;   // rows inserted, updated, deleted, by pg_stat_database
};
SealRecord seal_record(pg::Connection& maintenance, const std::string& name);
// Empty if `record` still holds, else why not.
std::string seal_broken(pg::Connection& maintenance, const SealRecord& record);

struct Side {
  std::string name, comment;
  Purpose purpose;
  std::string key;
  std::uint64_t bytes = 0;
  bool allows_connections = false;
};
std::vector<Side> list_sides(pg::Connection& maintenance, const std::string& database);
// Every database whose name has that form, whosever side it is; held ones, too. What stands in
// `in_use` keeps it: sessions, logical slots (M4), subscriptions (F8), each a line.
struct SideOnServer {
  Side side;
  std::string database;  // whose it is, as far as its name shows that
  bool cut = false;      // the name may show a part of that only
  std::vector<std::string> in_use;
};
std::vector<SideOnServer> list_all_sides(pg::Connection& maintenance);
// The guarded database itself, under its own name (as purpose Held, without a key) or the one that
// an exclusive hold gives it.
std::vector<Side> list_own(pg::Connection& maintenance, const std::string& database);
// Drops the scratch databases of every `drift --against` that died: its own session, which is in
// another database, is gone. Their names.
std::vector<std::string> drop_abandoned_replays(pg::Connection& maintenance,
                                                const std::string& database);

struct SwapPlan {
  std::string live;  // the name that is served
  std::string copy;  // sealed; gets the name `live`
  std::string kept;  // the name that the replaced database gets
  pg::DatabaseProperties
      properties;  // from the record of the snapshot, applied to the copy before the renames (S2)
  std::string kept_comment;
  std::chrono::milliseconds patience{10'000};  // for ending sessions
  // Called when both are closed and nobody is left in them, before the renames; may throw to give
  // the swap up.
  std::function<void()> last_look = {};
  std::string_view fault_points = "undo";  // passed on the way; "": none
};
// Closes both to new sessions, ends sessions in rounds, renames and opens in one transaction; the
// kept one stays closed to PUBLIC and to connections. Repeatable: called again after a crash at any
// moment it finishes, whatever was done already. Where `live` is gone, the copy is put in its place
// and nothing is kept. Kind::NotUndone naming what blocks (prepared
// transaction, superuser's session …).
void run(pg::Connection& maintenance, const SwapPlan& plan);
// The same where no database of the name `live` exists: the copy gets the properties, the name, and
// is opened. `kept` and `kept_comment` are not used. Kind::Usage if there is one.
void place(pg::Connection& maintenance, const SwapPlan& plan);
// What a database is like when it has its new name.
enum class Door { Open, Closed };
struct MovePlan {
  std::string from, to;
  Door door = Door::Open;
  std::function<void()> also = {};  // in the transaction of the rename, with the new name
  std::chrono::milliseconds patience{10'000};  // for ending sessions
  std::string_view fault_point = {};           // passed when nobody can connect any more; "": none
};
// Closes the database to new sessions, ends sessions in rounds, renames it. Before the commit it
// has its old name. Kind::NotUndone naming what blocks; then it is open again under that.
void move(pg::Connection& maintenance, const MovePlan& plan);
// A side database, or one that a swap has replaced, gets another side name and this comment, and is
// closed. Repeatable: nothing where `from` is gone and `to` is there.
void rename_side(pg::Connection& maintenance, const std::string& from, const std::string& to,
                 const std::string& comment);
// Closes `name` to new sessions and ends those that are there, but for the one with the pid
// `spare`; a line for each that is left after `patience`.
std::vector<std::string> close_to_others(pg::Connection& maintenance, const std::string& name,
                                         int spare, std::chrono::milliseconds patience);
// Reopens `live` when a swap was given up before its renames.
void reopen(pg::Connection& maintenance, const std::string& live);

// Prepared transactions, walsenders, background workers, sessions that this role may not end (S6):
// each a line.
std::vector<std::string> swap_blockers(pg::Connection& maintenance, const std::string& database);
// The whole undo once with empty databases of the same name pattern (S3, S15): create, connect
// through `target`, own, seal, rename both, drop. Throws Kind::Preflight naming the step that this
// role cannot do.
void rehearse(pg::Connection& maintenance, const pg::ConnInfo& target, const std::string& key,
              const pg::DatabaseProperties& properties);

}  // namespace swap
