#include "guard/sql_hold.h"

#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"

namespace guard::sql {
namespace {

constexpr std::string_view kSetting = R"sql(
  select pg_catalog.split_part(entry, '=', 2)
    from pg_catalog.pg_database d
    join pg_catalog.pg_db_role_setting s on s.setdatabase = d.oid and s.setrole = 0
    cross join lateral pg_catalog.unnest(s.setconfig) entry
   where d.datname = $1 and pg_catalog.split_part(entry, '=', 1) = 'default_transaction_read_only')sql";

constexpr std::string_view kWritingRoles = R"sql(
  select 'role ' || pg_catalog.quote_ident(r.rolname) || case when s.setdatabase <> 0 then ' in this database' else '' end
    from pg_catalog.pg_db_role_setting s
    join pg_catalog.pg_roles r on r.oid = s.setrole
    cross join lateral pg_catalog.unnest(s.setconfig) entry
   where s.setdatabase in (0, (select oid from pg_catalog.pg_database where datname = $1))
     and case when pg_catalog.split_part(entry, '=', 1) = 'default_transaction_read_only'
              then not pg_catalog.split_part(entry, '=', 2)::pg_catalog.bool else false end
   order by 1)sql";

constexpr std::string_view kBackends = R"sql(
  select a.pid, coalesce(pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), ''),
         coalesce(a.backend_type, ''), coalesce(a.application_name, ''), coalesce(a.usename::pg_catalog.text, ''),
         a.backend_xid is not null
    from pg_catalog.pg_stat_activity a where a.datname = $1 order by 1)sql";

constexpr std::string_view kStarting = R"sql(
  select distinct l.pid from pg_catalog.pg_locks l
   where l.locktype = 'object' and l.classid = 'pg_catalog.pg_database'::pg_catalog.regclass
     and l.objid = (select oid from pg_catalog.pg_database where datname = $1)
     and l.mode = 'RowExclusiveLock' and l.pid is not null)sql";

constexpr std::string_view kViewsAbove = R"sql(
  with recursive above(oid) as (
    select c.oid
      from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
             as w(schema, name)
      join pg_catalog.pg_namespace n on n.nspname = w.schema
      join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name
    union
    select next.oid
      from above cross join lateral (
        select r.ev_class as oid
          from pg_catalog.pg_depend d join pg_catalog.pg_rewrite r on r.oid = d.objid
         where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid = above.oid
           and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
        union all
        select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = above.oid) next)
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text
    from above join pg_catalog.pg_class c on c.oid = above.oid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind = 'm' and c.relispopulated order by 1, 2)sql";

std::string array_of(const std::vector<std::string>& texts) {
  std::vector<std::string> elements;
  for (const std::string& text : texts) {
    std::string escaped = util::replace_all(text, "\\", "\\\\");
    elements.push_back(util::cat('"', util::replace_all(std::move(escaped), "\"", "\\\""), '"'));
  }
  return util::cat("{", util::join(elements, ","), "}");
}

}  // namespace

std::vector<pg::QualifiedName> views_above(pg::Connection& connection,
                                           const std::vector<pg::QualifiedName>& tables) {
  std::vector<std::string> schemas, names;
  for (const pg::QualifiedName& table : tables) {
    schemas.push_back(table.schema);
    names.push_back(table.name);
  }
  const pg::Result rows = connection.query(kViewsAbove, {array_of(schemas), array_of(names)});
  std::vector<pg::QualifiedName> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back({rows.str(row, 0), rows.str(row, 1)});
  return out;
}

std::optional<std::string> read_only_setting(pg::Connection& connection,
                                             const std::string& database) {
  const pg::Result rows = connection.query(kSetting, {database});
  if (rows.row_count() == 0) return std::nullopt;
  return rows.str(0, 0);
}

void set_read_only(pg::Connection& connection, const std::string& database,
                   const std::optional<std::string>& value) {
  const std::string alter = util::cat("ALTER DATABASE ", pg::quote_ident(database));
  connection.execute(
      value ? util::cat(alter, " SET default_transaction_read_only = ", pg::quote_literal(*value))
            : util::cat(alter, " RESET default_transaction_read_only"));
}

std::string comment_of(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(
      "select coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '')"
      "  from pg_catalog.pg_database where datname = $1",
      {database});
  return rows.row_count() == 0 ? std::string() : rows.str(0, 0);
}

std::vector<std::string> writing_roles(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(kWritingRoles, {database});
  std::vector<std::string> out;
  for (int row = 0; row < rows.row_count(); ++row) out.push_back(rows.str(row, 0));
  return out;
}

std::vector<Backend> backends(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(kBackends, {database});
  std::vector<Backend> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({.pid = static_cast<int>(rows.i64(row, 0)),
                   .backend_start = rows.str(row, 1),
                   .type = rows.str(row, 2),
                   .application = rows.str(row, 3),
                   .user = rows.str(row, 4),
                   .writes = rows.boolean(row, 5)});
  }
  return out;
}

std::set<int> starting_backends(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(kStarting, {database});
  std::set<int> pids;
  for (int row = 0; row < rows.row_count(); ++row) pids.insert(static_cast<int>(rows.i64(row, 0)));
  return pids;
}

bool end_backend(pg::Connection& connection, int pid) {
  try {
    connection.query("select pg_catalog.pg_terminate_backend($1)", {util::cat(pid)});
    return true;
  } catch (const util::Error& error) {
    if (error.kind() == util::Kind::Connect) throw;
    return false;
  }
}

}  // namespace guard::sql
