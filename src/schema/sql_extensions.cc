// Extensions, and what can be said about their members beside privileges. Their owner is whoever
// restores them; the order in which the script and its updates named the configuration tables has
// no meaning.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string extensions(const Server&) {
  return cat(
      R"sql(
  select 'extension' as kind, e.oid, 0 as sub, n.nspname as schema, e.extname as name,
         pg_catalog.quote_ident(e.extname) as identity, '' as of, null as of_oid,
         pg_catalog.quote_ident(n.nspname) as "schema", e.extversion as "version",
         (select pg_catalog.array_agg(y.item order by y.item collate "C") from (
            select coalesce()sql",
      qualified("c.relname"),
      R"sql(, x.oid::pg_catalog.text) || coalesce(nullif(' ' || x.condition, ' '), '')
              from rows from (pg_catalog.unnest(e.extconfig), pg_catalog.unnest(e.extcondition)) as x(oid, condition)
              left join pg_catalog.pg_class c on c.oid = x.oid
              left join pg_catalog.pg_namespace n on n.oid = c.relnamespace) y(item)) as "configuration[]"
    from pg_catalog.pg_extension e
    join pg_catalog.pg_namespace n on n.oid = e.extnamespace)sql");
}

// Labels themselves are read for all classes at once.
std::string altered_members(const Server&) {
  return R"sql(
  with member as (
    select d.classid, d.objid from pg_catalog.pg_depend d
     where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e'),
  altered (classid, oid, sub) as (
    select m.classid, m.objid, 0 from member m
      join pg_catalog.pg_class c on m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = m.objid
     where c.relrowsecurity or c.relforcerowsecurity
    union
    select m.classid, m.objid, l.objsubid from member m
      join pg_catalog.pg_seclabel l on l.classoid = m.classid and l.objoid = m.objid)
  select 'extension member' as kind, a.oid, a.sub, i.schema, i.name, i.type || ' ' || i.identity as identity,
         '' as of, null as of_oid, a.classid as class_oid,
         case when a.sub = 0 and c.relrowsecurity then 'on' end as "row security",
         case when a.sub = 0 and c.relforcerowsecurity then 'on' end as "forced row security"
    from altered a
    left join pg_catalog.pg_class c on a.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and c.oid = a.oid
    cross join lateral pg_catalog.pg_identify_object(a.classid, a.oid, a.sub) i)sql";
}

}  // namespace schema::sql
