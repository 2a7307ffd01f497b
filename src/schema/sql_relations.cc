// Tables, foreign tables, views and materialised views.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string relations(const Server& server) {
  const std::string_view detached = server.major >= 14
                                        ? "(select 'yes' from pg_catalog.pg_inherits h where "
                                          "h.inhrelid = c.oid and h.inhdetachpending)"
                                        : "null";
  return cat(R"sql(
  select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'f' then 'foreign table'
                        else 'table' end as kind,
         c.oid, 0 as sub, n.nspname as schema, c.relname as name, )sql",
             qualified("c.relname"), R"sql( as identity,
         '' as of, null as of_oid,
         )sql",
             role("c.relowner"), R"sql( as "owner",
         case c.relpersistence when 'u' then 'unlogged' end as "persistence",
         case when c.reloftype <> 0 then pg_catalog.format_type(c.reloftype, null) end as "of type",
         case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end as "partition key~",
         case when c.relispartition then p.parents[1] end as "partition of",
         case when c.relispartition then pg_catalog.pg_get_expr(c.relpartbound, c.oid) end as "partition bound",
         )sql",
             detached, R"sql( as "detach pending",
         case when not c.relispartition then p.parents end as "inherits[]",
         case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end as "query~",
         case when c.relkind = 'm' and not c.relispopulated then 'no' end as "populated",
         (select pg_catalog.quote_ident(s.srvname) from pg_catalog.pg_foreign_server s
           where s.oid = f.ftserver) as "server",
         )sql",
             sorted("f.ftoptions"), R"sql( as "foreign options[]",
         (select a.amname from pg_catalog.pg_am a where a.oid = c.relam and a.amname <> 'heap') as "access method",
         (select s.spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace) as "tablespace",
         )sql",
             sorted("c.reloptions"), R"sql( as "options[]",
         )sql",
             sorted("t.reloptions"), R"sql( as "toast options[]",
         case when c.relkind in ('r', 'p', 'm') then
           case c.relreplident when 'n' then 'nothing' when 'f' then 'full' end end as "replica identity",
         case when c.relrowsecurity then 'on' end as "row security",
         case when c.relforcerowsecurity then 'on' end as "forced row security",
         )sql",
             acl("r", "c.relacl", "c.relowner"), R"sql( as "acl[]",
         )sql",
             acl("T", "y.typacl", "y.typowner"), R"sql( as "row type acl[]",
         case when c.relkind in ('r', 'p', 'f') then
           (select nullif(pg_catalog.count(*), 0) from pg_catalog.pg_attribute a
             where a.attrelid = c.oid and a.attnum > 0 and a.attisdropped) end as "dropped columns"
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_class t on t.oid = c.reltoastrelid
    left join pg_catalog.pg_type y on y.oid = c.reltype
    left join pg_catalog.pg_foreign_table f on f.ftrelid = c.oid
    left join (
      select h.inhrelid, pg_catalog.array_agg()sql",
             qualified("pc.relname"), R"sql( order by h.inhseqno) as parents
        from pg_catalog.pg_inherits h
        join pg_catalog.pg_class pc on pc.oid = h.inhparent
        join pg_catalog.pg_namespace n on n.oid = pc.relnamespace
       where pc.relkind in ('r', 'p', 'f')
       group by h.inhrelid) p on p.inhrelid = c.oid
   where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't' and )sql",
             user_schema());
}

}  // namespace schema::sql
