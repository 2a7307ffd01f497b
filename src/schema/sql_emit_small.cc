// Schemas, extensions, text search, foreign data.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

// `public` is in every new database: an entry for it is needed only for its owner, which is not
// that of template0 ($OWNER).
constexpr std::string_view kSchemas = R"sql(
select 'pg_catalog.pg_namespace'::regclass::oid, n.oid, 'SCHEMA', n.nspname, null,
       case when n.nspname = 'public' and $OWNER then '' else (select rolname from pg_catalog.pg_roles where oid = n.nspowner) end, false,
       format('SCHEMA %I', n.nspname),
       case when n.nspname = 'public' then E'-- *not* creating schema, since initdb creates it\n' else format(E'CREATE SCHEMA %I;\n', n.nspname) end,
       case when n.nspname = 'public' then E'-- *not* dropping schema, since initdb creates it\n' end
  from pg_catalog.pg_namespace n
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema')sql";

constexpr std::string_view kExtensions = R"sql(
select 'pg_catalog.pg_extension'::regclass::oid, e.oid, 'EXTENSION', e.extname, null, '', false, format('EXTENSION %I', e.extname),
       format(E'CREATE EXTENSION IF NOT EXISTS %I WITH SCHEMA %I;\n', e.extname, n.nspname), null
  from pg_catalog.pg_extension e join pg_catalog.pg_namespace n on n.oid = e.extnamespace
 where e.oid >= 16384)sql";

constexpr std::string_view kParsers = R"sql(
select 'pg_catalog.pg_ts_parser'::regclass::oid, p.oid, 'TEXT SEARCH PARSER', p.prsname, n.nspname, '', false, format('TEXT SEARCH PARSER %I.%I', n.nspname, p.prsname),
       format(E'CREATE TEXT SEARCH PARSER %I.%I (\n    START = %s,\n    GETTOKEN = %s,\n    END = %s,\n', n.nspname, p.prsname, p.prsstart, p.prstoken, p.prsend)
         || case when p.prsheadline <> 0 then format(E'    HEADLINE = %s,\n', p.prsheadline) else '' end || format(E'    LEXTYPES = %s );\n', p.prslextype), null
  from pg_catalog.pg_ts_parser p join pg_catalog.pg_namespace n on n.oid = p.prsnamespace
 where p.oid >= 16384)sql";

constexpr std::string_view kTemplates = R"sql(
select 'pg_catalog.pg_ts_template'::regclass::oid, t.oid, 'TEXT SEARCH TEMPLATE', t.tmplname, n.nspname, '', false, format('TEXT SEARCH TEMPLATE %I.%I', n.nspname, t.tmplname),
       format(E'CREATE TEXT SEARCH TEMPLATE %I.%I (\n', n.nspname, t.tmplname)
         || case when t.tmplinit <> 0 then format(E'    INIT = %s,\n', t.tmplinit) else '' end || format(E'    LEXIZE = %s );\n', t.tmpllexize), null
  from pg_catalog.pg_ts_template t join pg_catalog.pg_namespace n on n.oid = t.tmplnamespace
 where t.oid >= 16384)sql";

constexpr std::string_view kDictionaries = R"sql(
select 'pg_catalog.pg_ts_dict'::regclass::oid, d.oid, 'TEXT SEARCH DICTIONARY', d.dictname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = d.dictowner), false, format('TEXT SEARCH DICTIONARY %I.%I', n.nspname, d.dictname),
       format(E'CREATE TEXT SEARCH DICTIONARY %I.%I (\n    TEMPLATE = %I.%I', n.nspname, d.dictname, tn.nspname, t.tmplname)
         || coalesce(E',\n    ' || d.dictinitoption, '') || E' );\n', null
  from pg_catalog.pg_ts_dict d join pg_catalog.pg_namespace n on n.oid = d.dictnamespace
  join pg_catalog.pg_ts_template t on t.oid = d.dicttemplate join pg_catalog.pg_namespace tn on tn.oid = t.tmplnamespace
 where d.oid >= 16384)sql";

