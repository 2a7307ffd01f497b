// What stands apart from a table: indexes, constraints, statistics, triggers, rules, policies.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

// Constraints that are part of the definition of their table or domain, unless they are not
// validated or somebody needs them apart. NOT NULL is one of them since 18.
constexpr std::string_view kTableConstraints = R"sql(
select k.oid, k.conrelid, k.contypid, k.contype, format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)), k.convalidated,
       -- Valid in a child, though the parent's is not: it must be there before the parent's comes.
       k.conislocal or k.contype = 'n' and k.convalidated and exists (
         select from pg_catalog.pg_inherits i join pg_catalog.pg_constraint pk on pk.conrelid = i.inhparent and pk.contype = 'n' and not pk.convalidated
           join pg_catalog.pg_attribute pa on pa.attrelid = pk.conrelid and pa.attnum = pk.conkey[1]
           join pg_catalog.pg_attribute ca on ca.attrelid = k.conrelid and ca.attnum = k.conkey[1] and ca.attname = pa.attname
          where i.inhrelid = k.conrelid),
       k.conname,
       k.conkey[1], format(E'ALTER %s ADD CONSTRAINT %I %s;\n', x.owner, k.conname, pg_get_constraintdef(k.oid)), format(E'ALTER %s DROP CONSTRAINT %I;\n', x.owner, k.conname),
       n.nspname, coalesce(c.relname, t.typname), (select rolname from pg_catalog.pg_roles where oid = coalesce(c.relowner, t.typowner))
  from pg_catalog.pg_constraint k join pg_catalog.pg_namespace n on n.oid = k.connamespace
  left join pg_catalog.pg_class c on c.oid = k.conrelid left join pg_catalog.pg_type t on t.oid = k.contypid and k.conrelid = 0
  cross join lateral (select case when c.oid is null then format('DOMAIN %I.%I', n.nspname, t.typname)
                                  else format('%sTABLE %I.%I', case c.relkind when 'f' then 'FOREIGN ' else '' end, n.nspname, c.relname) end as owner) x
 where k.contype in ('c', 'n') and k.oid >= 16384 and coalesce(c.relpersistence, 'p') <> 't'
 order by k.conrelid, k.contypid, k.conname collate "C")sql";

constexpr std::string_view kKeys = R"sql(
select 'pg_catalog.pg_constraint'::regclass::oid, k.oid, 'CONSTRAINT', format('%s %s', c.relname, k.conname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('CONSTRAINT %I ON %I.%I', k.conname, n.nspname, c.relname),
       format(E'ALTER TABLE ONLY %I.%I\n    ADD CONSTRAINT %I %s%s%s;\n', n.nspname, c.relname, k.conname, left(pg_get_constraintdef(k.oid), length(pg_get_constraintdef(k.oid)) - length(w.deferrable)), w.options, w.deferrable)
         || case when i.indisclustered then format(E'\nALTER TABLE %I.%I CLUSTER ON %I;\n', n.nspname, c.relname, ic.relname) else '' end
         || case when i.indisreplident then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY USING INDEX %I;\n', n.nspname, c.relname, ic.relname) else '' end
         || coalesce((select string_agg(format(E'\nALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s;\n', n.nspname, ic.relname, a.attnum, a.attstattarget), '' order by a.attnum)
                       from pg_catalog.pg_attribute a where a.attrelid = ic.oid and a.attstattarget >= 0), ''),
       format(E'ALTER TABLE ONLY %I.%I DROP CONSTRAINT %I;\n', n.nspname, c.relname, k.conname),
       case when ic.relkind = 'I' and ic.reltablespace = 0 then null else coalesce(ts.spcname, '') end
  from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_class ic on ic.oid = k.conindid join pg_catalog.pg_index i on i.indexrelid = ic.oid
  left join pg_catalog.pg_tablespace ts on ts.oid = ic.reltablespace
  -- pg_get_constraintdef does not have the storage options of a key, only those of an exclusion.
  cross join lateral (select case when k.condeferrable then ' DEFERRABLE' || case when k.condeferred then ' INITIALLY DEFERRED' else '' end else '' end as deferrable,
                             case when k.contype <> 'x' then coalesce((select ' WITH (' || string_agg(format('%I=%L', o.option_name, o.option_value), ', ') || ')' from pg_catalog.pg_options_to_table(ic.reloptions) o), '') else '' end as options) w
 where k.contype in ('p', 'u', 'x') and k.oid >= 16384 and c.relpersistence <> 't')sql";

