// Columns of tables, foreign tables, views and materialised views.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

// Since 18 a NOT NULL is a constraint with a name of its own; the usual name is no fact.
constexpr std::string_view kNotNull18 = R"sql(,
         case when a.attnotnull and k.conname <> c.relname || '_' || a.attname || '_not_null' then k.conname end
           as "not null name",
         case when k.connoinherit then 'yes' end as "not null no inherit",
         case when not k.convalidated then 'yes' end as "not null not valid",
         pg_catalog.obj_description(k.oid, 'pg_constraint') as "not null comment")sql";
constexpr std::string_view kNotNullJoin18 = R"sql(
    left join pg_catalog.pg_constraint k on k.contype = 'n' and k.conrelid = a.attrelid and k.conkey[1] = a.attnum)sql";

}  // namespace

std::string columns(const Server& server) {
  return cat(R"sql(
  select 'column' as kind, a.attrelid as oid, a.attnum as sub, n.nspname as schema, a.attname as name,
         )sql",
             qualified("c.relname"), R"sql( || '.' || pg_catalog.quote_ident(a.attname) as identity,
         )sql",
             qualified("c.relname"), R"sql( as of, c.oid as of_oid,
         pg_catalog.row_number() over (partition by a.attrelid order by a.attnum) as "position",
         pg_catalog.format_type(a.atttypid, a.atttypmod) as "type",
         case when a.attcollation <> t.typcollation then (
           select )sql",
             qualified("l.collname"), R"sql( from pg_catalog.pg_collation l
             join pg_catalog.pg_namespace n on n.oid = l.collnamespace where l.oid = a.attcollation) end as "collation",
         case when a.attnotnull then 'yes' end as "not null")sql",
             server.major >= 18 ? kNotNull18 : "", R"sql(,
         case when a.attgenerated = '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as "default~",
         case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as "identity",
         case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as "generated",
         case when a.attgenerated <> '' then pg_catalog.pg_get_expr(d.adbin, d.adrelid) end as "expression~",
         case when a.attstorage <> t.typstorage and c.relkind <> 'v' then
           case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main'
                             when 'x' then 'extended' end end as "storage",
         )sql",
             server.major >= 14
                 ? "case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end"
                 : "null",
             R"sql( as "compression",
         case when a.attstattarget >= 0 then a.attstattarget end as "statistics",
         -- pg_attver is a stamp that some minor releases keep there for themselves.
         case when a.attoptions is not null then nullif(array(
           select o.item from pg_catalog.unnest(a.attoptions) as o(item)
            where o.item not like 'pg\_attver=%' order by o.item collate "C"), '{}') end as "options[]",
         )sql",
             sorted("a.attfdwoptions"), R"sql( as "foreign options[]",
         nullif(a.attinhcount, 0) as "inherited",
         case when not a.attislocal then 'no' end as "local",
         )sql",
             acl("c", "a.attacl", "c.relowner"), R"sql( as "acl[]"
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum)sql",
             server.major >= 18 ? kNotNullJoin18 : "", R"sql(
   where c.relkind in ('r', 'p', 'f', 'v', 'm') and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped
     and )sql",
             user_schema());
}

}  // namespace schema::sql
