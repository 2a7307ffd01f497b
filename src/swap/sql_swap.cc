#include "swap/sql_swap.h"

#include "pg/ident.h"
#include "pg/rows.h"
#include "util/text.h"

namespace swap {
namespace {

constexpr std::string_view kDatabaseColumns = R"sql(
    select d.datname::pg_catalog.text, d.oid::pg_catalog.int8, d.datallowconn, d.datistemplate,
           d.xmin::pg_catalog.text::pg_catalog.int8, coalesce(pg_catalog.shobj_description(d.oid, 'pg_database'), '')
      from pg_catalog.pg_database d)sql";

DatabaseRow database_row(const pg::Result& result, int row) {
  return {.name = result.str(row, 0),
          .oid = static_cast<std::uint32_t>(result.u64(row, 1)),
          .allows_connections = result.boolean(row, 2),
          .is_template = result.boolean(row, 3),
          .row_version = result.u64(row, 4),
          .comment = result.str(row, 5)};
}

// pg_locks shows the halves of a 64-bit key as unsigned numbers.
std::vector<pg::Param> halves(std::int64_t key) {
  const auto bits = static_cast<std::uint64_t>(key);
  return {util::cat(bits >> 32U), util::cat(bits & 0xFFFFFFFFU)};
}

// In whatever database: the maintenance database of another run may be another one.
constexpr std::string_view kThisLock = R"sql(
       l.locktype = 'advisory' and l.granted and l.objsubid = 1
       and l.classid = $1::pg_catalog.int8::pg_catalog.oid and l.objid = $2::pg_catalog.int8::pg_catalog.oid)sql";

}  // namespace

std::optional<DatabaseRow> find_database(pg::Connection& connection, const std::string& name) {
  const pg::Result result = connection.query(
      util::cat(kDatabaseColumns, " where d.datname = $1::pg_catalog.text"), {name});
  if (result.row_count() == 0) return std::nullopt;
  return database_row(result, 0);
}

std::vector<DatabaseRow> databases_like_sides(pg::Connection& connection) {
  const pg::Result result = connection.query(util::cat(
      kDatabaseColumns, R"sql( where pg_catalog.strpos(d.datname::pg_catalog.text, '__') > 0
                                         order by d.datname)sql"));
  std::vector<DatabaseRow> rows;
  for (int row = 0; row < result.row_count(); ++row) rows.push_back(database_row(result, row));
  return rows;
}

std::uint64_t size_of(pg::Connection& connection, std::uint32_t oid) {
  // A closed database may be measured by its owner; others need CONNECT or pg_read_all_stats.
  const pg::Result result = connection.query(R"sql(
      select case when pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                    or pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                  then pg_catalog.pg_database_size(d.oid) else 0 end
        from pg_catalog.pg_database d where d.oid = $1::pg_catalog.int8::pg_catalog.oid)sql",
                                             {util::cat(oid)});
  return result.row_count() == 0 ? 0 : result.u64(0, 0);
}

std::string crash_marker(pg::Connection& connection) {
  // A crash restart discards all statistics and sets this time anew (13 to 18), a clean one keeps
  // them; the start times of the server's processes are hidden from ordinary roles. A promoted
  // standby has statistics of its own and another time line.
  const pg::Result result = connection.query(R"sql(
      select coalesce((extract(epoch from b.stats_reset) * 1000000)::pg_catalog.int8::pg_catalog.text, '')
             || '/' || c.timeline_id::pg_catalog.text
        from pg_catalog.pg_stat_bgwriter b, pg_catalog.pg_control_checkpoint() c)sql");
  return result.str(0, 0);
}

Counters counters(pg::Connection& connection, std::uint32_t oid) {
  const bool has_sessions = connection.server_major() >= 14;
  const pg::Result result =
      connection.query(util::cat("select ", has_sessions ? "s.sessions" : "0::pg_catalog.int8",
                                 R"sql(, s.tup_inserted + s.tup_updated + s.tup_deleted
        from pg_catalog.pg_stat_database s where s.datid = $1::pg_catalog.int8::pg_catalog.oid)sql"),
                       {util::cat(oid)});
  if (result.row_count() == 0) return {};
  return {.sessions = result.u64(0, 0), .changes = result.u64(0, 1)};
}

std::vector<PreparedRow> prepared_transactions(pg::Connection& connection,
                                               const std::string& database) {
  const pg::Result result = connection.query(R"sql(
      select gid, owner::pg_catalog.text from pg_catalog.pg_prepared_xacts
       where database = $1::pg_catalog.text order by prepared, gid)sql",
                                             {database});
  std::vector<PreparedRow> rows;
  for (int row = 0; row < result.row_count(); ++row)
    rows.push_back({result.str(row, 0), result.str(row, 1)});
  return rows;
}

