// What hangs on tables beside constraints and indexes: statistics, rules, triggers, policies.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

std::string head(std::string_view kind, std::string_view name) {
  return cat("\n  select '", kind, "' as kind, o.oid, 0 as sub, n.nspname as schema, o.", name,
             " as name, ", "pg_catalog.quote_ident(o.", name, ") || ' on ' || ",
             qualified("c.relname"), " as identity, ", qualified("c.relname"),
             " as of, c.oid as of_oid");
}

std::string tail(std::string_view catalogue, std::string_view relation) {
  return cat("\n    from pg_catalog.", catalogue, " o join pg_catalog.pg_class c on c.oid = o.",
             relation, "\n    join pg_catalog.pg_namespace n on n.oid = c.relnamespace",
             "\n   where c.relpersistence <> 't' and ", user_schema());
}

std::string enabled(std::string_view column) {
  return cat("case o.", column,
             " when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' end as "
             "\"enabled\"");
}

}  // namespace

std::string statistics(const Server&) {
  return cat(R"sql(
  select 'statistics' as kind, o.oid, 0 as sub, n.nspname as schema, o.stxname as name,
         )sql",
             qualified("o.stxname"), R"sql( as identity,
         (select )sql",
             qualified("c.relname"), R"sql( from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.oid = o.stxrelid) as of, o.stxrelid as of_oid,
         )sql",
             role("o.stxowner"), R"sql( as "owner",
         pg_catalog.pg_get_statisticsobjdef(o.oid) as "definition~",
         case when o.stxstattarget >= 0 then o.stxstattarget end as "statistics"
    from pg_catalog.pg_statistic_ext o
    join pg_catalog.pg_namespace n on n.oid = o.stxnamespace
   where )sql",
             user_schema());
}

// The rule that makes a view is the view.
std::string rules(const Server&) {
  return cat(head("rule", "rulename"), ", pg_catalog.pg_get_ruledef(o.oid) as \"definition~\", ",
             enabled("ev_enabled"), tail("pg_rewrite", "ev_class"), " and o.rulename <> '_RETURN'");
}

// What partitions inherit is named by the server; it is told only where somebody enabled it
// otherwise.
std::string triggers(const Server&) {
  return cat(head("trigger", "tgname"),
             ", pg_catalog.pg_get_triggerdef(o.oid) as \"definition~\", ", enabled("tgenabled"),
             ", case when o.tgparentid <> 0 then 'yes' end as \"inherited\"",
             tail("pg_trigger", "tgrelid"), R"sql( and not o.tgisinternal
     and (o.tgparentid = 0 or o.tgenabled <> (select p.tgenabled from pg_catalog.pg_trigger p where p.oid = o.tgparentid)))sql");
}

std::string policies(const Server&) {
  return cat(head("policy", "polname"), R"sql(,
         case o.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end as "command",
         case when not o.polpermissive then 'yes' end as "restrictive",
         array(select case when r.oid = 0 then 'public' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(r.oid)) end
                 from pg_catalog.unnest(o.polroles) as r(oid) order by 1) as "roles[]",
         pg_catalog.pg_get_expr(o.polqual, o.polrelid) as "using~",
         pg_catalog.pg_get_expr(o.polwithcheck, o.polrelid) as "check~")sql",
             tail("pg_policy", "polrelid"));
}

}  // namespace schema::sql
