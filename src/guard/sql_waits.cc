#include "guard/sql_waits.h"

#include <algorithm>

#include "util/text.h"

namespace guard {
namespace {

constexpr std::string_view kWaiting =
    "select pg_catalog.count(*) from pg_catalog.pg_stat_activity a"
    " where a.datname = $1 and a.wait_event_type = 'Lock'"
    "   and not a.pid = any ($2::pg_catalog.int4[])"
    "   and pg_catalog.pg_blocking_pids(a.pid) && $2::pg_catalog.int4[]";

// A transaction of less than five seconds is over when a lock timeout's first retry comes.
constexpr std::string_view kBlockers = R"sql(
  select a.pid,
         case when a.backend_type = 'autovacuum worker' then 'a vacuum against wraparound, which does not give way to locks'
              when a.application_name like 'pg_dump%' then 'a dump'
              when a.state like 'idle in transaction%' then 'a session idle in a transaction'
              else 'an open transaction' end,
         coalesce(a.usename::pg_catalog.text, ''), coalesce(a.application_name, ''),
         pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, a.query_start)))::pg_catalog.int8
    from pg_catalog.pg_stat_activity a
   where a.datname = $1 and a.pid <> pg_catalog.pg_backend_pid()
     and (a.backend_type = 'autovacuum worker' and a.query like '%(to prevent wraparound)%'
          or a.backend_type = 'client backend' and a.xact_start is not null
             and (a.application_name like 'pg_dump%'
                  or a.xact_start < pg_catalog.clock_timestamp() - interval '5 seconds'))
  union all
  select 0, 'prepared transaction ' || pg_catalog.quote_literal(p.gid), p.owner::pg_catalog.text, '',
         pg_catalog.floor(extract(epoch from pg_catalog.clock_timestamp() - p.prepared))::pg_catalog.int8
    from pg_catalog.pg_prepared_xacts p where p.database = $1
   order by 5 desc)sql";

}  // namespace

std::uint64_t waiting_for(pg::Connection& control, const std::string& database,
                          const std::vector<int>& pids) {
  if (pids.empty()) return 0;
  std::string array = "{";
  for (const int pid : pids) array += util::cat(array.size() > 1 ? "," : "", pid);
  return control.query(kWaiting, {database, array + "}"}).u64(0, 0);
}

std::vector<BlockerRow> blockers_of_locks(pg::Connection& control, const std::string& database) {
  const pg::Result rows = control.query(kBlockers, {database});
  std::vector<BlockerRow> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({.pid = static_cast<int>(rows.i64(row, 0)),
                   .what = rows.str(row, 1),
                   .user = rows.str(row, 2),
                   .application = rows.str(row, 3),
                   .seconds = rows.text(row, 4) ? static_cast<std::uint64_t>(
                                                      std::max<std::int64_t>(rows.i64(row, 4), 0))
                                                : 0});
  }
  return out;
}

}  // namespace guard
