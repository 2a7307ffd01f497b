// The statements that list what a database holds, by stable identity.
//
// One branch per catalogue gives the addresses (class, object, type override); pg_identify_object
// names them. What initdb makes has an OID below 16384; `public` and extensions are asked for by
// name, because a database may have dropped and made them again, and its copy got them from
// template0.
#include <algorithm>

#include "schema/objects.h"
#include "util/error.h"
#include "util/text.h"

namespace schema {
namespace {

// Objects that live in a schema of the user's own.
constexpr std::string_view kUserSchemas = R"sql(
  with user_schema as (
    select n.oid from pg_catalog.pg_namespace n
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'),
  member as (
    select d.classid, d.objid from pg_catalog.pg_depend d
     where d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e'),
  address(classid, objid, kind) as (
)sql";

// $MEMBER is left out at the end for all of them at once. Comment and security label are no
// objects.
constexpr std::string_view kAddresses = R"sql(
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass::pg_catalog.oid, n.oid, null::pg_catalog.text
      from pg_catalog.pg_namespace n join user_schema u on u.oid = n.oid
  union all
    select 'pg_catalog.pg_extension'::pg_catalog.regclass, e.oid, null from pg_catalog.pg_extension e
  union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid,
           case when c.relkind = 'i' and not i.indisvalid then 'index (invalid)' end
      from pg_catalog.pg_class c join user_schema u on u.oid = c.relnamespace
      left join pg_catalog.pg_index i on i.indexrelid = c.oid
     where c.relkind in ('r', 'p', 'v', 'm', 'S', 'f', 'i', 'I') and c.relpersistence <> 't'
  union all
    select 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid, null
      from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid
      join user_schema u on u.oid = c.relnamespace
     where c.relpersistence <> 't' and not exists (select from member m
                where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.objid = c.oid)
  union all
    -- Foreign keys that partitions inherit get names of the server's choice in a copy.
    select 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid, null
      from pg_catalog.pg_constraint k join user_schema u on u.oid = k.connamespace
      left join pg_catalog.pg_class c on c.oid = k.conrelid
     where (k.contype <> 'f' or k.conparentid = 0) and coalesce(c.relpersistence, 'p') <> 't'
       and k.contype <> 't' and not exists (select from member m
                where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.objid = k.conrelid)
  union all
    select 'pg_catalog.pg_trigger'::pg_catalog.regclass, t.oid, null
      from pg_catalog.pg_trigger t join pg_catalog.pg_class c on c.oid = t.tgrelid
      join user_schema u on u.oid = c.relnamespace
     where not t.tgisinternal and t.tgparentid = 0 and c.relpersistence <> 't'
  union all
    select 'pg_catalog.pg_rewrite'::pg_catalog.regclass, r.oid, null
      from pg_catalog.pg_rewrite r join pg_catalog.pg_class c on c.oid = r.ev_class
      join user_schema u on u.oid = c.relnamespace
     where r.rulename <> '_RETURN' and c.relpersistence <> 't'
  union all
    select 'pg_catalog.pg_policy'::pg_catalog.regclass, p.oid, null
      from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
      join user_schema u on u.oid = c.relnamespace
     where c.relpersistence <> 't'
  union all
    -- Row types come with their relation, array types with their element.
    select 'pg_catalog.pg_type'::pg_catalog.regclass, t.oid, null
      from pg_catalog.pg_type t join user_schema u on u.oid = t.typnamespace
      left join pg_catalog.pg_class c on c.oid = t.typrelid
     where (t.typrelid = 0 or c.relkind = 'c')
       and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
  union all
    select 'pg_catalog.pg_proc'::pg_catalog.regclass, p.oid, null
      from pg_catalog.pg_proc p join user_schema u on u.oid = p.pronamespace
  union all
    select 'pg_catalog.pg_operator'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_operator o join user_schema u on u.oid = o.oprnamespace where o.oprcode <> 0
  union all
    select 'pg_catalog.pg_opclass'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_opclass o join user_schema u on u.oid = o.opcnamespace
  union all
    select 'pg_catalog.pg_opfamily'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_opfamily o join user_schema u on u.oid = o.opfnamespace
  union all
    select 'pg_catalog.pg_collation'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_collation o join user_schema u on u.oid = o.collnamespace
  union all
    select 'pg_catalog.pg_conversion'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_conversion o join user_schema u on u.oid = o.connamespace
  union all
    select 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_statistic_ext o join user_schema u on u.oid = o.stxnamespace
  union all
    select 'pg_catalog.pg_ts_parser'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_ts_parser o join user_schema u on u.oid = o.prsnamespace
  union all
    select 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_ts_dict o join user_schema u on u.oid = o.dictnamespace
  union all
    select 'pg_catalog.pg_ts_template'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_ts_template o join user_schema u on u.oid = o.tmplnamespace
  union all
    select 'pg_catalog.pg_ts_config'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_ts_config o join user_schema u on u.oid = o.cfgnamespace
  union all
    select 'pg_catalog.pg_cast'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_cast o where o.oid >= 16384
  union all
    select 'pg_catalog.pg_transform'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_transform o where o.oid >= 16384
  union all
    select 'pg_catalog.pg_language'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_language o where o.oid >= 16384
  union all
    select 'pg_catalog.pg_am'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_am o where o.oid >= 16384
  union all
    select 'pg_catalog.pg_foreign_data_wrapper'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_foreign_data_wrapper o
  union all
    select 'pg_catalog.pg_foreign_server'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_foreign_server o
  union all
    select 'pg_catalog.pg_user_mapping'::pg_catalog.regclass, o.umid, null from pg_catalog.pg_user_mappings o
  union all
    select 'pg_catalog.pg_event_trigger'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_event_trigger o
  union all
    select 'pg_catalog.pg_publication'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_publication o
  union all
    select 'pg_catalog.pg_publication_rel'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_publication_rel o
  union all
    select 'pg_catalog.pg_default_acl'::pg_catalog.regclass, o.oid, null from pg_catalog.pg_default_acl o
)sql";

constexpr std::string_view kPublishedSchemas = R"sql(
  union all
    select 'pg_catalog.pg_publication_namespace'::pg_catalog.regclass, o.oid, null
      from pg_catalog.pg_publication_namespace o
)sql";

// Columns are named by hand: pg_identify_object does not tell type and NOT NULL. Subscriptions by
// their name: their other columns are not for everybody.
constexpr std::string_view kIdentities = R"sql(
  )
  select coalesce(a.kind, i.type) as type, i.identity
    from address a
    cross join lateral pg_catalog.pg_identify_object(a.classid, a.objid, 0) i
   where not exists (select from member m where m.classid = a.classid and m.objid = a.objid)
  union all
  select case when c.relkind = 'c' then 'type attribute' else 'column' end,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname) || '.'
           || pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod)
           || case when a.attnotnull then ' not null' else '' end
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join user_schema u on u.oid = c.relnamespace
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c') and c.relpersistence <> 't'
     and a.attnum > 0 and not a.attisdropped
     and not exists (select from member m
           where m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.objid = c.oid)
     and not exists (select from member m
           where m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and m.objid = c.reltype)
  union all
  select 'subscription', pg_catalog.quote_ident(s.subname)
    from pg_catalog.pg_subscription s
    join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = pg_catalog.current_database()
)sql";

