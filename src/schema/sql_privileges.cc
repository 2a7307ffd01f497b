// Default privileges; and privileges that differ from those that initdb or an extension gave. As
// for pg_dump, information_schema does not count: nothing says what initdb gave there.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

std::string items(std::string_view acl) {
  return cat("array(select i.item::pg_catalog.text from pg_catalog.unnest(", acl,
             ") as i(item) order by i.item::pg_catalog.text collate \"C\")");
}

struct Catalogue {
  std::string_view name, acl, owner, type, space, where;
};

// Objects of users in their own schemas have their privileges as a fact.
constexpr Catalogue kCatalogues[] = {
    {"pg_class", "relacl", "relowner", "case when o.relkind = 'S' then 's' else 'r' end::\"char\"",
     "o.relnamespace", "o.relkind in ('r', 'v', 'm', 'S', 'f', 'p')"},
    {"pg_proc", "proacl", "proowner", "'f'", "o.pronamespace", "true"},
    {"pg_type", "typacl", "typowner", "'T'", "o.typnamespace", "true"},
    {"pg_namespace", "nspacl", "nspowner", "'n'", "o.oid",
     "o.nspname !~ '^pg_t' and o.nspname <> 'public'"},
    {"pg_language", "lanacl", "lanowner", "'l'", "0", "true"},
    {"pg_foreign_data_wrapper", "fdwacl", "fdwowner", "'F'", "0", "true"},
    {"pg_foreign_server", "srvacl", "srvowner", "'S'", "0", "true"},
};

std::string branch(const Catalogue& of) {
  const std::string class_oid = cat("'pg_catalog.", of.name, "'::pg_catalog.regclass");
  return cat(
      "\n    select ", class_oid, "::pg_catalog.oid as classid, o.oid, 0 as sub, ",
      items(cat("o.", of.acl)), " as now, ",
      items(cat("coalesce(p.initprivs, pg_catalog.acldefault(", of.type, ", o.", of.owner, "))")),
      R"sql( as before
      from pg_catalog.)sql",
      of.name, R"sql( o
      left join pg_catalog.pg_init_privs p on p.classoid = )sql",
      class_oid, R"sql( and p.objoid = o.oid and p.objsubid = 0
     where o.)sql",
      of.acl, " is not null and ", of.where,
      " and not exists (select from pg_catalog.pg_namespace x where x.oid = ", of.space,
      " and x.nspname = 'information_schema')", R"sql(
       and (o.oid < 16384 or exists (select from pg_catalog.pg_depend d
              where d.classid = )sql",
      class_oid, " and d.objid = o.oid and d.deptype = 'e'))");
}

constexpr std::string_view kColumns = R"sql(
    union all
    select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, a.attrelid, a.attnum, $NOW, $BEFORE
      from pg_catalog.pg_attribute a
      left join pg_catalog.pg_init_privs p on p.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and p.objoid = a.attrelid and p.objsubid = a.attnum
     where a.attacl is not null and not a.attisdropped
       and (a.attrelid < 16384 or exists (select from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = a.attrelid and d.deptype = 'e')))sql";

}  // namespace

std::string privileges(const Server&) {
  std::string addresses;
  for (const Catalogue& of : kCatalogues) {
    addresses += cat(addresses.empty() ? "" : "\n    union all", branch(of));
  }
  std::string columns(kColumns);
  columns = util::replace_all(std::move(columns), "$NOW", items("a.attacl"));
  columns = util::replace_all(std::move(columns), "$BEFORE", items("p.initprivs"));
  return cat(R"sql(
  select 'privileges' as kind, x.oid, x.sub, i.schema, i.name, i.type || ' ' || i.identity as identity, '' as of, null as of_oid,
         x.classid as class_oid, i.type as "object type", i.identity as "object", x.before as "before[]", x.now as "acl[]"
    from ()sql",
             addresses, columns, R"sql() x
    cross join lateral pg_catalog.pg_identify_object(x.classid, x.oid, x.sub) i
   where x.now <> x.before and i.identity is not null)sql");
}

// Without a schema they replace the server's defaults, in a schema they add to them.
std::string default_privileges(const Server&) {
  return cat(R"sql(
  select 'default privileges' as kind, d.oid, 0 as sub, n.nspname as schema, o.what as name,
         'of ' || pg_catalog.quote_ident()sql",
             role("d.defaclrole"),
             R"sql() || coalesce(' in schema ' || pg_catalog.quote_ident(n.nspname), '')
           || ' on ' || o.what as identity, '' as of, null as of_oid,
         )sql",
             role("d.defaclrole"), R"sql( as "role", n.nspname as "schema", o.what as "objects",
         )sql",
             items("d.defaclacl"), R"sql( as "acl[]",
         case when n.oid is null then )sql",
             items("pg_catalog.acldefault(case d.defaclobjtype when 'S' then 's' else "
                   "d.defaclobjtype end, d.defaclrole)"),
             R"sql( else '{}' end as "before[]"
    from pg_catalog.pg_default_acl d
    left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace
    cross join lateral (select case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions'
      when 'T' then 'types' when 'n' then 'schemas' when 'L' then 'large objects' else d.defaclobjtype::pg_catalog.text end) as o(what))sql");
}

}  // namespace schema::sql
