// Since 14 the server lists what its catalogues refer to. Those of 13 are listed here. Nothing is
// described by functions of the server that would fail, or crash, on what is looked for; a regclass
// whose row is gone is written as its number.
#include "schema/sql_soundness.h"

#include <utility>

#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

constexpr std::string_view kListed = R"sql(
       select fktable, fkcols[1] as fkcol, pktable, pkcols[1] as pkcol, is_array, is_opt
         from pg_catalog.pg_get_catalog_foreign_keys()
        where pg_catalog.array_length(fkcols, 1) = 1)sql";

constexpr std::string_view kOlder = R"sql(
       select ('pg_catalog.' || o.fktable)::pg_catalog.regclass as fktable, o.fkcol,
              ('pg_catalog.' || o.pktable)::pg_catalog.regclass as pktable, 'oid' as pkcol, o.is_array, o.is_opt
         from (values
           ('pg_aggregate', 'aggcombinefn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggdeserialfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggfinalfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggfnoid', 'pg_proc', false, false),
           ('pg_aggregate', 'aggmfinalfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggminvtransfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggmtransfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggmtranstype', 'pg_type', false, true),
           ('pg_aggregate', 'aggserialfn', 'pg_proc', false, true),
           ('pg_aggregate', 'aggsortop', 'pg_operator', false, true),
           ('pg_aggregate', 'aggtransfn', 'pg_proc', false, false),
           ('pg_aggregate', 'aggtranstype', 'pg_type', false, false), ('pg_am', 'amhandler', 'pg_proc', false, false),
           ('pg_amop', 'amopfamily', 'pg_opfamily', false, false),
           ('pg_amop', 'amoplefttype', 'pg_type', false, false), ('pg_amop', 'amopmethod', 'pg_am', false, false),
           ('pg_amop', 'amopopr', 'pg_operator', false, false), ('pg_amop', 'amoprighttype', 'pg_type', false, false),
           ('pg_amop', 'amopsortfamily', 'pg_opfamily', false, true), ('pg_amproc', 'amproc', 'pg_proc', false, false),
           ('pg_amproc', 'amprocfamily', 'pg_opfamily', false, false),
           ('pg_amproc', 'amproclefttype', 'pg_type', false, false),
           ('pg_amproc', 'amprocrighttype', 'pg_type', false, false),
           ('pg_attrdef', 'adrelid', 'pg_class', false, false),
           ('pg_attribute', 'attcollation', 'pg_collation', false, true),
           ('pg_attribute', 'attrelid', 'pg_class', false, false),
           ('pg_attribute', 'atttypid', 'pg_type', false, true), ('pg_cast', 'castfunc', 'pg_proc', false, true),
           ('pg_cast', 'castsource', 'pg_type', false, false), ('pg_cast', 'casttarget', 'pg_type', false, false),
           ('pg_class', 'relam', 'pg_am', false, true), ('pg_class', 'relnamespace', 'pg_namespace', false, false),
           ('pg_class', 'reloftype', 'pg_type', false, true), ('pg_class', 'relowner', 'pg_authid', false, false),
           ('pg_class', 'relrewrite', 'pg_class', false, true),
           ('pg_class', 'reltablespace', 'pg_tablespace', false, true),
           ('pg_class', 'reltoastrelid', 'pg_class', false, true), ('pg_class', 'reltype', 'pg_type', false, true),
           ('pg_collation', 'collnamespace', 'pg_namespace', false, false),
           ('pg_collation', 'collowner', 'pg_authid', false, false),
           ('pg_constraint', 'conexclop', 'pg_operator', true, false),
           ('pg_constraint', 'conffeqop', 'pg_operator', true, false),
           ('pg_constraint', 'confrelid', 'pg_class', false, true),
           ('pg_constraint', 'conindid', 'pg_class', false, true),
           ('pg_constraint', 'connamespace', 'pg_namespace', false, false),
           ('pg_constraint', 'conparentid', 'pg_constraint', false, true),
           ('pg_constraint', 'conpfeqop', 'pg_operator', true, false),
           ('pg_constraint', 'conppeqop', 'pg_operator', true, false),
           ('pg_constraint', 'conrelid', 'pg_class', false, true),
           ('pg_constraint', 'contypid', 'pg_type', false, true),
           ('pg_conversion', 'connamespace', 'pg_namespace', false, false),
           ('pg_conversion', 'conowner', 'pg_authid', false, false),
           ('pg_conversion', 'conproc', 'pg_proc', false, false),
           ('pg_default_acl', 'defaclnamespace', 'pg_namespace', false, true),
           ('pg_default_acl', 'defaclrole', 'pg_authid', false, false),
           ('pg_enum', 'enumtypid', 'pg_type', false, false), ('pg_event_trigger', 'evtfoid', 'pg_proc', false, false),
           ('pg_event_trigger', 'evtowner', 'pg_authid', false, false),
           ('pg_extension', 'extconfig', 'pg_class', true, false),
           ('pg_extension', 'extnamespace', 'pg_namespace', false, false),
           ('pg_extension', 'extowner', 'pg_authid', false, false),
           ('pg_foreign_data_wrapper', 'fdwhandler', 'pg_proc', false, true),
           ('pg_foreign_data_wrapper', 'fdwowner', 'pg_authid', false, false),
           ('pg_foreign_data_wrapper', 'fdwvalidator', 'pg_proc', false, true),
           ('pg_foreign_server', 'srvfdw', 'pg_foreign_data_wrapper', false, false),
           ('pg_foreign_server', 'srvowner', 'pg_authid', false, false),
           ('pg_foreign_table', 'ftrelid', 'pg_class', false, false),
           ('pg_foreign_table', 'ftserver', 'pg_foreign_server', false, false),
           ('pg_index', 'indclass', 'pg_opclass', true, false),
           ('pg_index', 'indcollation', 'pg_collation', true, true),
           ('pg_index', 'indexrelid', 'pg_class', false, false), ('pg_index', 'indrelid', 'pg_class', false, false),
           ('pg_inherits', 'inhparent', 'pg_class', false, false),
           ('pg_inherits', 'inhrelid', 'pg_class', false, false), ('pg_language', 'laninline', 'pg_proc', false, true),
           ('pg_language', 'lanowner', 'pg_authid', false, false),
           ('pg_language', 'lanplcallfoid', 'pg_proc', false, true),
           ('pg_language', 'lanvalidator', 'pg_proc', false, true),
           ('pg_namespace', 'nspowner', 'pg_authid', false, false),
           ('pg_opclass', 'opcfamily', 'pg_opfamily', false, false),
           ('pg_opclass', 'opcintype', 'pg_type', false, false), ('pg_opclass', 'opckeytype', 'pg_type', false, true),
           ('pg_opclass', 'opcmethod', 'pg_am', false, false),
           ('pg_opclass', 'opcnamespace', 'pg_namespace', false, false),
           ('pg_opclass', 'opcowner', 'pg_authid', false, false), ('pg_operator', 'oprcode', 'pg_proc', false, true),
           ('pg_operator', 'oprcom', 'pg_operator', false, true), ('pg_operator', 'oprjoin', 'pg_proc', false, true),
           ('pg_operator', 'oprleft', 'pg_type', false, true),
           ('pg_operator', 'oprnamespace', 'pg_namespace', false, false),
           ('pg_operator', 'oprnegate', 'pg_operator', false, true),
           ('pg_operator', 'oprowner', 'pg_authid', false, false), ('pg_operator', 'oprrest', 'pg_proc', false, true),
           ('pg_operator', 'oprresult', 'pg_type', false, true), ('pg_operator', 'oprright', 'pg_type', false, false),
           ('pg_opfamily', 'opfmethod', 'pg_am', false, false),
           ('pg_opfamily', 'opfnamespace', 'pg_namespace', false, false),
           ('pg_opfamily', 'opfowner', 'pg_authid', false, false),
           ('pg_partitioned_table', 'partclass', 'pg_opclass', true, false),
           ('pg_partitioned_table', 'partcollation', 'pg_collation', true, true),
           ('pg_partitioned_table', 'partdefid', 'pg_class', false, true),
           ('pg_partitioned_table', 'partrelid', 'pg_class', false, false),
           ('pg_policy', 'polrelid', 'pg_class', false, false), ('pg_policy', 'polroles', 'pg_authid', true, true),
           ('pg_proc', 'proallargtypes', 'pg_type', true, false), ('pg_proc', 'proargtypes', 'pg_type', true, false),
           ('pg_proc', 'prolang', 'pg_language', false, false),
           ('pg_proc', 'pronamespace', 'pg_namespace', false, false),
           ('pg_proc', 'proowner', 'pg_authid', false, false), ('pg_proc', 'prorettype', 'pg_type', false, false),
           ('pg_proc', 'prosupport', 'pg_proc', false, true), ('pg_proc', 'protrftypes', 'pg_type', true, false),
           ('pg_proc', 'provariadic', 'pg_type', false, true),
           ('pg_publication', 'pubowner', 'pg_authid', false, false),
           ('pg_publication_rel', 'prpubid', 'pg_publication', false, false),
           ('pg_publication_rel', 'prrelid', 'pg_class', false, false),
           ('pg_range', 'rngcanonical', 'pg_proc', false, true),
           ('pg_range', 'rngcollation', 'pg_collation', false, true),
           ('pg_range', 'rngsubdiff', 'pg_proc', false, true), ('pg_range', 'rngsubopc', 'pg_opclass', false, false),
           ('pg_range', 'rngsubtype', 'pg_type', false, false), ('pg_range', 'rngtypid', 'pg_type', false, false),
           ('pg_rewrite', 'ev_class', 'pg_class', false, false), ('pg_sequence', 'seqrelid', 'pg_class', false, false),
           ('pg_sequence', 'seqtypid', 'pg_type', false, false),
           ('pg_statistic_ext', 'stxnamespace', 'pg_namespace', false, false),
           ('pg_statistic_ext', 'stxowner', 'pg_authid', false, false),
           ('pg_statistic_ext', 'stxrelid', 'pg_class', false, false),
           ('pg_subscription_rel', 'srrelid', 'pg_class', false, false),
           ('pg_subscription_rel', 'srsubid', 'pg_subscription', false, false),
           ('pg_transform', 'trffromsql', 'pg_proc', false, true),
           ('pg_transform', 'trflang', 'pg_language', false, false),
           ('pg_transform', 'trftosql', 'pg_proc', false, true), ('pg_transform', 'trftype', 'pg_type', false, false),
           ('pg_trigger', 'tgconstraint', 'pg_constraint', false, true),
           ('pg_trigger', 'tgconstrindid', 'pg_class', false, true),
           ('pg_trigger', 'tgconstrrelid', 'pg_class', false, true), ('pg_trigger', 'tgfoid', 'pg_proc', false, false),
           ('pg_trigger', 'tgparentid', 'pg_trigger', false, true),
           ('pg_trigger', 'tgrelid', 'pg_class', false, false),
           ('pg_ts_config', 'cfgnamespace', 'pg_namespace', false, false),
           ('pg_ts_config', 'cfgowner', 'pg_authid', false, false),
           ('pg_ts_config', 'cfgparser', 'pg_ts_parser', false, false),
           ('pg_ts_config_map', 'mapcfg', 'pg_ts_config', false, false),
           ('pg_ts_config_map', 'mapdict', 'pg_ts_dict', false, false),
           ('pg_ts_dict', 'dictnamespace', 'pg_namespace', false, false),
           ('pg_ts_dict', 'dictowner', 'pg_authid', false, false),
           ('pg_ts_dict', 'dicttemplate', 'pg_ts_template', false, false),
           ('pg_ts_parser', 'prsend', 'pg_proc', false, false),
           ('pg_ts_parser', 'prsheadline', 'pg_proc', false, true),
           ('pg_ts_parser', 'prslextype', 'pg_proc', false, false),
           ('pg_ts_parser', 'prsnamespace', 'pg_namespace', false, false),
           ('pg_ts_parser', 'prsstart', 'pg_proc', false, false),
           ('pg_ts_parser', 'prstoken', 'pg_proc', false, false),
           ('pg_ts_template', 'tmplinit', 'pg_proc', false, true),
           ('pg_ts_template', 'tmpllexize', 'pg_proc', false, false),
           ('pg_ts_template', 'tmplnamespace', 'pg_namespace', false, false),
           ('pg_type', 'typanalyze', 'pg_proc', false, true), ('pg_type', 'typarray', 'pg_type', false, true),
           ('pg_type', 'typbasetype', 'pg_type', false, true),
           ('pg_type', 'typcollation', 'pg_collation', false, true), ('pg_type', 'typelem', 'pg_type', false, true),
           ('pg_type', 'typinput', 'pg_proc', false, false), ('pg_type', 'typmodin', 'pg_proc', false, true),
           ('pg_type', 'typmodout', 'pg_proc', false, true), ('pg_type', 'typnamespace', 'pg_namespace', false, false),
           ('pg_type', 'typoutput', 'pg_proc', false, false), ('pg_type', 'typowner', 'pg_authid', false, false),
           ('pg_type', 'typreceive', 'pg_proc', false, true), ('pg_type', 'typrelid', 'pg_class', false, true),
           ('pg_type', 'typsend', 'pg_proc', false, true),
           ('pg_user_mapping', 'umserver', 'pg_foreign_server', false, false),
           ('pg_user_mapping', 'umuser', 'pg_authid', false, true))
           o(fktable, fkcol, pktable, is_array, is_opt))sql";

