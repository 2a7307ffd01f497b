#include "load/sql_load.h"

namespace load {
namespace {

std::vector<std::string> first_column(const pg::Result& result) {
  std::vector<std::string> out;
  for (int row = 0; row < result.row_count(); ++row) out.push_back(result.str(row, 0));
  return out;
}

}  // namespace

std::string_view session_settings() {
  // Functions are created before what they use. Commits need not wait for the disk one by one: the last one
  // does (flush_commits), and a crash before that leaves a copy that is not used anyway (S1).
  return "SET check_function_bodies = off; SET client_min_messages = warning; SET synchronous_commit = off;";
}

std::string_view flush_commits() {
  // Any commit with something in the log: what the log holds before it is written first. The message itself
  // means nothing to anybody.
  return "SET synchronous_commit = on; SELECT pg_catalog.pg_logical_emit_message(true, 'pgbelay', 'loaded')";
}

std::vector<std::string> extension_versions(pg::Connection& connection, const std::string& extension) {
  return first_column(connection.query(R"sql(
      select version from pg_catalog.pg_available_extension_versions
       where name = $1::pg_catalog.text order by version)sql",
                                       {extension}));
}

std::string extension_comment(pg::Connection& connection, const std::string& extension) {
  const pg::Result result = connection.query(R"sql(
      select coalesce(pg_catalog.obj_description(oid, 'pg_extension'), '')
        from pg_catalog.pg_extension where extname = $1::pg_catalog.text)sql",
                                             {extension});
  return result.row_count() == 0 ? std::string() : result.str(0, 0);
}

std::vector<std::string> analyze_statements(pg::Connection& connection) {
  // A partitioned table's ANALYZE covers its partitions, so only roots and what is in no tree are named.
  return first_column(connection.query(R"sql(
      select pg_catalog.format('ANALYZE %I.%I', n.nspname, c.relname)
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm') and not c.relispartition and c.relpersistence <> 't'
         and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       order by case when c.relkind = 'p'
                     then (select pg_catalog.sum(pg_catalog.pg_relation_size(t.relid))
                             from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf)
                     else pg_catalog.pg_relation_size(c.oid) end desc nulls last, c.oid)sql"));
}

}  // namespace load