std::string objects_statement(int server_major) {
  return util::cat(kUserSchemas, kAddresses, server_major >= 15 ? kPublishedSchemas : "",
                   kIdentities);
}

}  // namespace

std::vector<Object> list_objects(pg::Connection& connection) {
  const pg::Result rows = connection.query(objects_statement(connection.server_major()));
  std::vector<Object> objects;
  objects.reserve(static_cast<std::size_t>(rows.row_count()));
  for (int row = 0; row < rows.row_count(); ++row) {
    // The list is of the snapshot, the names are of now: they differ while somebody drops objects.
    if (!rows.text(row, 0) || !rows.text(row, 1)) {
      throw util::Error(util::Kind::Query,
                        "an object was dropped by somebody else while the objects were listed",
                        {.hint = "Start again when nobody changes the schema.", .sqlstate = {}});
    }
    objects.push_back({rows.str(row, 0), rows.str(row, 1)});
  }
  std::sort(objects.begin(), objects.end());
  objects.erase(std::unique(objects.begin(), objects.end()), objects.end());
  return objects;
}

std::vector<Extension> list_extensions(pg::Connection& connection) {
  const pg::Result rows = connection.query(R"sql(
      select e.extname::pg_catalog.text, e.extversion, n.nspname::pg_catalog.text
        from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
       order by e.extname collate "C")sql");
  std::vector<Extension> extensions;
  for (int row = 0; row < rows.row_count(); ++row) {
    extensions.push_back({rows.str(row, 0), rows.str(row, 1), rows.str(row, 2)});
  }
  return extensions;
}

TemplateObjects template_objects(pg::Connection& connection) {
  const pg::Result rows = connection.query(R"sql(
      select exists (select from pg_catalog.pg_namespace where nspname = 'public'),
             exists (select from pg_catalog.pg_extension where extname = 'plpgsql'))sql");
  return {.public_schema = rows.boolean(0, 0), .plpgsql = rows.boolean(0, 1)};
}

}  // namespace schema
