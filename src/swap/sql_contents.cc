#include "swap/sql_contents.h"

#include "pg/rows.h"
#include "util/text.h"

namespace swap::sql {
namespace {

// Objects below this OID were made by initdb. `public` is one of them, unless it was made again.
constexpr std::string_view kObjects = R"sql(
  with me as (select r.rolsuper as super, r.oid from pg_catalog.pg_roles r where r.rolname = current_user),
  relations as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as class, 'class' as kind, c.oid, c.relowner as owner
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and c.relpersistence <> 't'
       and n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'),
  owned as (
    select * from relations
    union all select 'pg_catalog.pg_proc'::pg_catalog.regclass, 'proc', oid, proowner from pg_catalog.pg_proc
    union all
    select 'pg_catalog.pg_type'::pg_catalog.regclass, 'type', t.oid, t.typowner from pg_catalog.pg_type t
     where (t.typtype <> 'c' or exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
       and not exists (select from pg_catalog.pg_namespace n where n.oid = t.typnamespace and n.nspname like 'pg\_t%temp\_%')
    union all select 'pg_catalog.pg_operator'::pg_catalog.regclass, 'operator', oid, oprowner from pg_catalog.pg_operator
    union all select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, 'opfamily', oid, opfowner from pg_catalog.pg_opfamily
    union all select 'pg_catalog.pg_opclass'::pg_catalog.regclass, 'opclass', oid, opcowner from pg_catalog.pg_opclass
    union all select 'pg_catalog.pg_collation'::pg_catalog.regclass, 'collation', oid, collowner from pg_catalog.pg_collation
    union all select 'pg_catalog.pg_conversion'::pg_catalog.regclass, 'conversion', oid, conowner from pg_catalog.pg_conversion
    union all select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, 'ts_config', oid, cfgowner from pg_catalog.pg_ts_config
    union all select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, 'ts_dict', oid, dictowner from pg_catalog.pg_ts_dict
    union all select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, 'statistic_ext', oid, stxowner from pg_catalog.pg_statistic_ext
    union all select 'pg_catalog.pg_language'::pg_catalog.regclass, 'language', oid, lanowner from pg_catalog.pg_language
    union all select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, 'foreign_data_wrapper', oid, fdwowner from pg_catalog.pg_foreign_data_wrapper
    union all select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, 'foreign_server', oid, srvowner from pg_catalog.pg_foreign_server
    union all
    select 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, 'user_mapping', m.umid, s.srvowner
      from pg_catalog.pg_user_mappings m join pg_catalog.pg_foreign_server s on s.oid = m.srvid
    union all select 'pg_catalog.pg_publication'::pg_catalog.regclass, 'publication', oid, pubowner from pg_catalog.pg_publication
    union all select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, 'event_trigger', oid, evtowner from pg_catalog.pg_event_trigger
    union all select 'pg_catalog.pg_extension'::pg_catalog.regclass, 'extension', oid, extowner from pg_catalog.pg_extension
    union all
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass, 'namespace', oid, nspowner from pg_catalog.pg_namespace
     where nspname not like 'pg\_%'
    union all
    select 'pg_catalog.pg_cast'::pg_catalog.regclass, 'cast', c.oid,
           case when c.castsource >= 16384 then s.typowner else t.typowner end
      from pg_catalog.pg_cast c
      join pg_catalog.pg_type s on s.oid = c.castsource join pg_catalog.pg_type t on t.oid = c.casttarget
    union all
    select 'pg_catalog.pg_transform'::pg_catalog.regclass, 'transform', f.oid, t.typowner
      from pg_catalog.pg_transform f join pg_catalog.pg_type t on t.oid = f.trftype
    union all
    select 'pg_catalog.pg_default_acl'::pg_catalog.regclass, 'default_acl', oid, defaclrole from pg_catalog.pg_default_acl
     where not pg_catalog.pg_has_role(defaclrole, 'USAGE')
    union all select 'pg_catalog.pg_am'::pg_catalog.regclass, 'am', oid, null from pg_catalog.pg_am
    union all select 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, 'ts_parser', oid, null from pg_catalog.pg_ts_parser
    union all select 'pg_catalog.pg_ts_template'::pg_catalog.regclass, 'ts_template', oid, null from pg_catalog.pg_ts_template),
  whole as (
    select o.* from owned o
     where (o.oid >= 16384
            or o.kind = 'namespace' and exists (select from pg_catalog.pg_namespace n where n.oid = o.oid and n.nspname = 'public'))
       and not exists (
             select from pg_catalog.pg_depend d
              where d.classid = o.class and d.objid = o.oid and d.objsubid = 0
                and (d.deptype in ('e', 'i')
                     or d.deptype = 'a' and o.kind = 'class' and d.refobjsubid > 0
                        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                        and exists (select from pg_catalog.pg_class c where c.oid = o.oid and c.relkind = 'S'))))
  select w.class, w.oid, w.kind, i.type,
         case w.kind
           when 'extension' then (select e.extname::pg_catalog.text from pg_catalog.pg_extension e where e.oid = w.oid)
           when 'namespace' then (select n.nspname::pg_catalog.text from pg_catalog.pg_namespace n where n.oid = w.oid)
           else coalesce(i.name, i.identity) end,
         i.identity,
         coalesce(pg_catalog.pg_get_userbyid(w.owner)::pg_catalog.text, ''),
         case when w.owner is null then me.super else pg_catalog.pg_has_role(w.owner, 'USAGE') end,
         case w.kind
           when 'extension' then me.super or exists (
             select from pg_catalog.pg_extension e
               join pg_catalog.pg_available_extension_versions v on v.name = e.extname and v.version = e.extversion
              where e.oid = w.oid and (not v.superuser or v.trusted))
           when 'publication' then me.super or exists (
             select from pg_catalog.pg_publication p where p.oid = w.oid and not p.puballtables)
           when 'event_trigger' then me.super
           when 'foreign_data_wrapper' then me.super
           else true end,
         case w.kind when 'proc' then 'ROUTINE' when 'statistic_ext' then 'STATISTICS' else pg_catalog.upper(i.type) end,
         case w.kind
           when 'user_mapping' then (
             select pg_catalog.format('FOR %s SERVER %I',
                                      case when m.umuser = 0 then 'PUBLIC' else pg_catalog.quote_ident(m.usename) end, m.srvname)
               from pg_catalog.pg_user_mappings m where m.umid = w.oid)
           when 'transform' then (
             select pg_catalog.format('FOR %s LANGUAGE %I', pg_catalog.format_type(f.trftype, null), l.lanname)
               from pg_catalog.pg_transform f join pg_catalog.pg_language l on l.oid = f.trflang where f.oid = w.oid)
           else i.identity end
    from whole w cross join me cross join lateral pg_catalog.pg_identify_object(w.class, w.oid, 0) i
   order by w.class, w.oid)sql";

// What initdb made depends on nothing that can go, and needs no order.
constexpr std::string_view kLinks = R"sql(
  select classid, objid, refclassid, refobjid, deptype::pg_catalog.text
    from pg_catalog.pg_depend
   where objid <> 0 and (refobjid >= 16384 or refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass)
     and (classid, objid) <> (refclassid, refobjid))sql";

constexpr std::string_view kCounts = R"sql(
  select (select pg_catalog.count(*) from pg_catalog.pg_class where oid >= 16384),
         (select pg_catalog.count(*) from pg_catalog.pg_largeobject_metadata))sql";

