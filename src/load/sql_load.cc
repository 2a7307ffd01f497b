#include "load/sql_load.h"

#include "pg/ident.h"
#include "pg/rows.h"
#include "util/text.h"

namespace load {
namespace {

std::string analyze_sql(const pg::QualifiedName& table) {
  return util::cat("ANALYZE ", table.quoted());
}

}  // namespace

std::string_view session_settings() {
  // Functions are created before what they use. Commits need not wait for the disk one by one: the
  // last one does (pg::flush_commits), and a crash before that leaves a copy that is not used
  // anyway (S1).
  return "SET check_function_bodies = off; SET client_min_messages = warning; SET "
         "synchronous_commit = off;";
}

std::string_view log_settings(int server_major) {
  // Every page of a new index is logged in full. GIN of 300 MB, CPU seconds: 22.5 with pglz, 20.0
  // with lz4, 19.8 uncompressed.
  constexpr std::string_view kFaster = R"sql(
    SELECT pg_catalog.set_config('wal_compression', 'lz4', false)
      FROM pg_catalog.pg_settings
     WHERE name = 'wal_compression' AND setting IN ('on', 'pglz') AND 'lz4' = ANY (enumvals)
       AND pg_catalog.has_parameter_privilege('wal_compression', 'SET')
)sql";
  constexpr int kHasMethods = 15;
  return server_major >= kHasMethods ? kFaster : std::string_view();
}

std::string_view index_settings(const archive::TocEntry& entry) {
  // A GIN index is built through a tree in memory, of the size of this setting, which is slower the
  // less of it fits the caches. jsonb, 500 000 rows, CPU seconds: 3.8 with 8 MB, 4.3 with 32, 5.0
  // with 64, 6.4 with 512; 2 million rows: the same from 8 to 64 MB. Smaller means more passes over
  // an index that is too large for the server's buffers. Other kinds of index gain from memory, so
  // they get what the server gives.
  constexpr std::string_view kAtMost = R"sql(
    SELECT pg_catalog.set_config('maintenance_work_mem', '32MB', true)
     WHERE (SELECT setting::pg_catalog.int8 FROM pg_catalog.pg_settings WHERE name = 'maintenance_work_mem') > 32768;
)sql";
  const bool gin = entry.desc == "INDEX" &&
                   entry.definition.value_or("").find(" USING gin ") != std::string::npos;
  return gin ? kAtMost : std::string_view();
}

std::vector<std::string> extension_versions(pg::Connection& connection,
                                            const std::string& extension) {
  return pg::first_column(connection.query(R"sql(
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

std::string analyze_statement(const archive::TocEntry& data) {
  return analyze_sql({data.schema.value_or(""), data.tag});
}

std::vector<std::string> analyze_statements(pg::Connection& connection) {
  // A partitioned table's ANALYZE covers its partitions, so only roots and what is in no tree are
  // named. A tree with a foreign table in it would be read from where that is, which a copy must
  // not do, or may not be able to: of it, only what lies beside the foreign table.
  const pg::Result result = connection.query(R"sql(
      with recursive above_foreign (oid) as (
        select h.inhparent from pg_catalog.pg_inherits h
          join pg_catalog.pg_class f on f.oid = h.inhrelid and f.relkind = 'f'
        union
        select h.inhparent from above_foreign a join pg_catalog.pg_inherits h on h.inhrelid = a.oid)
      select n.nspname::pg_catalog.text, c.relname::pg_catalog.text
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
         and not exists (select from above_foreign a where a.oid = c.oid)
         and (not c.relispartition or exists (
               select from pg_catalog.pg_inherits h join above_foreign a on a.oid = h.inhparent where h.inhrelid = c.oid))
         and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
       order by case when c.relkind = 'p'
                     then (select pg_catalog.sum(pg_catalog.pg_relation_size(t.relid))
                             from pg_catalog.pg_partition_tree(c.oid) t where t.isleaf)
                     else pg_catalog.pg_relation_size(c.oid) end desc nulls last, c.oid)sql");
  std::vector<std::string> statements;
  for (int row = 0; row < result.row_count(); ++row) {
    statements.push_back(analyze_sql({result.str(row, 0), result.str(row, 1)}));
  }
  return statements;
}

}  // namespace load
