// What belongs to the database itself. Its name is no fact: a copy has another one.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string database(const Server& server) {
  const std::string_view locale = server.major >= 17   ? "d.datlocale"
                                  : server.major >= 15 ? "d.daticulocale"
                                                       : "null";
  return cat(R"sql(
  select 'database' as kind, d.oid, 0 as sub, null as schema, d.datname as name, '' as identity, '' as of, null as of_oid,
         )sql",
             role("d.datdba"), R"sql( as "owner",
         pg_catalog.pg_encoding_to_char(d.encoding) as "encoding",
         )sql",
             server.major >= 15 ? "case d.datlocprovider when 'c' then 'libc' when 'i' then 'icu' "
                                  "when 'b' then 'builtin' end"
                                : "'libc'",
             R"sql( as "locale provider",
         d.datcollate as "collate", d.datctype as "character type", )sql",
             locale, R"sql( as "locale",
         )sql",
             server.major >= 16 ? "d.daticurules" : "null", R"sql( as "rules",
         (select t.spcname from pg_catalog.pg_tablespace t where t.oid = d.dattablespace) as "tablespace",
         case when d.datconnlimit >= 0 then d.datconnlimit end as "connection limit",
         case when d.datistemplate then 'yes' end as "template",
         (select pg_catalog.array_agg(x.setting order by x.setting collate "C") from (
            select coalesce(pg_catalog.quote_ident(r.rolname) || ': ', '') || c.item
              from pg_catalog.pg_db_role_setting s
              left join pg_catalog.pg_roles r on r.oid = s.setrole
              cross join lateral pg_catalog.unnest(s.setconfig) as c(item)
             where s.setdatabase = d.oid and (s.setrole = 0 or r.oid is not null)) x(setting)) as "settings[]",
         )sql",
             acl("d", "d.datacl", "d.datdba"), R"sql( as "acl[]",
         pg_catalog.shobj_description(d.oid, 'pg_database') as "comment"
    from pg_catalog.pg_database d where d.datname = pg_catalog.current_database())sql");
}

}  // namespace schema::sql
