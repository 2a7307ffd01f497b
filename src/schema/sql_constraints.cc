// Constraints of tables: check, primary key, unique, exclusion, foreign key. NOT NULL is a fact of
// its column, a constraint trigger is a trigger.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

// What partitions inherit of a foreign key gets a name of the server's choice in a copy. How the
// triggers of a key are enabled is the one thing of internal triggers that an owner can change
// (S13).
std::string constraints(const Server&) {
  return cat(R"sql(
  select 'constraint' as kind, k.oid, 0 as sub, n.nspname as schema, k.conname as name,
         pg_catalog.quote_ident(k.conname) || ' on ' || )sql",
             qualified("c.relname"), R"sql( as identity,
         )sql",
             qualified("c.relname"), R"sql( as of, c.oid as of_oid,
         case k.contype when 'c' then 'check' when 'p' then 'primary key' when 'u' then 'unique'
                        when 'x' then 'exclusion' when 'f' then 'foreign key' end as "type",
         pg_catalog.pg_get_constraintdef(k.oid) as "definition~",
         case when k.contype <> 'f' then nullif(k.coninhcount, 0) end as "inherited",
         case when k.contype <> 'f' and not k.conislocal then 'no' end as "local",
         case when k.contype = 'f' then (
           select nullif(pg_catalog.string_agg(distinct g.tgenabled::pg_catalog.text, '' order by g.tgenabled::pg_catalog.text), 'O')
             from pg_catalog.pg_trigger g where g.tgconstraint = k.oid) end as "triggers"
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where k.contype in ('c', 'p', 'u', 'x', 'f') and (k.contype <> 'f' or k.conparentid = 0)
     and c.relpersistence <> 't' and )sql",
             user_schema());
}

}  // namespace schema::sql