constexpr std::string_view kConfigurations = R"sql(
select 'pg_catalog.pg_ts_config'::regclass::oid, c.oid, 'TEXT SEARCH CONFIGURATION', c.cfgname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.cfgowner), false, format('TEXT SEARCH CONFIGURATION %I.%I', n.nspname, c.cfgname),
       format(E'CREATE TEXT SEARCH CONFIGURATION %I.%I (\n    PARSER = %I.%I );\n', n.nspname, c.cfgname, pn.nspname, p.prsname)
         || coalesce((select string_agg(format(E'\nALTER TEXT SEARCH CONFIGURATION %I.%I\n    ADD MAPPING FOR %I WITH %s;\n', n.nspname, c.cfgname, x.alias, x.dictionaries), '' order by x.maptokentype)
                       from (select m.maptokentype, t.alias, string_agg(m.mapdict::regdictionary::text, ', ' order by m.mapseqno) as dictionaries
                               from pg_catalog.pg_ts_config_map m join pg_catalog.ts_token_type(c.cfgparser) t on t.tokid = m.maptokentype
                              where m.mapcfg = c.oid group by m.maptokentype, t.alias) x), ''), null
  from pg_catalog.pg_ts_config c join pg_catalog.pg_namespace n on n.oid = c.cfgnamespace
  join pg_catalog.pg_ts_parser p on p.oid = c.cfgparser join pg_catalog.pg_namespace pn on pn.oid = p.prsnamespace
 where c.oid >= 16384)sql";

constexpr std::string_view kWrappers = R"sql(
select 'pg_catalog.pg_foreign_data_wrapper'::regclass::oid, f.oid, 'FOREIGN DATA WRAPPER', f.fdwname, null,
       (select rolname from pg_catalog.pg_roles where oid = f.fdwowner), false, format('FOREIGN DATA WRAPPER %I', f.fdwname),
       format('CREATE FOREIGN DATA WRAPPER %I', f.fdwname)
         || case when f.fdwhandler <> 0 then format(' HANDLER %s', f.fdwhandler::regproc) else '' end
         || case when f.fdwvalidator <> 0 then format(' VALIDATOR %s', f.fdwvalidator::regproc) else '' end
         || coalesce((select format(E' OPTIONS (\n    %s\n)', string_agg(format('%I %L', o.option_name, o.option_value), E',\n    ')) from pg_catalog.pg_options_to_table(f.fdwoptions) o having count(*) > 0), '') || E';\n', null
  from pg_catalog.pg_foreign_data_wrapper f where f.oid >= 16384)sql";

constexpr std::string_view kServers = R"sql(
select 'pg_catalog.pg_foreign_server'::regclass::oid, s.oid, 'SERVER', s.srvname, null,
       (select rolname from pg_catalog.pg_roles where oid = s.srvowner), false, format('SERVER %I', s.srvname),
       format('CREATE SERVER %I', s.srvname) || coalesce(' TYPE ' || quote_literal(s.srvtype), '') || coalesce(' VERSION ' || quote_literal(s.srvversion), '')
         || format(' FOREIGN DATA WRAPPER %I', f.fdwname)
         || coalesce((select format(E' OPTIONS (\n    %s\n)', string_agg(format('%I %L', o.option_name, o.option_value), E',\n    ')) from pg_catalog.pg_options_to_table(s.srvoptions) o having count(*) > 0), '') || E';\n', null
  from pg_catalog.pg_foreign_server s join pg_catalog.pg_foreign_data_wrapper f on f.oid = s.srvfdw
 where s.oid >= 16384)sql";

constexpr std::string_view kUserMappings = R"sql(
select 'pg_catalog.pg_user_mapping'::regclass::oid, u.umid, 'USER MAPPING', format('USER MAPPING %s SERVER %s', u.usename, u.srvname), null, '', false,
       format('USER MAPPING FOR %s SERVER %I', x.who, u.srvname),
       format('CREATE USER MAPPING FOR %s SERVER %I', x.who, u.srvname)
         || coalesce((select format(E' OPTIONS (\n    %s\n)', string_agg(format('%I %L', o.option_name, o.option_value), E',\n    ')) from pg_catalog.pg_options_to_table(u.umoptions) o having count(*) > 0), '') || case when u.umoptions is not null or x.visible then E';\n' end, null
  from pg_catalog.pg_user_mappings u join pg_catalog.pg_foreign_server s on s.oid = u.srvid cross join lateral (select case when u.umuser = 0 then 'PUBLIC' else quote_ident(u.usename) end as who,
         -- As the view decides whether it shows the options: none and hidden ones are both NULL.
         (select r.rolsuper from pg_catalog.pg_roles r where r.rolname = current_user)
           or u.umuser <> 0 and u.usename = current_user and (pg_has_role(s.srvowner, 'usage') or has_server_privilege(s.oid, 'usage'))
           or u.umuser = 0 and pg_has_role(s.srvowner, 'usage') as visible) x)sql";

}  // namespace

void add_small_drafts(int server_major, std::vector<std::string>& statements) {
  statements.push_back(util::replace_all(
      std::string(kSchemas), "$OWNER",
      server_major >= 15 ? "n.nspowner = 'pg_database_owner'::regrole" : "n.nspowner = 10"));
  for (const std::string_view statement : {kExtensions, kParsers, kTemplates, kDictionaries,
                                           kConfigurations, kWrappers, kServers, kUserMappings})
    statements.emplace_back(statement);
}

}  // namespace schema::sql
