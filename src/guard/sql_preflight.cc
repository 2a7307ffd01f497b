#include "guard/sql_preflight.h"

#include "pg/rows.h"
#include "util/error.h"
#include "util/text.h"

namespace guard {
namespace {

constexpr std::string_view kTableCount =
    "select pg_catalog.count(*)::pg_catalog.text from pg_catalog.pg_class c"
    "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace"
    " where c.relkind = 'r' and c.relpersistence <> 't'"
    "   and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')";

constexpr std::string_view kUnreadable = R"sql(
  select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'S', 'm') and c.relpersistence <> 't'
     and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                        and d.deptype = 'e')
     and not (pg_catalog.has_schema_privilege(n.oid, 'usage')
              and case when c.relkind = 'S' then pg_catalog.has_sequence_privilege(c.oid, 'select')
                       else pg_catalog.has_table_privilege(c.oid, 'select') end)
   order by 1)sql";

// Extensions that only a superuser may create, objects that only one may own or make, and objects
// of roles that this one is no member of, so that it could not give them back.
constexpr std::string_view kUnrestorable = R"sql(
  select pg_catalog.format('extension %I needs a superuser', e.extname)
    from pg_catalog.pg_extension e
    join pg_catalog.pg_available_extension_versions v on v.name = e.extname and v.version = e.extversion
   where v.superuser and not v.trusted
  union all
  select pg_catalog.format('event trigger %I needs a superuser', t.evtname) from pg_catalog.pg_event_trigger t
  union all
  select pg_catalog.format('publication %I, for all tables, needs a superuser', p.pubname)
    from pg_catalog.pg_publication p where p.puballtables
  union all
  select pg_catalog.format('%s belongs to %I, whose member this role is not', o.what, r.rolname)
    from (select c.relowner as owner, 'pg_catalog.pg_class'::pg_catalog.regclass as class, c.oid,
                 pg_catalog.format('%I.%I', n.nspname, c.relname) as what
            from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
           where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
             and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
             and c.relpersistence <> 't'
          union all
          select p.proowner, 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid,
                 pg_catalog.format('function %I.%I', n.nspname, p.proname)
            from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
           where n.nspname not in ('pg_catalog', 'information_schema')
          union all
          select n.nspowner, 'pg_catalog.pg_namespace'::pg_catalog.regclass, n.oid,
                 pg_catalog.format('schema %I', n.nspname)
            from pg_catalog.pg_namespace n
           where n.nspname not in ('public', 'information_schema') and n.nspname not like 'pg\_%') o
    join pg_catalog.pg_roles r on r.oid = o.owner
   where not pg_catalog.pg_has_role(o.owner, 'MEMBER')
     and not exists (select from pg_catalog.pg_depend d
                      where d.classid = o.class and d.objid = o.oid and d.deptype = 'e')
   order by 1)sql";

constexpr std::string_view kPendingDetaches = R"sql(
  select pg_catalog.format('%I.%I', n.nspname, c.relname)
    from pg_catalog.pg_inherits h
    join pg_catalog.pg_class c on c.oid = h.inhrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where h.inhdetachpending and c.relkind in ('r', 'p', 'f')
   order by 1)sql";

constexpr std::string_view kLogicalSlots =
    "select slot_name::pg_catalog.text || case when active then ' (active)' else ' (not active)' "
    "end"
    "  from pg_catalog.pg_replication_slots where database = $1 order by 1";
constexpr std::string_view kSubscriptionNames =
    "select s.subname::pg_catalog.text from pg_catalog.pg_subscription s"
    "  join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = $1 order by 1";
constexpr std::string_view kStandbys =
    "select coalesce(application_name, '?') || coalesce(' at ' || client_addr::pg_catalog.text, '')"
    "  from pg_catalog.pg_stat_replication order by 1";

}  // namespace

std::uint64_t table_count(pg::Connection& live) { return live.query(kTableCount).u64(0, 0); }
std::vector<std::string> unreadable_tables(pg::Connection& live) {
  return pg::first_column(live.query(kUnreadable));
}

std::vector<std::string> unrestorable_objects(pg::Connection& live) {
  const bool superuser =
      live.query("select rolsuper from pg_catalog.pg_roles where rolname = current_user")
          .boolean(0, 0);
  return superuser ? std::vector<std::string>{} : pg::first_column(live.query(kUnrestorable));
}

std::vector<std::string> pending_detaches(pg::Connection& live) {
  constexpr int kFirstWithThem = 14;
  if (live.server_major() < kFirstWithThem) return {};
  return pg::first_column(live.query(kPendingDetaches));
}

std::vector<std::string> logical_slots(pg::Connection& maintenance, const std::string& database) {
  return pg::first_column(maintenance.query(kLogicalSlots, {database}));
}
std::vector<std::string> subscriptions(pg::Connection& maintenance, const std::string& database) {
  return pg::first_column(maintenance.query(kSubscriptionNames, {database}));
}
std::vector<std::string> standbys(pg::Connection& maintenance) {
  return pg::first_column(maintenance.query(kStandbys));
}

ServerFolder server_folder(pg::Connection& live) {
  ServerFolder out;
  const pg::Result place = live.query(
      "select coalesce((select setting from pg_catalog.pg_settings where name = 'data_directory'), "
      "''),"
      "       pg_catalog.pg_tablespace_location(d.dattablespace),"
      "       pg_catalog.has_function_privilege('pg_catalog.pg_stat_file(text)', 'execute')"
      "  from pg_catalog.pg_database d where d.datname = pg_catalog.current_database()");
  out.data_directory = place.str(0, 0);
  out.tablespace = place.str(0, 1);
  if (out.data_directory.empty() || !place.boolean(0, 2)) return out;
  const pg::Result changed = live.query(
      "select pg_catalog.floor(extract(epoch from change))::pg_catalog.int8 from "
      "pg_catalog.pg_stat_file($1)",
      {out.data_directory});
  out.changed_at = changed.i64(0, 0);
  return out;
}

}  // namespace guard