constexpr std::string_view kLargeObjectsOfOthers = R"sql(
  select pg_catalog.format('large object %s belongs to %I, whose rights this role has not', m.oid,
                           pg_catalog.pg_get_userbyid(m.lomowner))
    from pg_catalog.pg_largeobject_metadata m
   where not pg_catalog.pg_has_role(m.lomowner, 'USAGE') order by m.oid)sql";

constexpr std::string_view kHiddenMappings = R"sql(
  select pg_catalog.format('the user mapping of %I for server %I: its options cannot be read by this role', m.usename, m.srvname)
    from pg_catalog.pg_user_mappings m
   where m.umuser <> 0 and m.usename <> current_user and m.umoptions is null
     and not (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)
   order by 1)sql";

constexpr std::string_view kExtensionRelations = R"sql(
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text
    from pg_catalog.pg_depend d
    join pg_catalog.pg_class c on c.oid = d.objid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype = 'e'
     and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
     and d.refobjid = any ($1::pg_catalog.oid[])
   order by 1, 2)sql";

// A row that says the same as the default, or nothing for a schema, is removed by the server.
constexpr std::string_view kDefaultPrivilegeResets = R"sql(
  with rows as (
    select d.defaclrole, d.defaclnamespace, d.defaclobjtype, d.defaclacl,
           pg_catalog.format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_catalog.pg_get_userbyid(d.defaclrole))
           || case when n.nspname is null then '' else pg_catalog.format(' IN SCHEMA %I', n.nspname) end as head,
           case d.defaclobjtype when 'r' then 'TABLES' when 'S' then 'SEQUENCES' when 'f' then 'FUNCTIONS'
                                when 'T' then 'TYPES' when 'n' then 'SCHEMAS' when 'L' then 'LARGE OBJECTS' end as what,
           pg_catalog.acldefault(case d.defaclobjtype when 'S' then 's' else d.defaclobjtype end, d.defaclrole) as usual
      from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
     where pg_catalog.pg_has_role(d.defaclrole, 'USAGE'))
  select statement from (
    select distinct 1 as position, rows.defaclrole,
           pg_catalog.format('%s REVOKE ALL ON %s FROM %s', head, what,
             case when a.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end) as statement
      from rows cross join lateral pg_catalog.aclexplode(rows.defaclacl) a
    union all
    select distinct 2, rows.defaclrole,
           pg_catalog.format('%s GRANT %s ON %s TO %s', head, a.privilege_type, what,
             case when a.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end)
      from rows cross join lateral pg_catalog.aclexplode(rows.usual) a where rows.defaclnamespace = 0) all_of_them
   order by position, defaclrole, statement)sql";

