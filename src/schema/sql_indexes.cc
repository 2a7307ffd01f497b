// Indexes, those of constraints too.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string indexes(const Server&) {
  return cat(R"sql(
  select 'index' as kind, c.oid, 0 as sub, n.nspname as schema, c.relname as name,
         )sql",
             qualified("c.relname"), R"sql( as identity,
         (select )sql",
             qualified("t.relname"),
             R"sql( from pg_catalog.pg_namespace n where n.oid = t.relnamespace) as of,
         t.oid as of_oid,
         pg_catalog.pg_get_indexdef(c.oid) as "definition~",
         k.conname as "constraint",
         case when not i.indisvalid then 'no' end as "valid",
         case when i.indisclustered then 'yes' end as "clustered",
         case when i.indisreplident then 'yes' end as "replica identity",
         (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace) as "tablespace",
         (select pg_catalog.array_agg(a.attnum || ' ' || a.attstattarget order by a.attnum)
            from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0) as "statistics[]",
         (select )sql",
             qualified("p.relname"), R"sql( from pg_catalog.pg_inherits h
            join pg_catalog.pg_class p on p.oid = h.inhparent
            join pg_catalog.pg_namespace n on n.oid = p.relnamespace where h.inhrelid = c.oid) as "attached to"
    from pg_catalog.pg_index i
    join pg_catalog.pg_class c on c.oid = i.indexrelid
    join pg_catalog.pg_class t on t.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_constraint k on k.conindid = c.oid and k.conrelid = t.oid and k.contype in ('p', 'u', 'x')
   where t.relkind in ('r', 'p', 'm', 'f') and c.relpersistence <> 't' and )sql",
             user_schema());
}

}  // namespace schema::sql
