// What is said about objects, who may use them, and what they need: for all classes at once.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

constexpr std::string_view kParts = R"sql(
with told as (
  select classoid, objoid, objsubid from pg_catalog.pg_description where objoid >= 16384
  union select classoid, objoid, objsubid from pg_catalog.pg_seclabel where objoid >= 16384)
select t.classoid, t.objoid, t.objsubid, format('COLUMN %I.%I.%I', n.nspname, c.relname, a.attname), format('COLUMN %I.%I', c.relname, a.attname)
  from told t join pg_catalog.pg_class c on t.classoid = 'pg_catalog.pg_class'::regclass and c.oid = t.objoid and t.objsubid > 0
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = t.objsubid and not a.attisdropped
union all
select t.classoid, t.objoid, 0, format('INDEX %I.%I', n.nspname, c.relname), format('INDEX %I', c.relname)
  from told t join pg_catalog.pg_class c on t.classoid = 'pg_catalog.pg_class'::regclass and c.oid = t.objoid and t.objsubid = 0 and c.relkind in ('i', 'I')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
union all
select t.classoid, t.objoid, 0, format('CONSTRAINT %I ON %I.%I', k.conname, n.nspname, c.relname), format('CONSTRAINT %I ON %I', k.conname, c.relname)
  from told t join pg_catalog.pg_constraint k on t.classoid = 'pg_catalog.pg_constraint'::regclass and k.oid = t.objoid
  join pg_catalog.pg_class c on c.oid = k.conrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
union all
-- A partition's trigger, which is part of its parent's.
select t.classoid, t.objoid, 0, format('TRIGGER %I ON %I.%I', g.tgname, n.nspname, c.relname), format('TRIGGER %I ON %I', g.tgname, c.relname)
  from told t join pg_catalog.pg_trigger g on t.classoid = 'pg_catalog.pg_trigger'::regclass and g.oid = t.objoid and g.tgparentid <> 0
  join pg_catalog.pg_class c on c.oid = g.tgrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
union all
select t.classoid, t.objoid, 0, format('CONSTRAINT %I ON DOMAIN %I.%I', k.conname, n.nspname, y.typname), format('CONSTRAINT %I ON DOMAIN %I', k.conname, y.typname)
  from told t join pg_catalog.pg_constraint k on t.classoid = 'pg_catalog.pg_constraint'::regclass and k.oid = t.objoid
  join pg_catalog.pg_type y on y.oid = k.contypid and k.conrelid = 0 join pg_catalog.pg_namespace n on n.oid = y.typnamespace)sql";

// What template0 says of `public` is not said again; where nothing is said any more, that is.
constexpr std::string_view kComments = R"sql(
select d.classoid, d.objoid, d.objsubid, quote_literal(d.description)
  from pg_catalog.pg_description d
 where d.objoid >= 16384
union all
select 'pg_catalog.pg_namespace'::regclass, n.oid, 0, coalesce(quote_literal(d.description), 'NULL')
  from pg_catalog.pg_namespace n
  left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_namespace'::regclass and d.objoid = n.oid
 where n.nspname = 'public' and (n.oid < 16384 or d.description is null) and d.description is distinct from 'standard public schema'
union all
select 'pg_catalog.pg_database'::regclass, b.oid, 0, quote_literal(s.description)
  from pg_catalog.pg_database b join pg_catalog.pg_shdescription s on s.classoid = 'pg_catalog.pg_database'::regclass and s.objoid = b.oid
 where b.datname = current_database()
$SUBSCRIPTIONS
order by 1, 2, 3)sql";

constexpr std::string_view kSubscriptionComments = R"sql(union all
select 'pg_catalog.pg_subscription'::regclass, b.oid, 0, quote_literal(s.description)
  from pg_catalog.pg_subscription b join pg_catalog.pg_shdescription s on s.classoid = 'pg_catalog.pg_subscription'::regclass and s.objoid = b.oid
 where b.subdbid = (select oid from pg_catalog.pg_database where datname = current_database()))sql";

constexpr std::string_view kLabels = R"sql(
select l.classoid, l.objoid, l.objsubid, quote_ident(l.provider), quote_literal(l.label)
  from pg_catalog.pg_seclabel l
 where l.classoid <> 'pg_catalog.pg_largeobject'::regclass
   and (l.objoid >= 16384 or l.classoid = 'pg_catalog.pg_namespace'::regclass and l.objoid = (select oid from pg_catalog.pg_namespace where nspname = 'public'))
