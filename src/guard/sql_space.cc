#include "guard/sql_space.h"

namespace guard::sql {
namespace {

constexpr std::string_view kDatabase = R"sql(
  select coalesce(pg_catalog.sum(case when pg_catalog.has_database_privilege(d.oid, 'CONNECT')
                                        or pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                                      then pg_catalog.pg_database_size(d.oid) end), 0)::pg_catalog.int8
    from pg_catalog.pg_database d where d.datname = $1)sql";

constexpr std::string_view kMayList =
    "select pg_catalog.has_function_privilege('pg_catalog.pg_ls_waldir()', 'execute')";
constexpr std::string_view kListed =
    "select coalesce(pg_catalog.sum(size), 0)::pg_catalog.int8 from pg_catalog.pg_ls_waldir()";

constexpr std::string_view kKeptForSlots = R"sql(
  select coalesce(pg_catalog.max(pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), s.restart_lsn)),
                  0)::pg_catalog.int8
    from pg_catalog.pg_replication_slots s where s.restart_lsn is not null)sql";

}  // namespace

std::uint64_t database_bytes(pg::Connection& connection, const std::string& name) {
  return connection.query(kDatabase, {name}).u64(0, 0);
}

std::uint64_t log_bytes(pg::Connection& connection) {
  const bool may_list = connection.query(kMayList).boolean(0, 0);
  return connection.query(may_list ? kListed : kKeptForSlots).u64(0, 0);
}

}  // namespace guard::sql
