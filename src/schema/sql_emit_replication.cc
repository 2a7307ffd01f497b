// The database itself, publications and subscriptions.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

// $VERSIONED: options that the version has, each as an element of concat_ws.
constexpr std::string_view kPublications = R"sql(
select 'pg_catalog.pg_publication'::regclass::oid, p.oid, 'PUBLICATION', p.pubname, null,
       (select rolname from pg_catalog.pg_roles where oid = p.pubowner), true, format('PUBLICATION %I', p.pubname),
       format('CREATE PUBLICATION %I%s WITH (publish = %L', p.pubname, case when p.puballtables then ' FOR ALL TABLES' else '' end,
              concat_ws(', ', case when p.pubinsert then 'insert' end, case when p.pubupdate then 'update' end, case when p.pubdelete then 'delete' end, case when p.pubtruncate then 'truncate' end))
         || case when p.pubviaroot then ', publish_via_partition_root = true' else '' end $VERSIONED || E');\n', null
  from pg_catalog.pg_publication p where p.oid >= 16384)sql";

constexpr std::string_view kPublishedTables = R"sql(
select 'pg_catalog.pg_publication_rel'::regclass::oid, r.oid, 'PUBLICATION TABLE', format('%s %s', p.pubname, c.relname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = p.pubowner), true, '',
       format('ALTER PUBLICATION %I ADD TABLE ONLY %I.%I', p.pubname, n.nspname, c.relname) $VERSIONED || E';\n', ''
  from pg_catalog.pg_publication_rel r join pg_catalog.pg_publication p on p.oid = r.prpubid
  join pg_catalog.pg_class c on c.oid = r.prrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace)sql";

constexpr std::string_view kColumnsAndRows = R"sql(
         || coalesce((select format(' (%s)', string_agg(format('%I', a.attname), ', ' order by a.attnum)) from pg_catalog.pg_attribute a where a.attrelid = r.prrelid and a.attnum = any (r.prattrs::int2[]) having count(*) > 0), '')
         || coalesce(' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')', ''))sql";

constexpr std::string_view kPublishedSchemas = R"sql(
select 'pg_catalog.pg_publication_namespace'::regclass::oid, r.oid, 'PUBLICATION TABLES IN SCHEMA', format('%s %s', p.pubname, n.nspname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = p.pubowner), true, '',
       format(E'ALTER PUBLICATION %I ADD TABLES IN SCHEMA %I;\n', p.pubname, n.nspname), ''
  from pg_catalog.pg_publication_namespace r join pg_catalog.pg_publication p on p.oid = r.pnpubid join pg_catalog.pg_namespace n on n.oid = r.pnnspid)sql";

// Never connects, and is not enabled.
constexpr std::string_view kSubscriptions = R"sql(
select 'pg_catalog.pg_subscription'::regclass::oid, s.oid, 'SUBSCRIPTION', s.subname, null,
       (select rolname from pg_catalog.pg_roles where oid = s.subowner), true, format('SUBSCRIPTION %I', s.subname),
       format('CREATE SUBSCRIPTION %I CONNECTION %L PUBLICATION %s WITH (', s.subname, s.subconninfo, (select string_agg(format('%I', x), ', ' order by o) from unnest(s.subpublications) with ordinality u(x, o)))
         || concat_ws(', ', 'connect = false', 'slot_name = ' || coalesce(quote_literal(s.subslotname), 'NONE'),
              case when s.subsynccommit <> 'off' then format('synchronous_commit = %L', s.subsynccommit) end $VERSIONED) || E');\n', null
  from pg_catalog.pg_subscription s join pg_catalog.pg_database d on d.oid = s.subdbid and d.datname = current_database())sql";

std::string subscription_options(int server_major) {
  std::string options;
  if (server_major >= 14) options += ", case when s.subbinary then 'binary = true' end";
  if (server_major >= 16) {
    options +=
        ", case s.substream when 't' then 'streaming = on' when 'p' then 'streaming = parallel' "
        "else 'streaming = off' end"
        ", case when not s.subpasswordrequired then 'password_required = false' end"
        ", case when s.subrunasowner then 'run_as_owner = true' end"
        ", case when s.suborigin <> 'any' then format('origin = %L', s.suborigin) end";
  } else if (server_major >= 14) {
    options += ", case when s.substream then 'streaming = on' end";
  }
  if (server_major >= 15) {
    options +=
        ", case when s.subtwophasestate <> 'd' then 'two_phase = on' end"
        ", case when s.subdisableonerr then 'disable_on_error = true' end";
  }
  if (server_major >= 17) options += ", case when s.subfailover then 'failover = true' end";
  return options;
}