union all
select 'pg_catalog.pg_database'::regclass, b.oid, 0, quote_ident(s.provider), quote_literal(s.label)
  from pg_catalog.pg_database b join pg_catalog.pg_shseclabel s on s.classoid = 'pg_catalog.pg_database'::regclass and s.objoid = b.oid
 where b.datname = current_database()
$SUBSCRIPTIONS
order by 1, 2, 3, 4)sql";

constexpr std::string_view kSubscriptionLabels = R"sql(union all
select 'pg_catalog.pg_subscription'::regclass, b.oid, 0, quote_ident(s.provider), quote_literal(s.label)
  from pg_catalog.pg_subscription b join pg_catalog.pg_shseclabel s on s.classoid = 'pg_catalog.pg_subscription'::regclass and s.objoid = b.oid
 where b.subdbid = (select oid from pg_catalog.pg_database where datname = current_database()))sql";

// Each privilege of each list that is not as the object was made with: first what it was made with
// (base), which initdb or an extension may have set (pg_init_privs). Not so for information_schema,
// which initdb makes after it has noted these.
constexpr std::string_view kPrivileges = R"sql(
with listed(classid, objid, subid, phrase, tag, nspname, owner, acl, base) as (
  select 'pg_catalog.pg_class'::regclass::oid, c.oid, 0, format('%s %I.%I', x.kind, n.nspname, c.relname), format('%s %I', x.kind, c.relname), n.nspname, c.relowner,
         c.relacl, acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    cross join lateral (select case c.relkind when 'S' then 'SEQUENCE' else 'TABLE' end as kind) x
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
  union all
  select 'pg_catalog.pg_class'::regclass, c.oid, a.attnum, format('TABLE %I.%I', n.nspname, c.relname), format('COLUMN %I.%I', c.relname, a.attname), n.nspname, c.relowner, a.attacl, '{}'
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not a.attisdropped and c.relpersistence <> 't'
     and (a.attacl is not null or exists (select from pg_catalog.pg_init_privs i where i.classoid = 'pg_catalog.pg_class'::regclass and i.objoid = c.oid and i.objsubid = a.attnum))
  union all
  select 'pg_catalog.pg_proc'::regclass, p.oid, 0, format('%s %I.%I(%s)', x.kind, n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)),
         format('%s %I(%s)', x.kind, p.proname, pg_get_function_identity_arguments(p.oid)), n.nspname, p.proowner, p.proacl, acldefault('f', p.proowner)
    from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace cross join lateral (select case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end as kind) x
   where p.proacl is not null
  union all
  select 'pg_catalog.pg_type'::regclass, t.oid, 0, format('TYPE %I.%I', n.nspname, t.typname), format('TYPE %I', t.typname), n.nspname, t.typowner, t.typacl, acldefault('T', t.typowner)
    from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace where t.typacl is not null
  union all
  select 'pg_catalog.pg_namespace'::regclass, n.oid, 0, format('SCHEMA %I', n.nspname), format('SCHEMA %I', n.nspname), null, n.nspowner, case when n.nspname = 'public' then coalesce(n.nspacl, acldefault('n', n.nspowner)) else n.nspacl end,
         case when n.nspname = 'public' then array[makeaclitem(n.nspowner, n.nspowner, 'USAGE', false), makeaclitem(n.nspowner, n.nspowner, 'CREATE', false), makeaclitem(0, n.nspowner, 'USAGE', false)]$PUBLIC
              else acldefault('n', n.nspowner) end
    from pg_catalog.pg_namespace n where n.nspname !~ '^pg_(temp|toast_temp)_'
  union all
  select 'pg_catalog.pg_language'::regclass, l.oid, 0, format('LANGUAGE %I', l.lanname), format('LANGUAGE %I', l.lanname), null, l.lanowner, l.lanacl, acldefault('l', l.lanowner)
    from pg_catalog.pg_language l where l.lanispl or l.lanacl is not null
  union all
  select 'pg_catalog.pg_foreign_data_wrapper'::regclass, f.oid, 0, format('FOREIGN DATA WRAPPER %I', f.fdwname), format('FOREIGN DATA WRAPPER %I', f.fdwname), null, f.fdwowner, f.fdwacl, acldefault('F', f.fdwowner)
    from pg_catalog.pg_foreign_data_wrapper f
  union all
  select 'pg_catalog.pg_foreign_server'::regclass, s.oid, 0, format('FOREIGN SERVER %I', s.srvname), format('FOREIGN SERVER %I', s.srvname), null, s.srvowner, s.srvacl, acldefault('S', s.srvowner)
    from pg_catalog.pg_foreign_server s
  union all
  select 'pg_catalog.pg_database'::regclass, d.oid, 0, format('DATABASE %I', d.datname), format('DATABASE %I', d.datname), null, d.datdba, d.datacl, acldefault('d', d.datdba)
    from pg_catalog.pg_database d where d.datname = current_database()),