// What people call the rows of a catalogue.
constexpr std::string_view kKind =
    R"sql(case $NAME when 'pg_class' then 'relation' when 'pg_proc' then 'function'
              when 'pg_attribute' then 'column' when 'pg_attrdef' then 'default' when 'pg_rewrite' then 'rule'
              when 'pg_default_acl' then 'default privileges' when 'pg_namespace' then 'schema' when 'pg_authid' then 'role'
              when 'pg_am' then 'access method' when 'pg_amop' then 'operator of a class' when 'pg_amproc' then 'function of a class'
              when 'pg_opclass' then 'operator class' when 'pg_opfamily' then 'operator family'
              when 'pg_statistic_ext' then 'statistics' when 'pg_publication_rel' then 'published table'
              else pg_catalog.replace(pg_catalog.substr($NAME, 4), '_', ' ') end)sql";

// Of a row: its kind, its name if it has one, the relation that it is a part of, its OID. Row
// types, array types and parts of relations are told with what they are of. Roles are looked up
// where everybody may.
constexpr std::string_view kChecks = R"sql(
select pg_catalog.format(
         'select %L || coalesce('' '' || %s, '''') || coalesce('' of '' || %s, '''') || coalesce('' (OID '' || %s || '')'', '''')'
         || ' || '': %s %s (OID '' || x.v || '') that is not there'' as text, %L::pg_catalog.bool as fatal'
         || ' from %s t cross join lateral %s as x(v) where %s and x.v <> 0'
         || ' and not exists (select from %s p where p.%I = x.v)',
         $KIND_OF_ROW,
         case when r.name = 'pg_class' then 't.oid::pg_catalog.regclass::pg_catalog.text'
              when n.attname is null then 'null' else pg_catalog.format('pg_catalog.quote_ident(t.%I)', n.attname) end,
         case when k.column_of is null then 'null' else pg_catalog.format('nullif(t.%I, 0)::pg_catalog.regclass::pg_catalog.text', k.column_of) end,
         case when o.has_oid then 't.oid' else 'null' end,
         case when r.fkcol ~ 'owner$' then 'its owner is' else r.fkcol || ' refers to' end, $KIND_OF_TARGET,
         r.target in ('pg_authid', 'pg_namespace'),
         r.fktable::pg_catalog.text,
         case when r.is_array then pg_catalog.format('pg_catalog.unnest(t.%I::pg_catalog.oid[])', r.fkcol)
              else pg_catalog.format('(select t.%I::pg_catalog.oid)', r.fkcol) end,
         case when r.name = 'pg_class' then 't.oid >= 16384 and t.relkind not in (''i'', ''I'', ''t'')'
              when r.name = 'pg_type' then 't.oid >= 16384 and t.typcategory <> ''A'' and not exists ('
                || 'select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind <> ''c'')'
              when o.has_oid then 't.oid >= 16384'
              when k.column_of is not null then pg_catalog.format('t.%I >= 16384', k.column_of) else 'true' end,
         case when r.target = 'pg_authid' then 'pg_catalog.pg_roles' else 'pg_catalog.' || r.target end, r.pkcol)
  from (select f.*, c.relname::pg_catalog.text as name, tc.relname::pg_catalog.text as target
          from ($LISTED) f
          join pg_catalog.pg_class c on c.oid = f.fktable
          join pg_catalog.pg_class tc on tc.oid = f.pktable
         where not c.relisshared and pg_catalog.has_table_privilege(f.fktable, 'select')
           and (tc.relname = 'pg_authid' or pg_catalog.has_table_privilege(f.pktable, 'select'))
           and c.relname !~ '^pg_(statistic$|statistic_ext_data|largeobject$|init_privs|seclabel|description)') r
  left join lateral (
    select a.attname from pg_catalog.pg_attribute a
     where a.attrelid = r.fktable and a.atttypid = 'pg_catalog.name'::pg_catalog.regtype and a.attnum > 0
     order by a.attnum limit 1) n on true
  left join lateral (
    select a.attname as column_of from pg_catalog.pg_attribute a
     where a.attrelid = r.fktable and a.attname in ('attrelid', 'adrelid', 'conrelid', 'indexrelid', 'inhrelid', 'tgrelid',
             'ev_class', 'polrelid', 'prrelid', 'stxrelid', 'ftrelid', 'partrelid', 'seqrelid')
     limit 1) k on true
  cross join lateral (
    select exists (select from pg_catalog.pg_attribute a where a.attrelid = r.fktable and a.attname = 'oid') as has_oid) o
 order by r.fktable::pg_catalog.text, r.fkcol)sql";

}  // namespace

std::string reference_checks(int server_major) {
  constexpr int kListedSince = 14;
  const auto kind_of = [](std::string_view name) {
    return util::replace_all(std::string(kKind), "$NAME", name);
  };
  std::string text = util::replace_all(std::string(kChecks), "$LISTED",
                                       server_major >= kListedSince ? kListed : kOlder);
  text = util::replace_all(std::move(text), "$KIND_OF_ROW", kind_of("r.name"));
  const std::string target = kind_of("r.target");
  return util::replace_all(
      std::move(text), "$KIND_OF_TARGET",
      cat("case when (", target, ") ~ '^[aeiou]' then 'an ' else 'a ' end || (", target, ")"));
}

std::string_view missing_bounds() {
  return R"sql(
select 'partition ' || c.oid::pg_catalog.regclass::pg_catalog.text || ': it has no bound', true
  from pg_catalog.pg_class c where c.relispartition and c.relkind in ('r', 'p', 'f') and c.relpartbound is null)sql";
}

// The server notes for each role in which lists of privileges it stands. Descriptions of what is in
// a schema that is gone crash the server: those are told by their own reference.
std::string_view vanished_grantees() {
  return R"sql(
select pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) || ': a role in its privileges (OID ' || d.refobjid
         || ') is not there', true
  from pg_catalog.pg_shdepend d
 where d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass and d.deptype = 'a'
   and d.classid in ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_namespace'::pg_catalog.regclass)
   and d.dbid = (select b.oid from pg_catalog.pg_database b where b.datname = pg_catalog.current_database())
   and not exists (select from pg_catalog.pg_roles r where r.oid = d.refobjid)
   and not exists (select from pg_catalog.pg_class c where c.oid = d.objid and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and not exists (select from pg_catalog.pg_namespace n where n.oid = c.relnamespace))
   and exists (select from pg_catalog.pg_class c where c.oid = d.objid
         union all select from pg_catalog.pg_namespace n where n.oid = d.objid))sql";
}

std::string first_dangling(std::string_view checks, std::size_t most) {
  return cat("select x.text, x.fatal from (", checks,
             ") x(text, fatal) order by x.fatal desc, x.text limit ", most);
}

}  // namespace schema::sql