constexpr std::string_view kForeignKeys = R"sql(
select 'pg_catalog.pg_constraint'::regclass::oid, k.oid, 'FK CONSTRAINT', format('%s %s', c.relname, k.conname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('CONSTRAINT %I ON %I.%I', k.conname, n.nspname, c.relname),
       format(E'ALTER TABLE %s%I.%I\n    ADD CONSTRAINT %I %s;\n', case c.relkind when 'p' then '' else 'ONLY ' end, n.nspname, c.relname, k.conname, pg_get_constraintdef(k.oid)),
       format(E'ALTER TABLE %s%I.%I DROP CONSTRAINT %I;\n', case c.relkind when 'p' then '' else 'ONLY ' end, n.nspname, c.relname, k.conname)
  from pg_catalog.pg_constraint k join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where k.contype = 'f' and k.conparentid = 0 and k.oid >= 16384 and c.relpersistence <> 't')sql";

// An invalid index is not restored (S13), but one of a partitioned table is made valid by those
// that are attached.
constexpr std::string_view kIndexes = R"sql(
select 'pg_catalog.pg_class'::regclass::oid, c.oid, 'INDEX', c.relname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('INDEX %I.%I', n.nspname, c.relname),
       pg_get_indexdef(c.oid) || E';\n'
         || case when i.indisclustered then format(E'\nALTER TABLE %I.%I CLUSTER ON %I;\n', n.nspname, t.relname, c.relname) else '' end
         || case when i.indisreplident then format(E'\nALTER TABLE ONLY %I.%I REPLICA IDENTITY USING INDEX %I;\n', n.nspname, t.relname, c.relname) else '' end
         || coalesce((select string_agg(format(E'\nALTER INDEX %I.%I ALTER COLUMN %s SET STATISTICS %s;\n', n.nspname, c.relname, a.attnum, a.attstattarget), '' order by a.attnum)
                       from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attstattarget >= 0), ''),
       null, case when c.relkind = 'I' and c.reltablespace = 0 then null else coalesce(ts.spcname, '') end
  from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid join pg_catalog.pg_class t on t.oid = i.indrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace left join pg_catalog.pg_tablespace ts on ts.oid = c.reltablespace
 where c.oid >= 16384 and c.relpersistence <> 't' and t.relkind in ('r', 'p', 'm') and (i.indisvalid or t.relkind = 'p') and i.indisready
   and not exists (select from pg_catalog.pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x')))sql";

constexpr std::string_view kAttachedIndexes = R"sql(
select 0::oid, c.oid, 'INDEX ATTACH', c.relname, n.nspname, (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, '',
       format(E'ALTER INDEX %I.%I ATTACH PARTITION %I.%I;\n', pn.nspname, p.relname, n.nspname, c.relname), ''
  from pg_catalog.pg_inherits h join pg_catalog.pg_class c on c.oid = h.inhrelid and c.relkind in ('i', 'I')
  join pg_catalog.pg_class p on p.oid = h.inhparent join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
 where c.oid >= 16384)sql";

constexpr std::string_view kStatistics = R"sql(
select 'pg_catalog.pg_statistic_ext'::regclass::oid, s.oid, 'STATISTICS', s.stxname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = s.stxowner), true, format('STATISTICS %I.%I', n.nspname, s.stxname),
       pg_get_statisticsobjdef(s.oid) || E';\n'
         || case when s.stxstattarget >= 0 then format(E'\nALTER STATISTICS %I.%I SET STATISTICS %s;\n', n.nspname, s.stxname, s.stxstattarget) else '' end, null
  from pg_catalog.pg_statistic_ext s join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
 where s.oid >= 16384)sql";

