#include "guard/sql_rehearsal.h"

#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;

constexpr std::string_view kInsufficientPrivilege = "42501";

// An index of a partitioned table has no storage, like the table.
constexpr std::string_view kStoredRelations = R"sql(
  select c.oid::pg_catalog.int8, n.nspname::pg_catalog.text, c.relname::pg_catalog.text, c.relkind::pg_catalog.text,
         n.nspname in ('pg_catalog', 'information_schema'),
         coalesce(i.indrelid, 0)::pg_catalog.int8,
         coalesce(pg_catalog.pg_relation_filenode(c.oid), 0)::pg_catalog.int8,
         case when c.relkind in ('r', 'm', 'i', 'S') then coalesce(pg_catalog.pg_relation_size(c.oid), 0) else 0 end,
         case when c.relkind in ('r', 'm', 'i', 'S') then coalesce(pg_catalog.pg_total_relation_size(c.oid), 0) else 0 end
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_index i on i.indexrelid = c.oid
   where c.relpersistence <> 't' and c.relkind in ('r', 'p', 'm', 'v', 'f', 'S', 'i', 'I')
     and n.nspname <> 'pg_toast' and not c.relisshared)sql";

constexpr std::string_view kChangedRows = R"sql(
  select s.relid::pg_catalog.int8, s.n_tup_ins, s.n_tup_upd, s.n_tup_del
    from pg_catalog.pg_stat_all_tables s
   where s.schemaname not in ('pg_catalog', 'pg_toast', 'information_schema')
     and s.n_tup_ins + s.n_tup_upd + s.n_tup_del > 0)sql";

std::string int_array(const std::vector<int>& values) {
  std::string out = "{";
  for (const int value : values) out += cat(out.size() > 1 ? "," : "", value);
  return out + "}";
}

// The one number of a row; nothing where the role may not ask.
std::optional<std::uint64_t> number_if_allowed(pg::Connection& connection, std::string_view sql,
                                               const std::vector<pg::Param>& parameters) {
  try {
    const pg::Result rows = connection.query(sql, parameters);
    if (rows.row_count() == 0 || !rows.text(0, 0)) return std::nullopt;
    return rows.u64(0, 0);
  } catch (const util::Error& error) {
    if (error.sqlstate() != kInsufficientPrivilege) throw;
    return std::nullopt;
  }
}

}  // namespace

void roll_back_prepared(pg::Connection& inside, const std::string& gid) {
  inside.execute(cat("rollback prepared ", pg::quote_literal(gid)));
}

// Never with its slot: that may be the live one's.
void forget_subscription(pg::Connection& inside, const std::string& name) {
  const std::string subscription = pg::quote_ident(name);
  inside.execute(cat("alter subscription ", subscription, " disable"));
  inside.execute(cat("alter subscription ", subscription, " set (slot_name = none)"));
  inside.execute(cat("drop subscription ", subscription));
}

void drop_slot(pg::Connection& maintenance, const std::string& name) {
  maintenance.query("select pg_catalog.pg_drop_replication_slot($1)", {name});
}

ServerSessions server_sessions(pg::Connection& maintenance, const std::string& application) {
  ServerSessions out;
  if (maintenance.server_major() >= 15) {
    out.counted = maintenance
                      .query(
                          "select coalesce(pg_catalog.sum(sessions), 0)::pg_catalog.int8"
                          "  from pg_catalog.pg_stat_database")
                      .u64(0, 0);
  }
  // Whose type may not be seen has a user, unless it is a process of the server; the launcher of
  // replication workers has one too, but no database.
  out.others =
      maintenance
          .query(
              "select pg_catalog.count(*) from pg_catalog.pg_stat_activity"
              " where usename is not null and datname is not null and application_name <> $1"
              "   and coalesce(backend_type, '') <> 'parallel worker'",
              {application})
          .u64(0, 0);
  return out;
}

std::vector<LockRow> relation_locks(pg::Connection& control, std::uint32_t database,
                                    const std::vector<int>& pids) {
  if (pids.empty()) return {};
  const pg::Result rows = control.query(
      "select distinct l.pid, l.relation::pg_catalog.int8, l.mode from pg_catalog.pg_locks l"
      " where l.locktype = 'relation' and l.granted and l.database = "
      "$1::pg_catalog.int8::pg_catalog.oid"
      "   and l.pid = any ($2::pg_catalog.int4[])",
      {cat(database), int_array(pids)});
  std::vector<LockRow> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out.push_back({.pid = static_cast<int>(rows.i64(row, 0)),
                   .relation = static_cast<std::uint32_t>(rows.u64(row, 1)),
                   .mode = rows.str(row, 2)});
  }
  return out;
}

std::optional<std::uint64_t> database_bytes(pg::Connection& control, std::uint32_t database) {
  return number_if_allowed(control,
                           "select pg_catalog.pg_database_size(d.oid) from pg_catalog.pg_database d"
                           " where d.oid = $1::pg_catalog.int8::pg_catalog.oid",
                           {cat(database)});
}

std::optional<std::uint64_t> wal_position(pg::Connection& control) {
  return number_if_allowed(
      control,
      "select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(),"
      " '0/0')::pg_catalog.int8",
      {});
}

std::map<std::uint32_t, StoredRelation> stored_relations(pg::Connection& clone) {
  const pg::Result rows = clone.query(kStoredRelations);
  std::map<std::uint32_t, StoredRelation> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out[static_cast<std::uint32_t>(rows.u64(row, 0))] = {
        .name = {rows.str(row, 1), rows.str(row, 2)},
        .kind = rows.str(row, 3).front(),
        .system = rows.boolean(row, 4),
        .table = static_cast<std::uint32_t>(rows.u64(row, 5)),
        .storage = static_cast<std::uint32_t>(rows.u64(row, 6)),
        .heap_bytes = rows.u64(row, 7),
        .total_bytes = rows.u64(row, 8)};
  }
  return out;
}

std::map<std::uint32_t, ChangedRows> changed_rows(pg::Connection& clone) {
  const pg::Result rows = clone.query(kChangedRows);
  std::map<std::uint32_t, ChangedRows> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    out[static_cast<std::uint32_t>(rows.u64(row, 0))] = {
        .inserted = rows.u64(row, 1), .updated = rows.u64(row, 2), .deleted = rows.u64(row, 3)};
  }
  return out;
}

std::uint64_t count_rows(pg::Connection& clone, const pg::QualifiedName& table) {
  return clone.query(cat("select pg_catalog.count(*) from only ", table.quoted())).u64(0, 0);
}

}  // namespace guard
