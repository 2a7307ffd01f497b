#include "guard/sql_guard.h"

#include "pg/ident.h"
#include "util/text.h"

namespace guard {
namespace {

// UTC and a fixed form, whatever TimeZone and DateStyle are: as in the tap's records.
#define PGBELAY_BACKEND_START \
  "pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"

// A crash restart discards the counters without a new stats_reset of the database; that of the
// background writer is set anew then.
#define PGBELAY_RESETS                                      \
  "coalesce(d.stats_reset::pg_catalog.text, '') || '/' || " \
  "coalesce(b.stats_reset::pg_catalog.text, '')"

constexpr std::string_view kSessionCounter =
    "select d.sessions::pg_catalog.text, " PGBELAY_RESETS
    "  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b where d.datname = $1";
constexpr std::string_view kStatsReset =
    "select null::pg_catalog.text, " PGBELAY_RESETS
    "  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b where d.datname = $1";

constexpr std::string_view kSubscriptions =
    "select pg_catalog.count(*)::pg_catalog.text from pg_catalog.pg_subscription s"
    "  join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = $1";

constexpr std::string_view kLiving =
    "select distinct a.pid from pg_catalog.pg_stat_activity a"
    "  join (select pg_catalog.unnest($1::pg_catalog.int4[]) as pid,"
    "               pg_catalog.unnest($2::pg_catalog.text[]) as started) s on s.pid = a.pid"
    " where s.started = '' or a.backend_start is null or " PGBELAY_BACKEND_START " = s.started";

constexpr std::string_view kTerminate =
    "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a"
    " where a.pid = any ($1::pg_catalog.int4[])";

constexpr std::string_view kOwnStart = "select coalesce(" PGBELAY_BACKEND_START
                                       ", '') from pg_catalog.pg_stat_activity a"
                                       " where a.pid = pg_catalog.pg_backend_pid()";

// Large objects and statistics are data: the first have counters, the second change by themselves.
constexpr std::string_view kCatalogs =
    "select c.relname::pg_catalog.text from pg_catalog.pg_class c"
    "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'pg_catalog' and c.relkind = 'r' and not c.relisshared"
    "   and c.relname not in ('pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject')"
    "   and pg_catalog.has_table_privilege(c.oid, 'select') order by 1";

constexpr std::string_view kChangeCounters =
    "select s.schemaname::pg_catalog.text, s.relname::pg_catalog.text,"
    "       pg_catalog.concat_ws('/', s.relid, s.n_tup_ins, s.n_tup_upd, s.n_tup_del,"
    "                            pg_catalog.pg_relation_filenode(s.relid))"
    "  from pg_catalog.pg_stat_all_tables s"
    " where s.schemaname not in ('pg_catalog', 'pg_toast', 'information_schema')"
    "       and s.schemaname not like 'pg\\_temp\\_%' and s.schemaname not like "
    "'pg\\_toast\\_temp\\_%'"
    "    or s.schemaname = 'pg_catalog' and (s.relname = 'pg_largeobject'"
    "       or s.relname not in ('pg_statistic', 'pg_statistic_ext_data')"
    "          and not pg_catalog.has_table_privilege(s.relid, 'select')"
    "          and exists (select from pg_catalog.pg_class c where c.oid = s.relid and not "
    "c.relisshared))"
    " order by 1, 2";

std::string int_array(const std::vector<int>& values) {
  std::string out = "{";
  for (const int value : values) {
    if (out.size() > 1) out += ',';
    out += util::cat(value);
  }
  return out + "}";
}

// The texts are times in digits, or empty: nothing in them needs an escape.
std::string text_array(const std::vector<OwnSession>& sessions) {
  std::string out = "{";
  for (const OwnSession& session : sessions) {
    if (out.size() > 1) out += ',';
    out += util::cat('"', session.backend_start, '"');
  }
  return out + "}";
}

}  // namespace

SessionCounter session_counter(pg::Connection& connection, const std::string& database) {
  const bool counted = connection.server_major() >= 14;
  const pg::Result rows = connection.query(counted ? kSessionCounter : kStatsReset, {database});
  SessionCounter out;
  if (rows.row_count() == 0) return out;
  if (const auto sessions = rows.text(0, 0)) out.sessions = util::parse_u64(*sessions);
  out.stats_reset = rows.str(0, 1);
  return out;
}

std::uint64_t subscription_count(pg::Connection& connection, const std::string& database) {
  return connection.query(kSubscriptions, {database}).u64(0, 0);
}

std::vector<int> living(pg::Connection& connection, const std::vector<OwnSession>& sessions) {
  std::vector<int> pids;
  for (const OwnSession& session : sessions) pids.push_back(session.pid);
  const pg::Result rows = connection.query(kLiving, {int_array(pids), text_array(sessions)});
  std::vector<int> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back(static_cast<int>(rows.i64(row, 0)));
  return out;
}

void terminate(pg::Connection& connection, const std::vector<int>& pids) {
  connection.query(kTerminate, {int_array(pids)});
}

std::vector<int> named_sessions(pg::Connection& connection, const std::string& database,
                                const std::string& application) {
  const pg::Result rows = connection.query(
      "select pid from pg_catalog.pg_stat_activity where datname = $1 and application_name = $2",
      {database, application});
  std::vector<int> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back(static_cast<int>(rows.i64(row, 0)));
  return out;
}

std::string own_backend_start(pg::Connection& connection) {
  const pg::Result rows = connection.query(kOwnStart);
  return rows.row_count() == 0 ? std::string() : rows.str(0, 0);
}

bool own_pid_is_true(pg::Connection& connection) {
  return connection.query("select pg_catalog.pg_backend_pid()").i64(0, 0) ==
         connection.backend_pid();
}

std::uint32_t database_oid(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(
      "select oid::pg_catalog.int8 from pg_catalog.pg_database where datname = $1", {database});
  return rows.row_count() == 0 ? 0 : static_cast<std::uint32_t>(rows.u64(0, 0));
}

bool allows_connections(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(
      "select datallowconn from pg_catalog.pg_database where datname = $1", {database});
  return rows.row_count() == 1 && rows.boolean(0, 0);
}

std::map<std::string, CatalogDigest> catalog_digests(pg::Connection& connection) {
  const pg::Result names = connection.query(kCatalogs);
  std::string sql;
  for (int row = 0; row < names.row_count(); ++row) {
    const std::string name = names.str(row, 0);
    if (!sql.empty()) sql += " union all ";
    sql += util::cat(
        "select ", pg::quote_literal(name),
        ", pg_catalog.count(*)::pg_catalog.text,"
        " coalesce(pg_catalog.sum(pg_catalog.hashtextextended("
        "t.ctid::pg_catalog.text || '/' || t.xmin::pg_catalog.text, 0)), 0)::pg_catalog.text"
        " from pg_catalog.",
        pg::quote_ident(name), " t");
  }
  std::map<std::string, CatalogDigest> out;
  const pg::Result rows = connection.query(sql);
  for (int row = 0; row < rows.row_count(); ++row)
    out[rows.str(row, 0)] = {rows.str(row, 1), rows.str(row, 2)};
  return out;
}

ChangeCounters change_counters(pg::Connection& connection) {
  ChangeCounters out;
  out.exact =
      connection.server_major() >= 15 &&
      connection.query("select pg_catalog.current_setting('track_counts')").str(0, 0) == "on";
  out.stats_reset = session_counter(connection, connection.database()).stats_reset;
  const pg::Result rows = connection.query(kChangeCounters);
  for (int row = 0; row < rows.row_count(); ++row) {
    out.tables[{rows.str(row, 0), rows.str(row, 1)}] = rows.str(row, 2);
  }
  return out;
}

}  // namespace guard
