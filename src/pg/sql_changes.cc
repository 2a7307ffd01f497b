#include "pg/sql_changes.h"

#include "pg/ident.h"
#include "util/text.h"

namespace pg {
namespace {

// A crash restart discards the counters without a new stats_reset of the database; that of the
// background writer is set anew then. The same text whatever the session's TimeZone and DateStyle.
#define PGBELAY_RESETS                                                              \
  "pg_catalog.concat_ws('/', pg_catalog.to_char(d.stats_reset at time zone 'UTC', " \
  "'YYYYMMDDHH24MISSUS'),"                                                          \
  " pg_catalog.to_char(b.stats_reset at time zone 'UTC', 'YYYYMMDDHH24MISSUS'))"

constexpr std::string_view kSessionCounter =
    "select d.sessions::pg_catalog.text, " PGBELAY_RESETS
    "  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b where d.datname = $1";
constexpr std::string_view kStatsReset =
    "select null::pg_catalog.text, " PGBELAY_RESETS
    "  from pg_catalog.pg_stat_database d, pg_catalog.pg_stat_bgwriter b where d.datname = $1";

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

}  // namespace

SessionCounter session_counter(Connection& connection, const std::string& database) {
  const bool counted = connection.server_major() >= 14;
  const Result rows = connection.query(counted ? kSessionCounter : kStatsReset, {database});
  SessionCounter out;
  if (rows.row_count() == 0) return out;
  if (const auto sessions = rows.text(0, 0)) out.sessions = util::parse_u64(*sessions);
  out.stats_reset = rows.str(0, 1);
  return out;
}

std::map<std::string, CatalogDigest> catalog_digests(Connection& connection) {
  const Result names = connection.query(kCatalogs);
  std::string sql;
  for (int row = 0; row < names.row_count(); ++row) {
    const std::string name = names.str(row, 0);
    if (!sql.empty()) sql += " union all ";
    sql += util::cat(
        "select ", quote_literal(name),
        ", pg_catalog.count(*)::pg_catalog.text,"
        " coalesce(pg_catalog.sum(pg_catalog.hashtextextended("
        "t.ctid::pg_catalog.text || '/' || t.xmin::pg_catalog.text, 0)), 0)::pg_catalog.text"
        " from pg_catalog.",
        quote_ident(name), " t");
  }
  std::map<std::string, CatalogDigest> out;
  const Result rows = connection.query(sql);
  for (int row = 0; row < rows.row_count(); ++row)
    out[rows.str(row, 0)] = {rows.str(row, 1), rows.str(row, 2)};
  return out;
}

ChangeCounters change_counters(Connection& connection) {
  ChangeCounters out;
  out.exact =
      connection.server_major() >= 15 &&
      connection.query("select pg_catalog.current_setting('track_counts')").str(0, 0) == "on";
  out.stats_reset = session_counter(connection, connection.database()).stats_reset;
  const Result rows = connection.query(kChangeCounters);
  for (int row = 0; row < rows.row_count(); ++row) {
    out.tables[{rows.str(row, 0), rows.str(row, 1)}] = rows.str(row, 2);
  }
  return out;
}

}  // namespace pg