changed as (
  select l.classid, l.objid, l.subid, l.phrase, l.tag, l.nspname, l.owner, x.acl, x.base
    from listed l
    left join pg_catalog.pg_init_privs i on i.classoid = l.classid and i.objoid = l.objid and i.objsubid = l.subid
         and not (l.classid = 'pg_catalog.pg_namespace'::regclass and l.nspname is null and l.phrase = 'SCHEMA public')
    cross join lateral (select coalesce(l.acl, case when l.subid > 0 then '{}' else l.base end) as acl, coalesce(i.initprivs, l.base) as base) x
   where (l.acl is not null or i.initprivs is not null) and not (x.acl @> x.base and x.acl <@ x.base)
     and l.nspname is distinct from 'information_schema' and l.phrase <> 'SCHEMA information_schema')
select c.classid, c.objid, c.subid, c.phrase, c.tag, c.nspname, '' as prefix,
       case when c.subid > 0 then (select format('(%I)', a.attname) from pg_catalog.pg_attribute a where a.attrelid = c.objid and a.attnum = c.subid) else '' end as columns,
       pg_get_userbyid(c.owner), e.is_base, pg_get_userbyid(e.grantor), case when e.grantee = 0 then '' else pg_get_userbyid(e.grantee) end, e.grantee = 0, e.privilege_type, e.is_grantable
  from changed c
  -- In the order of the list: who grants had the right to before.
  left join lateral (select true as is_base, b.* from aclexplode(case when cardinality(c.base) > 0 then c.base end) with ordinality b(grantor, grantee, privilege_type, is_grantable, place)
                     union all select false, b.* from aclexplode(case when cardinality(c.acl) > 0 then c.acl end) with ordinality b(grantor, grantee, privilege_type, is_grantable, place)) e on true
 order by c.classid, c.objid, c.subid, e.is_base desc, e.place)sql";

constexpr std::string_view kDefaultPrivileges = R"sql(
select 'pg_catalog.pg_default_acl'::regclass::oid, d.oid, 0, x.kind, 'DEFAULT PRIVILEGES FOR ' || x.kind, n.nspname,
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I%s ', pg_get_userbyid(d.defaclrole), coalesce(' IN SCHEMA ' || quote_ident(n.nspname), '')), '',
       pg_get_userbyid(d.defaclrole), e.is_base, pg_get_userbyid(e.grantor), case when e.grantee = 0 then '' else pg_get_userbyid(e.grantee) end, e.grantee = 0, e.privilege_type, e.is_grantable
  from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
  cross join lateral (select case d.defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS' when 'T' then 'TYPES' when 'n' then 'SCHEMAS' when 'L' then 'LARGE OBJECTS' end as kind) x
  left join lateral (select true as is_base, b.* from aclexplode(case when d.defaclnamespace = 0 then acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end::"char", d.defaclrole) end) with ordinality b(grantor, grantee, privilege_type, is_grantable, place)
                     union all select false, b.* from aclexplode(case when cardinality(d.defaclacl) > 0 then d.defaclacl end) with ordinality b(grantor, grantee, privilege_type, is_grantable, place)) e on true
 order by d.oid, e.is_base desc, e.place)sql";

constexpr std::string_view kDependencies = R"sql(
select d.classid, d.objid, d.refclassid, d.refobjid, d.deptype
  from pg_catalog.pg_depend d
 where d.objid >= 16384 and d.refobjid >= 16384 and d.deptype <> 'e')sql";

