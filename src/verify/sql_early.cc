#include "verify/sql_early.h"

#include "util/text.h"

namespace verify::sql {
namespace {

constexpr std::string_view kTable = R"sql(
  select c.oid, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
         coalesce(pg_catalog.pg_relation_size(c.oid), 0), coalesce(am.amname = 'heap', false)
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_am am on am.oid = c.relam
   where n.nspname = $1 and c.relname = $2 and c.relkind = 'r')sql";

constexpr std::string_view kTouched = R"sql(
  select c.oid, coalesce(pg_catalog.pg_relation_filenode(c.oid), 0),
         coalesce(pg_catalog.pg_stat_get_tuples_inserted(c.oid), 0),
         coalesce(pg_catalog.pg_stat_get_tuples_updated(c.oid), 0),
         coalesce(pg_catalog.pg_stat_get_tuples_deleted(c.oid), 0)
    from pg_catalog.pg_class c
   where c.oid = any ($1::pg_catalog.oid[]))sql";

constexpr std::string_view kSessions = R"sql(
  select exists (
    select from pg_catalog.pg_stat_activity a
     where a.datname = pg_catalog.current_database() and a.application_name = $1
       and a.pid <> pg_catalog.pg_backend_pid()))sql";

}  // namespace

std::optional<Heap> find_table(pg::Connection& connection, const pg::QualifiedName& name) {
  const pg::Result row = connection.query(kTable, {name.schema, name.name});
  if (row.row_count() == 0) return std::nullopt;
  return Heap{.oid = static_cast<std::uint32_t>(row.u64(0, 0)),
              .file_node = static_cast<std::uint32_t>(row.u64(0, 1)),
              .bytes = row.u64(0, 2),
              .heap = row.boolean(0, 3)};
}

std::map<std::uint32_t, Touched> touched(pg::Connection& connection,
                                         const std::vector<std::uint32_t>& oids) {
  std::vector<std::string> texts;
  for (const std::uint32_t oid : oids) texts.push_back(util::cat(oid));
  const pg::Result rows = connection.query(kTouched, {util::cat('{', util::join(texts, ","), '}')});
  std::map<std::uint32_t, Touched> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out[static_cast<std::uint32_t>(rows.u64(row, 0))] = {
        .file_node = static_cast<std::uint32_t>(rows.u64(row, 1)),
        .inserted = rows.u64(row, 2),
        .updated = rows.u64(row, 3),
        .deleted = rows.u64(row, 4)};
  }
  return out;
}

bool sessions_left(pg::Connection& connection, const std::string& application_name) {
  return connection.query(kSessions, {application_name}).boolean(0, 0);
}

}  // namespace verify::sql
