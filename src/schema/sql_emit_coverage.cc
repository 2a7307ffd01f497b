// What the coverage of the emission asks for.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

// One SELECT for each catalogue. Of the shared ones only the subscriptions belong to a database.
// That of user mappings may not be open to everybody: then its view has been asked already.
constexpr std::string_view kCatalogs = R"sql(
select format('select %s::oid, c.oid from pg_catalog.%I c where c.oid >= 16384', c.oid, c.relname)
         || case when c.relname = 'pg_subscription' then ' and c.subdbid = (select oid from pg_catalog.pg_database where datname = current_database())' else '' end
  from pg_catalog.pg_class c
 where c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r' and c.oid < 16384
   and (not c.relisshared or c.relname = 'pg_subscription')
   and case when exists (select from pg_catalog.pg_attribute a where a.attrelid = c.oid and a.attname = 'oid' and a.attnum > 0)
            then has_column_privilege(c.oid, 'oid', 'select') else false end
 order by c.relname)sql";

// $ADDRESSES: catalogue and OID of each.
constexpr std::string_view kNotOnList = R"sql(
select coalesce(i.type || ' ' || i.identity, format('row %s of %s, which refers to nothing that is there', a.objid, a.classid::oid::regclass))
  from (values $ADDRESSES) a(classid, objid)
  cross join lateral pg_catalog.pg_identify_object(a.classid::oid, a.objid::oid, 0) i
 where coalesce(i.identity, '') !~ '(^|[ (])"?pg_(toast_)?temp(_[0-9]+)?"?([. )]|$)'
   and a.classid::oid not in ('pg_catalog.pg_default_acl'::regclass, 'pg_catalog.pg_largeobject_metadata'::regclass)
   and not (a.classid::oid = 'pg_catalog.pg_class'::regclass and exists (select from pg_catalog.pg_index x where x.indexrelid = a.objid::oid and not (x.indisvalid and x.indisready)))
   and not (a.classid::oid = 'pg_catalog.pg_operator'::regclass and exists (select from pg_catalog.pg_operator o where o.oid = a.objid::oid and o.oprcode = 0))
   and not (a.classid::oid = 'pg_catalog.pg_collation'::regclass and coalesce(i.schema, '') = 'pg_catalog')
   and not (coalesce(i.schema, '') = 'pg_toast' and i.type in ('toast table', 'type'))
 order by 1)sql";

// ALTER … DEPENDS ON EXTENSION.
constexpr std::string_view kTies = R"sql(
select d.classid, d.objid, quote_ident(e.extname),
       case when c.relkind in ('i', 'I') then format('INDEX %I.%I', cn.nspname, c.relname)
            when t.oid is not null then format('TRIGGER %I ON %I.%I', t.tgname, tn.nspname, tc.relname) end
  from pg_catalog.pg_depend d join pg_catalog.pg_extension e on e.oid = d.refobjid
  left join pg_catalog.pg_class c on d.classid = 'pg_catalog.pg_class'::regclass and c.oid = d.objid
  left join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  left join pg_catalog.pg_trigger t on d.classid = 'pg_catalog.pg_trigger'::regclass and t.oid = d.objid
  left join pg_catalog.pg_class tc on tc.oid = t.tgrelid
  left join pg_catalog.pg_namespace tn on tn.oid = tc.relnamespace
 where d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'x'
 order by 3)sql";

constexpr std::string_view kRowOf = R"sql(
select format('select from pg_catalog.%I where oid = $1::oid', c.relname)
  from pg_catalog.pg_class c
 where c.oid = $CATALOGUE and c.relnamespace = 'pg_catalog'::regnamespace and c.relkind = 'r')sql";

constexpr std::string_view kNameOf =
    "select type || ' ' || identity from pg_catalog.pg_identify_object($1::oid, $2::oid, 0)";

// Whether the connection strings of subscriptions may be read, and whether there are any.
constexpr std::string_view kSubscriptionsReadable = R"sql(
select has_column_privilege('pg_catalog.pg_subscription', 'subconninfo', 'select'),
       (select min(s.subname::text) from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = current_database()))sql";

}  // namespace

std::string catalogs_with_oids() { return std::string(kCatalogs); }
std::string not_on_list(std::string_view addresses) {
  return util::replace_all(std::string(kNotOnList), "$ADDRESSES", addresses);
}
std::string row_of(std::uint32_t catalogue) {
  return util::replace_all(std::string(kRowOf), "$CATALOGUE", std::to_string(catalogue));
}
std::string_view name_of() { return kNameOf; }
std::string extension_ties() { return std::string(kTies); }
std::string subscriptions_readable() { return std::string(kSubscriptionsReadable); }

}  // namespace schema::sql
