#include "schema/sql_read.h"

namespace schema::sql {

// To compile a statement over catalogues takes longer than to run it.
std::string_view without_compiling() { return "select pg_catalog.set_config('jit', 'off', false)"; }

std::string_view catalogues() {
  return R"sql(
  select c.oid, c.relname from pg_catalog.pg_class c
   where c.relnamespace = 'pg_catalog'::pg_catalog.regnamespace and c.relkind = 'r')sql";
}

std::string_view members() {
  return R"sql(
  select d.classid, d.objid from pg_catalog.pg_depend d
   where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e')sql";
}

// What initdb made has comments, too; of those only public and extensions are elements.
std::string_view comments() {
  return R"sql(
  select d.classoid, d.objoid, d.objsubid, d.description from pg_catalog.pg_description d
   where d.objoid >= 16384 or d.classoid in ('pg_catalog.pg_namespace'::pg_catalog.regclass,
                                             'pg_catalog.pg_extension'::pg_catalog.regclass)
  union all
  select d.classoid, d.objoid, 0, d.description from pg_catalog.pg_shdescription d
   where d.classoid = 'pg_catalog.pg_subscription'::pg_catalog.regclass)sql";
}

std::string_view labels() {
  return R"sql(
  select l.classoid, l.objoid, l.objsubid, l.provider, l.label from pg_catalog.pg_seclabel l
  union all
  select l.classoid, l.objoid, 0, l.provider, l.label from pg_catalog.pg_shseclabel l
   where l.classoid in ('pg_catalog.pg_database'::pg_catalog.regclass, 'pg_catalog.pg_subscription'::pg_catalog.regclass)
   order by 1, 2, 3, 4)sql";
}

std::string_view extension_dependents() {
  return R"sql(
  select d.classid, d.objid, e.extname from pg_catalog.pg_depend d
    join pg_catalog.pg_extension e on e.oid = d.refobjid
   where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'x'
   order by e.extname collate "C")sql";
}

std::string_view exclusive_locks() {
  return R"sql(
  select l.pid, coalesce(nullif(a.application_name, ''), 'unknown program'), l.relation::pg_catalog.regclass::pg_catalog.text
    from pg_catalog.pg_locks l left join pg_catalog.pg_stat_activity a on a.pid = l.pid
   where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.granted
     and l.relation >= 16384 and l.pid <> pg_catalog.pg_backend_pid()
     and l.database = (select d.oid from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())
   order by 1, 3
   limit 5)sql";
}

}  // namespace schema::sql