// What is part of another object without an entry of its own, beside what pg_depend calls internal.
constexpr std::string_view kOwnedAddresses = R"sql(
select d.classid, d.objid, d.refclassid, d.refobjid from pg_catalog.pg_depend d where d.deptype = 'i' and d.objid >= 16384
union all
select 'pg_catalog.pg_enum'::regclass, e.oid, 'pg_catalog.pg_type'::regclass, e.enumtypid from pg_catalog.pg_enum e where e.oid >= 16384
union all
select 'pg_catalog.pg_attrdef'::regclass, d.oid, 'pg_catalog.pg_class'::regclass, d.adrelid from pg_catalog.pg_attrdef d where d.oid >= 16384
union all
select 'pg_catalog.pg_constraint'::regclass, k.oid, 'pg_catalog.pg_constraint'::regclass, k.conparentid from pg_catalog.pg_constraint k where k.oid >= 16384 and k.contype = 'f' and k.conparentid <> 0
union all
select 'pg_catalog.pg_trigger'::regclass, t.oid, 'pg_catalog.pg_trigger'::regclass, t.tgparentid from pg_catalog.pg_trigger t where t.oid >= 16384 and t.tgparentid <> 0
union all
select 'pg_catalog.pg_trigger'::regclass, t.oid, 'pg_catalog.pg_constraint'::regclass, t.tgconstraint from pg_catalog.pg_trigger t where t.oid >= 16384 and t.tgisinternal and t.tgconstraint <> 0
union all
select d.classid, d.objid, d.refclassid, d.refobjid from pg_catalog.pg_depend d
 where d.deptype = 'a' and d.objid >= 16384 and d.classid in ('pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass) and d.refclassid = 'pg_catalog.pg_opfamily'::regclass
union all
select 'pg_catalog.pg_type'::regclass, t.typarray, 'pg_catalog.pg_type'::regclass, t.oid from pg_catalog.pg_type t where t.typarray >= 16384
union all
select 'pg_catalog.pg_class'::regclass, c.reltoastrelid, 'pg_catalog.pg_class'::regclass, c.oid from pg_catalog.pg_class c where c.reltoastrelid >= 16384
union all
select 'pg_catalog.pg_class'::regclass, i.indexrelid, 'pg_catalog.pg_class'::regclass, i.indrelid from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid and c.relkind = 't'
union all
-- An index of a table of an extension, which is no member: as for pg_dump, it goes with the table.
select 'pg_catalog.pg_class'::regclass, i.indexrelid, 'pg_catalog.pg_class'::regclass, i.indrelid from pg_catalog.pg_index i
 where exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = i.indrelid and d.deptype = 'e'))sql";

constexpr std::string_view kMembers = R"sql(
select d.classid, d.objid, d.refobjid from pg_catalog.pg_depend d where d.deptype = 'e')sql";

}  // namespace

std::vector<std::string> draft_statements(int server_major) {
  std::vector<std::string> statements;
  add_small_drafts(server_major, statements);
  add_type_drafts(server_major, statements);
  add_routine_drafts(server_major, statements);
  add_operator_drafts(server_major, statements);
  add_relation_drafts(server_major, statements);
  add_table_part_drafts(server_major, statements);
  add_replication_drafts(server_major, statements);
  return statements;
}

std::string parts() { return std::string(kParts); }
std::string comments(Subscriptions subscriptions) {
  return util::replace_all(std::string(kComments), "$SUBSCRIPTIONS",
                           subscriptions == Subscriptions::Read ? kSubscriptionComments : "");
}
std::string security_labels(Subscriptions subscriptions) {
  return util::replace_all(std::string(kLabels), "$SUBSCRIPTIONS",
                           subscriptions == Subscriptions::Read ? kSubscriptionLabels : "");
}
std::string privileges(int server_major) {
  return util::replace_all(
      std::string(kPrivileges), "$PUBLIC",
      server_major >= 15 ? "" : " || array[makeaclitem(0, n.nspowner, 'CREATE', false)]");
}
std::string default_privileges() { return std::string(kDefaultPrivileges); }
std::string dependencies() { return std::string(kDependencies); }
std::string owned_addresses(int /*server_major*/) { return std::string(kOwnedAddresses); }
std::string extension_members() { return std::string(kMembers); }

}  // namespace schema::sql
