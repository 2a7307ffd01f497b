// Objects that live in no schema and extend the server: languages, access methods, casts,
// transforms. What initdb makes has an OID below 16384.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string languages(const Server&) {
  return cat(R"sql(
  select 'language' as kind, l.oid, 0 as sub, null as schema, l.lanname as name,
         pg_catalog.quote_ident(l.lanname) as identity, '' as of, null as of_oid,
         )sql",
             role("l.lanowner"), R"sql( as "owner",
         case when l.lanpltrusted then 'yes' end as "trusted",
         )sql",
             function_name("l.lanplcallfoid"), R"sql( as "handler",
         )sql",
             function_name("l.laninline"), R"sql( as "inline",
         )sql",
             function_name("l.lanvalidator"), R"sql( as "validator",
         )sql",
             acl("l", "l.lanacl", "l.lanowner"), R"sql( as "acl[]"
    from pg_catalog.pg_language l where l.lanispl and l.oid >= 16384)sql");
}

std::string access_methods(const Server&) {
  return R"sql(
  select 'access method' as kind, a.oid, 0 as sub, null as schema, a.amname as name,
         pg_catalog.quote_ident(a.amname) as identity, '' as of, null as of_oid,
         case a.amtype when 'i' then 'index' when 't' then 'table' end as "type",
         a.amhandler::pg_catalog.regproc::pg_catalog.text as "handler"
    from pg_catalog.pg_am a where a.oid >= 16384)sql";
}

std::string casts(const Server& server) {
  // A range comes with its cast to the multirange.
  const std::string_view ranges = R"sql( and not exists (
           select from pg_catalog.pg_range r where r.rngtypid = c.castsource and r.rngmultitypid = c.casttarget))sql";
  return cat(R"sql(
  select 'cast' as kind, c.oid, 0 as sub, null as schema,
         '(' || pg_catalog.format_type(c.castsource, null) || ' AS ' || pg_catalog.format_type(c.casttarget, null) || ')' as name,
         '(' || pg_catalog.format_type(c.castsource, null) || ' AS ' || pg_catalog.format_type(c.casttarget, null) || ')' as identity,
         '' as of, null as of_oid,
         case c.castmethod when 'b' then 'binary' when 'i' then 'in and out' when 'f' then 'function' end as "method",
         case when c.castfunc <> 0 then c.castfunc::pg_catalog.regprocedure::pg_catalog.text end as "function",
         case c.castcontext when 'a' then 'assignment' when 'i' then 'implicit' end as "context"
    from pg_catalog.pg_cast c where c.oid >= 16384)sql",
             server.major >= 14 ? ranges : "");
}

std::string transforms(const Server&) {
  return R"sql(
  select 'transform' as kind, t.oid, 0 as sub, null as schema,
         pg_catalog.format_type(t.trftype, null) || ' ' || l.lanname as name,
         'for ' || pg_catalog.format_type(t.trftype, null) || ' language ' || pg_catalog.quote_ident(l.lanname) as identity,
         '' as of, null as of_oid,
         pg_catalog.format_type(t.trftype, null) as "type", pg_catalog.quote_ident(l.lanname) as "language",
         case when t.trffromsql <> 0 then t.trffromsql::pg_catalog.regprocedure::pg_catalog.text end as "from sql",
         case when t.trftosql <> 0 then t.trftosql::pg_catalog.regprocedure::pg_catalog.text end as "to sql"
    from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang
   where t.oid >= 16384)sql";
}

}  // namespace schema::sql