constexpr std::string_view kTriggers = R"sql(
select 'pg_catalog.pg_trigger'::regclass::oid, t.oid, 'TRIGGER', format('%s %s', c.relname, t.tgname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('TRIGGER %I ON %I.%I', t.tgname, n.nspname, c.relname),
       case when t.tgparentid = 0 then pg_get_triggerdef(t.oid) || E';\n' else '' end
         || case when t.tgenabled <> coalesce(p.tgenabled, 'O') then format(E'\nALTER %sTABLE %I.%I %s TRIGGER %I;\n', case c.relkind when 'f' then 'FOREIGN ' else '' end, n.nspname, c.relname,
                 case t.tgenabled when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' when 'R' then 'ENABLE REPLICA' else 'ENABLE' end, t.tgname) else '' end,
       case when t.tgparentid <> 0 then '' end
  from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_trigger p on p.oid = t.tgparentid
 where t.oid >= 16384 and c.relpersistence <> 't'
   and (not t.tgisinternal and t.tgparentid = 0 or t.tgparentid <> 0 and t.tgenabled <> p.tgenabled
        -- Those that check a foreign key are the server's.
        and not exists (select from pg_catalog.pg_constraint f where f.oid = t.tgconstraint and f.contype = 'f')))sql";

constexpr std::string_view kRules = R"sql(
select 'pg_catalog.pg_rewrite'::regclass::oid, r.oid, 'RULE', format('%s %s', c.relname, r.rulename), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('RULE %I ON %I.%I', r.rulename, n.nspname, c.relname),
       pg_get_ruledef(r.oid) || E'\n'
         || case when r.ev_enabled <> 'O' then format(E'ALTER TABLE %I.%I %s RULE %I;\n', n.nspname, c.relname,
                 case r.ev_enabled when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' else 'ENABLE REPLICA' end, r.rulename) else '' end, null
  from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where r.oid >= 16384 and r.rulename <> '_RETURN' and c.relpersistence <> 't')sql";

constexpr std::string_view kPolicies = R"sql(
select 'pg_catalog.pg_policy'::regclass::oid, p.oid, 'POLICY', format('%s %s', c.relname, p.polname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, format('POLICY %I ON %I.%I', p.polname, n.nspname, c.relname),
       format('CREATE POLICY %I ON %I.%I', p.polname, n.nspname, c.relname)
         || case when p.polpermissive then '' else ' AS RESTRICTIVE' end
         || case p.polcmd when 'r' then ' FOR SELECT' when 'a' then ' FOR INSERT' when 'w' then ' FOR UPDATE' when 'd' then ' FOR DELETE' else '' end
         || case when p.polroles = '{0}' then '' else (select ' TO ' || string_agg(case when x = 0 then 'PUBLIC' else format('%I', pg_get_userbyid(x)) end, ', ' order by pg_get_userbyid(x)) from unnest(p.polroles) x) end
         || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '') || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', '') || E';\n', null
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where p.oid >= 16384 and c.relpersistence <> 't')sql";

constexpr std::string_view kRowSecurity = R"sql(
select 0::oid, c.oid, 'ROW SECURITY', c.relname, n.nspname, (select rolname from pg_catalog.pg_roles where oid = c.relowner), true, '',
       format(E'ALTER TABLE %I.%I ENABLE ROW LEVEL SECURITY;\n', n.nspname, c.relname), ''
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relrowsecurity and c.oid >= 16384 and c.relpersistence <> 't')sql";

constexpr std::string_view kEventTriggers = R"sql(
select 'pg_catalog.pg_event_trigger'::regclass::oid, e.oid, 'EVENT TRIGGER', e.evtname, null,
       (select rolname from pg_catalog.pg_roles where oid = e.evtowner), true, format('EVENT TRIGGER %I', e.evtname),
       format('CREATE EVENT TRIGGER %I ON %s', e.evtname, e.evtevent)
         || coalesce((select format(E'\n         WHEN TAG IN (%s)', string_agg(quote_literal(x), ', ' order by x)) from unnest(e.evttags) x having count(*) > 0), '')
         || format(E'\n   EXECUTE FUNCTION %s();\n', e.evtfoid::regproc)
         || case when e.evtenabled <> 'O' then format(E'\nALTER EVENT TRIGGER %I %s;\n', e.evtname, case e.evtenabled when 'D' then 'DISABLE' when 'A' then 'ENABLE ALWAYS' else 'ENABLE REPLICA' end) else '' end, null
  from pg_catalog.pg_event_trigger e where e.oid >= 16384)sql";

}  // namespace

void add_table_part_drafts(int /*server_major*/, std::vector<std::string>& statements) {
  for (const std::string_view statement :
       {kKeys, kForeignKeys, kIndexes, kAttachedIndexes, kStatistics, kTriggers, kRules, kPolicies,
        kRowSecurity, kEventTriggers})
    statements.emplace_back(statement);
}

std::string table_constraints(int /*server_major*/) { return std::string(kTableConstraints); }

}  // namespace schema::sql
