// Functions, procedures and aggregates.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

constexpr std::string_view kRoutines = R"sql(
select 'pg_catalog.pg_proc'::regclass::oid, p.oid, case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end,
       format('%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = p.proowner), false,
       format('%s %I.%I(%s)', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
       'CREATE' || substr(pg_get_functiondef(p.oid), length('CREATE OR REPLACE') + 1) || E';\n', null
  from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
 where p.oid >= 16384 and p.prokind <> 'a' and n.nspname !~ '^pg_(temp|toast_temp)_'
   -- What a range type or a procedural language brings itself.
   and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'i'))sql";

constexpr std::string_view kAggregates = R"sql(
select 'pg_catalog.pg_proc'::regclass::oid, p.oid, 'AGGREGATE', format('%I(%s)', p.proname, x.arguments), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = p.proowner), false,
       format('AGGREGATE %I.%I(%s)', n.nspname, p.proname, x.arguments),
       format(E'CREATE AGGREGATE %I.%I(%s) (\n    SFUNC = %s,\n    STYPE = %s', n.nspname, p.proname, x.definition, a.aggtransfn, format_type(a.aggtranstype, null))
         || case when a.aggtransspace <> 0 then format(E',\n    SSPACE = %s', a.aggtransspace) else '' end
         || case when a.agginitval is not null then format(E',\n    INITCOND = %L', a.agginitval) else '' end
         || case when a.aggfinalfn <> 0 then format(E',\n    FINALFUNC = %s', a.aggfinalfn)
                  || case when a.aggfinalextra then E',\n    FINALFUNC_EXTRA' else '' end
                  || case a.aggfinalmodify when 'r' then E',\n    FINALFUNC_MODIFY = READ_ONLY' when 's' then E',\n    FINALFUNC_MODIFY = SHAREABLE' else E',\n    FINALFUNC_MODIFY = READ_WRITE' end else '' end
         || case when a.aggcombinefn <> 0 then format(E',\n    COMBINEFUNC = %s', a.aggcombinefn) else '' end
         || case when a.aggserialfn <> 0 then format(E',\n    SERIALFUNC = %s', a.aggserialfn) else '' end
         || case when a.aggdeserialfn <> 0 then format(E',\n    DESERIALFUNC = %s', a.aggdeserialfn) else '' end
         || case when a.aggmtransfn <> 0 then format(E',\n    MSFUNC = %s,\n    MINVFUNC = %s,\n    MSTYPE = %s', a.aggmtransfn, a.aggminvtransfn, format_type(a.aggmtranstype, null)) else '' end
         || case when a.aggmtransspace <> 0 then format(E',\n    MSSPACE = %s', a.aggmtransspace) else '' end
         || case when a.aggminitval is not null then format(E',\n    MINITCOND = %L', a.aggminitval) else '' end
         || case when a.aggmfinalfn <> 0 then format(E',\n    MFINALFUNC = %s', a.aggmfinalfn)
                  || case when a.aggmfinalextra then E',\n    MFINALFUNC_EXTRA' else '' end
                  || case a.aggmfinalmodify when 'r' then E',\n    MFINALFUNC_MODIFY = READ_ONLY' when 's' then E',\n    MFINALFUNC_MODIFY = SHAREABLE' else E',\n    MFINALFUNC_MODIFY = READ_WRITE' end else '' end
         || case when a.aggsortop <> 0 then format(E',\n    SORTOP = OPERATOR(%I.%s)', son.nspname, so.oprname) else '' end
         || case when a.aggkind = 'h' then E',\n    HYPOTHETICAL' else '' end
         || case p.proparallel when 's' then E',\n    PARALLEL = safe' when 'r' then E',\n    PARALLEL = restricted' else '' end
         || E'\n);\n', null
  from pg_catalog.pg_aggregate a join pg_catalog.pg_proc p on p.oid = a.aggfnoid
  join pg_catalog.pg_namespace n on n.oid = p.pronamespace
  left join pg_catalog.pg_operator so on so.oid = a.aggsortop
  left join pg_catalog.pg_namespace son on son.oid = so.oprnamespace
  cross join lateral (select case when pg_get_function_identity_arguments(p.oid) = '' then '*' else pg_get_function_identity_arguments(p.oid) end as arguments,
                             case when pg_get_function_arguments(p.oid) = '' then '*' else pg_get_function_arguments(p.oid) end as definition) x
 where p.oid >= 16384)sql";

}  // namespace

void add_routine_drafts(int /*server_major*/, std::vector<std::string>& statements) {
  statements.emplace_back(kRoutines);
  statements.emplace_back(kAggregates);
}

}  // namespace schema::sql
