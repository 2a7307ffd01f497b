#include "dump/sql_watch.h"

#include <string_view>

namespace dump::sql {
namespace {

// A session that waits for a lock, for its client or for time to pass takes nothing from anybody.
constexpr std::string_view kLoad = R"sql(
  select pg_catalog.count(*)
    from pg_catalog.pg_stat_activity
   where state in ('active', 'fastpath function call')
     and backend_type in ('client backend', 'parallel worker')
     and coalesce(wait_event_type, '') not in ('Lock', 'Client', 'Timeout', 'Activity', 'Extension')
     and application_name <> $1
     and pid <> pg_catalog.pg_backend_pid())sql";

// The numbers of transactions are 64 bits wide in snapshots and 32 elsewhere, where age() tells how
// many have begun since. A standby with hot_standby_feedback shows in its slot, or without one in
// the session that sends it the WAL.
constexpr std::string_view kHeldBack = R"sql(
  with own as (
    select (pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::numeric
            - pg_catalog.pg_snapshot_xmin($1::pg_catalog.pg_snapshot)::text::numeric)::bigint as age),
  others as (
    select case backend_type when 'walsender' then 'the standby ' else 'session ' end
           || pid || case when application_name <> '' then ' (' || application_name || ')' else '' end as who,
           pg_catalog.age(backend_xmin)::bigint as age
      from pg_catalog.pg_stat_activity
     where backend_xmin is not null and application_name <> $2 and pid <> pg_catalog.pg_backend_pid()
    union all
    select 'replication slot ' || slot_name, pg_catalog.age(xmin)::bigint
      from pg_catalog.pg_replication_slots where xmin is not null
    union all
    select 'prepared transaction ' || gid, pg_catalog.age(transaction)::bigint
      from pg_catalog.pg_prepared_xacts),
  oldest as (
    select who, others.age from others, own where others.age > own.age order by others.age desc, who limit 1)
  select own.age,
         (select coalesce(pg_catalog.sum(n_dead_tup), 0)::bigint from pg_catalog.pg_stat_all_tables),
         oldest.who, oldest.age
    from own left join oldest on true)sql";

}  // namespace

bool sees_all_sessions(pg::Connection& connection) {
  return connection
      .query("select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'USAGE')")
      .boolean(0, 0);
}

std::uint64_t load(pg::Connection& connection, const std::string& application_name) {
  return connection.query(kLoad, {application_name}).u64(0, 0);
}

HeldBack held_back(pg::Connection& connection, const std::string& snapshot,
                   const std::string& application_name) {
  const pg::Result row = connection.query(kHeldBack, {snapshot, application_name});
  HeldBack held{.transactions = row.u64(0, 0), .dead_rows = row.u64(0, 1)};
  if (const std::optional<std::string_view> who = row.text(0, 2)) {
    held.older = std::string(*who);
    held.older_transactions = row.u64(0, 3);
  }
  return held;
}

}  // namespace dump::sql
