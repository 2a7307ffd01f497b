// Foreign-data wrappers, servers, user mappings. Options of a mapping hold passwords: only their
// names are stored. Options have no order: pg_dump writes them by name.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string foreign_data_wrappers(const Server&) {
  return cat(R"sql(
  select 'foreign-data wrapper' as kind, w.oid, 0 as sub, null as schema, w.fdwname as name,
         pg_catalog.quote_ident(w.fdwname) as identity, '' as of, null as of_oid,
         )sql",
             role("w.fdwowner"), R"sql( as "owner",
         )sql",
             function_name("w.fdwhandler"), R"sql( as "handler",
         )sql",
             function_name("w.fdwvalidator"), R"sql( as "validator", )sql", sorted("w.fdwoptions"),
             R"sql( as "options[]",
         )sql",
             acl("F", "w.fdwacl", "w.fdwowner"), R"sql( as "acl[]"
    from pg_catalog.pg_foreign_data_wrapper w)sql");
}

std::string foreign_servers(const Server&) {
  return cat(R"sql(
  select 'foreign server' as kind, s.oid, 0 as sub, null as schema, s.srvname as name,
         pg_catalog.quote_ident(s.srvname) as identity, '' as of, null as of_oid,
         )sql",
             role("s.srvowner"), R"sql( as "owner",
         (select pg_catalog.quote_ident(w.fdwname) from pg_catalog.pg_foreign_data_wrapper w where w.oid = s.srvfdw) as "wrapper",
         s.srvtype as "type", s.srvversion as "version", )sql",
             sorted("s.srvoptions"), R"sql( as "options[]",
         )sql",
             acl("S", "s.srvacl", "s.srvowner"), R"sql( as "acl[]"
    from pg_catalog.pg_foreign_server s)sql");
}

// An ordinary role sees no options of the mappings of others.
std::string user_mappings(const Server&) {
  return cat(R"sql(
  select 'user mapping' as kind, m.umid as oid, 0 as sub, null as schema, coalesce(m.usename, 'public') as name,
         case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(m.usename) end || ' on '
           || pg_catalog.quote_ident(m.srvname) as identity, '' as of, null as of_oid,
         pg_catalog.quote_ident(m.srvname) as "server",
         case when m.umuser = 0 then 'public' else pg_catalog.quote_ident(m.usename) end as "user",
         case when m.umoptions is not null then array(
           select o.option_name from pg_catalog.pg_options_to_table(m.umoptions) o order by o.option_name collate "C")
           end as "option names[]",
         )sql",
             sorted("m.umoptions"), R"sql( as "options!"
    from pg_catalog.pg_user_mappings m)sql");
}

}  // namespace schema::sql