// As initdb or CREATE SCHEMA leaves it. The server does not change what it remembers of initdb with
// the owner: what that granted to the owner of then, which is its only grantor, is the owner's.
constexpr std::string_view kSchemaResets = R"sql(
  with schemas as (
    select n.oid, n.nspname, n.nspowner, n.nspacl,
           coalesce((select p.initprivs from pg_catalog.pg_init_privs p
                      where p.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and p.objoid = n.oid
                        and p.objsubid = 0 and p.privtype = 'i'),
                    pg_catalog.acldefault('n', n.nspowner)) as usual
      from pg_catalog.pg_namespace n where n.oid = any ($1::pg_catalog.oid[]))
  select statement from (
    select distinct 1 as position, s.oid,
           pg_catalog.format('REVOKE ALL ON SCHEMA %I FROM %s CASCADE', s.nspname,
             case when a.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end) as statement
      from schemas s cross join lateral pg_catalog.aclexplode(s.nspacl) a
    union all
    select distinct 2, s.oid,
           pg_catalog.format('GRANT %s ON SCHEMA %I TO %s', a.privilege_type, s.nspname,
             case a.grantee when 0 then 'PUBLIC'
               else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(
                      case a.grantee when a.grantor then s.nspowner else a.grantee end)) end)
      from schemas s cross join lateral pg_catalog.aclexplode(s.usual) a where s.nspacl is not null
    union all
    select 3, s.oid, pg_catalog.format('COMMENT ON SCHEMA %I IS %s', s.nspname,
             case s.nspname when 'public' then '''standard public schema''' else 'NULL' end)
      from schemas s
     where pg_catalog.obj_description(s.oid, 'pg_namespace') is distinct from
           case s.nspname when 'public' then 'standard public schema' end) all_of_them
   order by position, oid, statement)sql";

constexpr std::string_view kUnlink =
    "select pg_catalog.count(pg_catalog.lo_unlink(m.oid)) from pg_catalog.pg_largeobject_metadata "
    "m";

constexpr std::string_view kLockSlots = R"sql(
  select pg_catalog.current_setting('max_locks_per_transaction')::pg_catalog.int8
         * (pg_catalog.current_setting('max_connections')::pg_catalog.int8
            + pg_catalog.current_setting('max_prepared_transactions')::pg_catalog.int8))sql";

std::uint32_t oid(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

std::string array_of(const std::vector<std::uint32_t>& oids) {
  std::vector<std::string> texts;
  for (const std::uint32_t one : oids) texts.push_back(util::cat(one));
  return util::cat("{", util::join(texts, ","), "}");
}

}  // namespace

std::vector<ObjectRow> objects(pg::Connection& connection) {
  const pg::Result rows = connection.query(kObjects);
  std::vector<ObjectRow> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({.class_oid = oid(rows, row, 0),
                   .oid = oid(rows, row, 1),
                   .kind = rows.str(row, 2),
                   .type = rows.str(row, 3),
                   .name = rows.str(row, 4),
                   .identity = rows.str(row, 5),
                   .owner = rows.str(row, 6),
                   .ours = rows.boolean(row, 7),
                   .makes = rows.boolean(row, 8),
                   .keyword = rows.str(row, 9),
                   .target = rows.str(row, 10)});
  }
  return out;
}

std::vector<Link> links(pg::Connection& connection) {
  const pg::Result rows = connection.query(kLinks);
  std::vector<Link> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({.class_oid = oid(rows, row, 0),
                   .oid = oid(rows, row, 1),
                   .on_class = oid(rows, row, 2),
                   .on = oid(rows, row, 3),
                   .type = rows.str(row, 4).front()});
  }
  return out;
}

Counts counts(pg::Connection& connection) {
  const pg::Result row = connection.query(kCounts);
  return {.relations = row.u64(0, 0), .large_objects = row.u64(0, 1)};
}

std::vector<std::string> large_objects_of_others(pg::Connection& connection) {
  return pg::first_column(connection.query(kLargeObjectsOfOthers));
}

std::vector<std::string> hidden_mappings(pg::Connection& connection) {
  return pg::first_column(connection.query(kHiddenMappings));
}

std::vector<std::pair<std::string, std::string>> extension_relations(
    pg::Connection& connection, const std::vector<std::uint32_t>& extensions) {
  const pg::Result rows = connection.query(kExtensionRelations, {array_of(extensions)});
  std::vector<std::pair<std::string, std::string>> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.emplace_back(rows.str(row, 0), rows.str(row, 1));
  return out;
}

std::vector<std::string> default_privilege_resets(pg::Connection& connection) {
  return pg::first_column(connection.query(kDefaultPrivilegeResets));
}

std::vector<std::string> schema_resets(pg::Connection& connection,
                                       const std::vector<std::uint32_t>& schemas) {
  return pg::first_column(connection.query(kSchemaResets, {array_of(schemas)}));
}

void unlink_large_objects(pg::Connection& connection) { connection.query(kUnlink); }

std::uint64_t lock_slots(pg::Connection& connection) {
  return connection.query(kLockSlots).u64(0, 0);
}

}  // namespace swap::sql
