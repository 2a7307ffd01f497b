// Extensions. Their owner is whoever restores them.
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

}  // namespace schema::sql
