// Sequences, without their positions.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string sequences(const Server&) {
  return cat(R"sql(
  select 'sequence' as kind, c.oid, 0 as sub, n.nspname as schema, c.relname as name,
         )sql",
             qualified("c.relname"), R"sql( as identity, '' as of, null as of_oid,
         )sql",
             role("c.relowner"), R"sql( as "owner",
         case c.relpersistence when 'u' then 'unlogged' end as "persistence",
         pg_catalog.format_type(s.seqtypid, null) as "type",
         s.seqstart as "start", s.seqincrement as "increment", s.seqmin as "minimum", s.seqmax as "maximum",
         s.seqcache as "cache", case when s.seqcycle then 'yes' end as "cycle",
         case o.deptype when 'a' then o.column_of end as "owned by",
         case o.deptype when 'i' then o.column_of end as "identity of",
         )sql",
             acl("s", "c.relacl", "c.relowner"), R"sql( as "acl[]"
    from pg_catalog.pg_sequence s
    join pg_catalog.pg_class c on c.oid = s.seqrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join (
      select d.objid, d.deptype, )sql",
             qualified("t.relname"), R"sql( || '.' || pg_catalog.quote_ident(a.attname) as column_of
        from pg_catalog.pg_depend d
        join pg_catalog.pg_class t on t.oid = d.refobjid
        join pg_catalog.pg_namespace n on n.oid = t.relnamespace
        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and d.objsubid = 0 and d.refobjsubid > 0 and d.deptype in ('a', 'i')) o on o.objid = s.seqrelid
   where c.relpersistence <> 't' and )sql",
             user_schema());
}

}  // namespace schema::sql