std::vector<std::string> slots_of(pg::Connection& connection, const std::string& database) {
  return pg::first_column(connection.query(R"sql(
      select slot_name::pg_catalog.text from pg_catalog.pg_replication_slots
       where database = $1::pg_catalog.text order by 1)sql",
                                           {database}));
}

std::vector<std::string> subscriptions_of(pg::Connection& connection, std::uint32_t oid) {
  return pg::first_column(connection.query(R"sql(
      select subname::pg_catalog.text from pg_catalog.pg_subscription
       where subdbid = $1::pg_catalog.int8::pg_catalog.oid order by 1)sql",
                                           {util::cat(oid)}));
}

bool session_starting(pg::Connection& connection, std::uint32_t oid) {
  const pg::Result result = connection.query(R"sql(
      select 1 from pg_catalog.pg_locks l
       where l.locktype = 'object' and l.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
         and l.objid = $1::pg_catalog.int8::pg_catalog.oid and l.mode = 'RowExclusiveLock' limit 1)sql",
                                             {util::cat(oid)});
  return result.row_count() > 0;
}

bool session_outside(pg::Connection& connection, const std::string& application,
                     const std::string& database) {
  return connection
      .query(R"sql(
      select exists (select from pg_catalog.pg_stat_activity a
                      where a.application_name = $1 and a.datname is distinct from $2::pg_catalog.name))sql",
             {application, database})
      .boolean(0, 0);
}

void terminate(pg::Connection& connection, int pid) {
  connection.query("select pg_catalog.pg_terminate_backend($1)", {util::cat(pid)});
}

void allow_connections(pg::Connection& connection, const std::string& name, bool allowed) {
  connection.execute(util::cat("ALTER DATABASE ", pg::quote_ident(name), " WITH ALLOW_CONNECTIONS ",
                               allowed ? "true" : "false"));
}

void rename_database(pg::Connection& connection, const std::string& from, const std::string& to) {
  connection.execute(
      util::cat("ALTER DATABASE ", pg::quote_ident(from), " RENAME TO ", pg::quote_ident(to)));
}

void comment_on_database(pg::Connection& connection, const std::string& name,
                         const std::string& comment) {
  connection.execute(
      util::cat("COMMENT ON DATABASE ", pg::quote_ident(name), " IS ", pg::quote_literal(comment)));
}

void close_to_public(pg::Connection& connection, const std::string& name) {
  connection.execute(util::cat("REVOKE ALL ON DATABASE ", pg::quote_ident(name), " FROM PUBLIC"));
}

bool try_lock(pg::Connection& connection, std::int64_t key) {
  return connection.query("select pg_catalog.pg_try_advisory_lock($1)", {util::cat(key)})
      .boolean(0, 0);
}

bool holds_lock(pg::Connection& connection, std::int64_t key) {
  const pg::Result result = connection.query(
      util::cat("select 1 from pg_catalog.pg_locks l where l.pid = pg_catalog.pg_backend_pid() and",
                kThisLock),
      halves(key));
  return result.row_count() > 0;
}

void unlock(pg::Connection& connection, std::int64_t key) {
  connection.query("select pg_catalog.pg_advisory_unlock($1)", {util::cat(key)});
}

std::optional<LockOwner> lock_owner(pg::Connection& connection, std::int64_t key) {
  const pg::Result result = connection.query(util::cat(R"sql(
      select l.pid, coalesce(a.application_name, ''),
             coalesce(pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
        from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.pid <> pg_catalog.pg_backend_pid() and)sql",
                                                       kThisLock),
                                             halves(key));
  if (result.row_count() == 0) return std::nullopt;
  return LockOwner{.pid = static_cast<int>(result.i64(0, 0)),
                   .application = result.str(0, 1),
                   .since = result.str(0, 2)};
}

std::string system_identifier(pg::Connection& connection) {
  return connection
      .query("select system_identifier::pg_catalog.text from pg_catalog.pg_control_system()")
      .str(0, 0);
}

void settle_session(pg::Connection& connection) {
  std::string text =
      "SET search_path = ''; SET statement_timeout = 0; SET lock_timeout = 0; "
      "SET idle_in_transaction_session_timeout = 0; SET default_transaction_read_only = off; "
      "SET default_transaction_isolation = 'read committed'; SET client_min_messages = warning;";
  if (connection.server_major() >= 14) text += " SET idle_session_timeout = 0;";
  if (connection.server_major() >= 17) text += " SET transaction_timeout = 0;";
  // Nothing on a socket of the same machine.
  text += util::cat(" SET tcp_keepalives_idle = ", kVanished.idle.count(),
                    "; SET tcp_keepalives_interval = ", kVanished.interval.count(),
                    "; SET tcp_keepalives_count = ", kVanished.count,
                    "; SET tcp_user_timeout = ", kVanished.limit.count(), ";");
  connection.execute(text);
}

}  // namespace swap
