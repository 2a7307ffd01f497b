// Functions, window functions and procedures; aggregates.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

constexpr std::string_view kTail = R"sql(
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    join pg_catalog.pg_language l on l.oid = p.prolang
)sql";

std::string head(std::string_view kind) {
  return cat("\n  select ", kind,
             R"sql( as kind, p.oid, 0 as sub, n.nspname as schema, p.proname as name,
         p.oid::pg_catalog.regprocedure::pg_catalog.text as identity, '' as of, null as of_oid,
         )sql",
             role("p.proowner"), R"sql( as "owner",
         pg_catalog.pg_get_function_arguments(p.oid) as "arguments~",
         case p.proparallel when 's' then 'safe' when 'r' then 'restricted' end as "parallel",
         )sql",
             acl("f", "p.proacl", "p.proowner"), R"sql( as "acl[]")sql");
}

std::string type_name(std::string_view oid) {
  return cat("case when ", oid, " <> 0 then pg_catalog.format_type(", oid, ", null) end");
}

}  // namespace

std::string functions(const Server& server) {
  return cat(head("case p.prokind when 'p' then 'procedure' else 'function' end"), R"sql(,
         pg_catalog.pg_get_function_result(p.oid) as "result",
         pg_catalog.quote_ident(l.lanname) as "language",
         case when p.prokind = 'w' then 'yes' end as "window",
         case p.provolatile when 'i' then 'immutable' when 's' then 'stable' end as "volatility",
         case when p.proisstrict then 'yes' end as "strict",
         case when p.prosecdef then 'yes' end as "security definer",
         case when p.proleakproof then 'yes' end as "leakproof",
         case when p.procost <> case when l.lanname in ('c', 'internal') then 1 else 100 end then p.procost end as "cost",
         case when p.proretset and p.prorows <> 1000 then p.prorows end as "rows",
         )sql",
             function_name("p.prosupport"), R"sql( as "support",
         )sql",
             sorted("p.proconfig"), R"sql( as "settings[]",
         case when p.protrftypes is not null then array(
           select pg_catalog.format_type(x.oid, null) from pg_catalog.unnest(p.protrftypes) with ordinality as x(oid, place)
            order by x.place) end as "transforms[]",
         p.probin as "object file",
         )sql",
             server.major >= 14 ? "pg_catalog.pg_get_function_sqlbody(p.oid)" : "null",
             R"sql( as "body~",
         )sql",
             server.major >= 14 ? "case when p.prosqlbody is null then p.prosrc end" : "p.prosrc",
             R"sql( as "source")sql", kTail, R"sql(
   where p.prokind in ('f', 'w', 'p')
     -- The constructors of a range come with it.
     and not exists (select from pg_catalog.pg_depend d
           where d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and d.objid = p.oid and d.deptype = 'i')
     and )sql",
             user_schema());
}

std::string aggregates(const Server&) {
  std::string facts;
  const auto function = [&](std::string_view column, std::string_view name) {
    facts += cat(",\n         ", function_name(cat("a.", column)), " as \"", name, "\"");
  };
  function("aggtransfn", "state function");
  function("aggfinalfn", "final function");
  function("aggcombinefn", "combine function");
  function("aggserialfn", "serial function");
  function("aggdeserialfn", "deserial function");
  function("aggmtransfn", "moving state function");
  function("aggminvtransfn", "moving inverse function");
  function("aggmfinalfn", "moving final function");
  const auto modify = [](std::string_view column) {
    return cat(
        "case a.", column,
        " when 'r' then 'read_only' when 's' then 'shareable' when 'w' then 'read_write' end");
  };
  return cat(head("'aggregate'"), facts, R"sql(,
         case a.aggkind when 'o' then 'ordered-set' when 'h' then 'hypothetical-set' else 'normal' end as "form",
         )sql",
             type_name("a.aggtranstype"), R"sql( as "state type",
         nullif(a.aggtransspace, 0) as "state size",
         case when a.aggfinalextra then 'yes' end as "final extra",
         )sql",
             modify("aggfinalmodify"), R"sql( as "final modify",
         a.agginitval as "initial value",
         )sql",
             type_name("a.aggmtranstype"), R"sql( as "moving state type",
         nullif(a.aggmtransspace, 0) as "moving state size",
         case when a.aggmfinalextra then 'yes' end as "moving final extra",
         )sql",
             modify("aggmfinalmodify"), R"sql( as "moving final modify",
         a.aggminitval as "moving initial value",
         case when a.aggsortop <> 0 then (
           select pg_catalog.quote_ident(n.nspname) || '.' || o.oprname from pg_catalog.pg_operator o
             join pg_catalog.pg_namespace n on n.oid = o.oprnamespace where o.oid = a.aggsortop) end as "sort operator")sql",
             kTail, "    join pg_catalog.pg_aggregate a on a.aggfnoid = p.oid\n   where ",
             user_schema());
}

}  // namespace schema::sql