// $LOCALE: what says it in the version.
constexpr std::string_view kDatabase = R"sql(
select 'pg_catalog.pg_database'::regclass::oid, d.oid, 'DATABASE', d.datname, null, (select rolname from pg_catalog.pg_roles where oid = d.datdba), false,
       format('DATABASE %I', d.datname),
       format('CREATE DATABASE %I WITH TEMPLATE = template0 ENCODING = %L', d.datname, pg_encoding_to_char(d.encoding)) $PROVIDER
         || case when d.datcollate = d.datctype then format(' LOCALE = %L', d.datcollate) else format(' LC_COLLATE = %L LC_CTYPE = %L', d.datcollate, d.datctype) end $LOCALE
         || case when s.spcname <> 'pg_default' then format(' TABLESPACE = %I', s.spcname) else '' end
         || case when d.datconnlimit <> -1 then format(' CONNECTION LIMIT = %s', d.datconnlimit) else '' end || E';\n', null
  from pg_catalog.pg_database d join pg_catalog.pg_tablespace s on s.oid = d.dattablespace where d.datname = current_database())sql";

constexpr std::string_view kSettings = R"sql(
select 0::oid, d.oid, 'DATABASE PROPERTIES', d.datname, null, (select rolname from pg_catalog.pg_roles where oid = d.datdba), false, '',
       coalesce(string_agg(format(E'ALTER %s SET %s TO %s;\n',
           case when s.setrole = 0 then format('DATABASE %I', d.datname) else format('ROLE %I IN DATABASE %I', pg_get_userbyid(s.setrole), d.datname) end,
           x.name, x.value), '' order by s.setrole, x.place) filter (where x.name is not null), '')
         || case when d.datistemplate then format(E'ALTER DATABASE %I IS_TEMPLATE = true;\n', d.datname) else '' end, ''
  from pg_catalog.pg_database d left join (pg_catalog.pg_db_role_setting s
  cross join lateral (select o as place,
           -- Parts of a name are quoted each; these settings are lists of names, whose quotes are their own.
           case when split_part(c, '=', 1) ~ '^[a-z_][a-z0-9_$]*$' then split_part(c, '=', 1)
                else (select string_agg(quote_ident(w), '.') from unnest(string_to_array(split_part(c, '=', 1), '.')) w) end as name,
           case when lower(split_part(c, '=', 1)) in ('search_path', 'temp_tablespaces', 'session_preload_libraries', 'shared_preload_libraries', 'local_preload_libraries', 'unix_socket_directories')
                     and substr(c, strpos(c, '=') + 1) <> '' then substr(c, strpos(c, '=') + 1)
                else quote_literal(substr(c, strpos(c, '=') + 1)) end as value
      from unnest(s.setconfig) with ordinality u(c, o)) x)
    on s.setdatabase = d.oid and (s.setrole = 0 or exists (select from pg_catalog.pg_roles r where r.oid = s.setrole))
 where d.datname = current_database() and (s.setdatabase is not null or d.datistemplate)
 group by d.oid, d.datname, d.datdba, d.datistemplate)sql";

std::string database(int server_major) {
  std::string provider, locale;
  if (server_major >= 15) {
    provider =
        "|| format(' LOCALE_PROVIDER = %s', case d.datlocprovider when 'i' then 'icu' when 'b' "
        "then 'builtin' else 'libc' end)";
    const std::string_view column = server_major >= 17 ? "d.datlocale" : "d.daticulocale";
    locale = util::cat("|| case d.datlocprovider when 'i' then format(' ICU_LOCALE = %L', ", column,
                       ") when 'b' then format(' BUILTIN_LOCALE = %L', ", column, ") else '' end");
  }
  if (server_major >= 16)
    locale += "|| coalesce(' ICU_RULES = ' || quote_literal(d.daticurules), '')";
  return util::replace_all(util::replace_all(std::string(kDatabase), "$PROVIDER", provider),
                           "$LOCALE", locale);
}

std::string versioned(std::string_view statement, std::string_view text) {
  return util::replace_all(std::string(statement), "$VERSIONED", text);
}

}  // namespace

void add_replication_drafts(int server_major, std::vector<std::string>& statements) {
  statements.push_back(database(server_major));
  statements.emplace_back(kSettings);
  statements.push_back(versioned(
      kPublications, server_major >= 18 ? "|| case when p.pubgencols = 's' then ', "
                                          "publish_generated_columns = stored' else '' end"
                                        : ""));
  statements.push_back(versioned(kPublishedTables, server_major >= 15 ? kColumnsAndRows : ""));
  if (server_major >= 15) statements.emplace_back(kPublishedSchemas);
}

std::string subscriptions(int server_major) {
  return versioned(kSubscriptions, subscription_options(server_major));
}

}  // namespace schema::sql
