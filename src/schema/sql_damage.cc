#include "schema/sql_damage.h"

namespace schema::sql {

// A regclass whose row is gone is written as its number.
std::string_view defined_objects() {
  return R"sql(
select case c.relkind when 'm' then 'materialized view ' else 'view ' end || c.oid::pg_catalog.regclass::pg_catalog.text as name,
       pg_catalog.format('select pg_catalog.pg_get_viewdef(%s::pg_catalog.oid)', c.oid) as statement
  from pg_catalog.pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384
union all
select 'default of column ' || d.adnum || ' of ' || d.adrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_expr(adbin, adrelid) from pg_catalog.pg_attrdef where oid = %s', d.oid)
  from pg_catalog.pg_attrdef d where d.oid >= 16384
union all
select 'constraint ' || pg_catalog.quote_ident(k.conname)
         || case when k.conrelid <> 0 then ' on ' || k.conrelid::pg_catalog.regclass::pg_catalog.text
                 else ' on domain ' || k.contypid::pg_catalog.regtype::pg_catalog.text end,
       pg_catalog.format('select pg_catalog.pg_get_constraintdef(%s::pg_catalog.oid)', k.oid)
  from pg_catalog.pg_constraint k where k.oid >= 16384
union all
select 'index ' || i.indexrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_indexdef(%s::pg_catalog.oid)', i.indexrelid)
  from pg_catalog.pg_index i where i.indexrelid >= 16384
union all
select 'trigger ' || pg_catalog.quote_ident(t.tgname) || ' on ' || t.tgrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_triggerdef(%s::pg_catalog.oid)', t.oid)
  from pg_catalog.pg_trigger t where t.oid >= 16384 and not t.tgisinternal
union all
select 'rule ' || pg_catalog.quote_ident(r.rulename) || ' on ' || r.ev_class::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_ruledef(%s::pg_catalog.oid)', r.oid)
  from pg_catalog.pg_rewrite r where r.oid >= 16384 and r.rulename <> '_RETURN'
union all
select 'policy ' || pg_catalog.quote_ident(p.polname) || ' on ' || p.polrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_expr(polqual, polrelid), pg_catalog.pg_get_expr(polwithcheck, polrelid) from pg_catalog.pg_policy where oid = %s', p.oid)
  from pg_catalog.pg_policy p where p.oid >= 16384
union all
select 'statistics ' || pg_catalog.quote_ident(s.stxname) || ' on ' || s.stxrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_statisticsobjdef(%s::pg_catalog.oid)', s.oid)
  from pg_catalog.pg_statistic_ext s where s.oid >= 16384
union all
select 'partition key of ' || p.partrelid::pg_catalog.regclass::pg_catalog.text,
       pg_catalog.format('select pg_catalog.pg_get_partkeydef(%s::pg_catalog.oid)', p.partrelid)
  from pg_catalog.pg_partitioned_table p where p.partrelid >= 16384
union all
select 'function ' || pg_catalog.quote_ident(f.proname) || ' (OID ' || f.oid || ')',
       pg_catalog.format('select pg_catalog.pg_get_function_arguments(%s::pg_catalog.oid), pg_catalog.pg_get_function_result(%s::pg_catalog.oid), %s', f.oid, f.oid,
                         case when f.prokind in ('f', 'p', 'w') then pg_catalog.format('pg_catalog.pg_get_functiondef(%s::pg_catalog.oid)', f.oid) else 'null' end)
  from pg_catalog.pg_proc f where f.oid >= 16384
 order by 1)sql";
}

std::string_view dangling_rows() {
  return R"sql(
select x.name || ' refers to a relation (OID ' || x.relation || ') that is not there'
  from (select 'type ' || pg_catalog.quote_ident(t.typname) as name, t.typrelid as relation from pg_catalog.pg_type t
        union all select 'default (OID ' || d.oid || ')', d.adrelid from pg_catalog.pg_attrdef d
        union all select 'constraint ' || pg_catalog.quote_ident(k.conname), k.conrelid from pg_catalog.pg_constraint k
        union all select 'index (OID ' || i.indexrelid || ')', i.indrelid from pg_catalog.pg_index i
        union all select 'trigger ' || pg_catalog.quote_ident(g.tgname), g.tgrelid from pg_catalog.pg_trigger g
        union all select 'rule ' || pg_catalog.quote_ident(r.rulename), r.ev_class from pg_catalog.pg_rewrite r
        union all select 'policy ' || pg_catalog.quote_ident(p.polname), p.polrelid from pg_catalog.pg_policy p
        union all select 'column ' || pg_catalog.quote_ident(a.attname), a.attrelid from pg_catalog.pg_attribute a where a.attnum > 0) x
 where x.relation >= 16384 and not exists (select from pg_catalog.pg_class c where c.oid = x.relation)
union all
select x.name || ' is in a schema (OID ' || x.schema || ') that is not there'
  from (select 'relation ' || pg_catalog.quote_ident(c.relname) as name, c.relnamespace as schema from pg_catalog.pg_class c
        union all select 'type ' || pg_catalog.quote_ident(t.typname), t.typnamespace from pg_catalog.pg_type t
        union all select 'function ' || pg_catalog.quote_ident(f.proname), f.pronamespace from pg_catalog.pg_proc f) x
 where x.schema >= 16384 and not exists (select from pg_catalog.pg_namespace n where n.oid = x.schema)
 order by 1
 limit 5)sql";
}

}  // namespace schema::sql
