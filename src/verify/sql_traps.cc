#include "verify/sql_traps.h"

namespace verify::sql {

std::string_view superusers() {
  return "select rolname from pg_catalog.pg_roles where rolsuper order by rolname";
}

// From everything that a restore evaluates (columns' types, defaults and generated columns, checks
// of tables and domains, index expressions, partition keys, statistics, materialised views'
// queries) along the dependencies to functions. What belongs to an extension is its owner's affair,
// and cannot be replaced by others. Triggers, rules on tables and policies are not asked: they
// exist only after the data is in.
std::string_view traps() {
  return R"sql(
with recursive followed(classid) as (
  values ('pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid),
         ('pg_catalog.pg_type'::pg_catalog.regclass), ('pg_catalog.pg_operator'::pg_catalog.regclass),
         ('pg_catalog.pg_cast'::pg_catalog.regclass), ('pg_catalog.pg_opclass'::pg_catalog.regclass),
         ('pg_catalog.pg_opfamily'::pg_catalog.regclass), ('pg_catalog.pg_class'::pg_catalog.regclass)),
edge(classid, objid, refclassid, refobjid) as (
  select d.classid, d.objid, d.refclassid, d.refobjid
    from pg_catalog.pg_depend d
   where d.deptype in ('n', 'a', 'i') and d.refclassid in (select classid from followed)
  union all
  -- A view is what its query uses, a domain what its checks use.
  select 'pg_catalog.pg_class'::pg_catalog.regclass, r.ev_class, 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_class c on c.oid = r.ev_class
   where c.relkind in ('v', 'm') and r.rulename = '_RETURN'
  union all
  select 'pg_catalog.pg_type'::pg_catalog.regclass, k.contypid, 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
    from pg_catalog.pg_constraint k
   where k.contypid <> 0),
reached(classid, objid) as (
  select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, c.oid
    from pg_catalog.pg_class c
   where c.oid >= 16384 and c.relkind in ('r', 'p', 'i', 'I', 'm') and c.relpersistence <> 't'
  union
  select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
    from pg_catalog.pg_constraint k
   where k.oid >= 16384 and k.contype in ('c', 'x')
  union
  select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, a.oid from pg_catalog.pg_attrdef a
  union
  select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, s.oid from pg_catalog.pg_statistic_ext s
  union
  select e.refclassid, e.refobjid
    from reached r
    join edge e on e.classid = r.classid and e.objid = r.objid)
select distinct p.oid::pg_catalog.regprocedure::pg_catalog.text, o.rolname::pg_catalog.text
  from reached r
  join pg_catalog.pg_proc p on p.oid = r.objid
  join pg_catalog.pg_roles o on o.oid = p.proowner
 where r.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
   and not o.rolsuper
   and not exists (select from pg_catalog.pg_depend m
                    where m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and m.objid = p.oid
                      and m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and m.deptype = 'e')
 order by 1, 2)sql";
}

}  // namespace verify::sql
