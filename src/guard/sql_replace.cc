#include "guard/sql_replace.h"

#include "util/text.h"

namespace guard::sql {

std::string current_transaction(pg::Connection& connection) {
  return connection.query("select pg_catalog.pg_current_xact_id()::pg_catalog.text").str(0, 0);
}

std::string transaction_status(pg::Connection& connection, const std::string& id) {
  return std::string(
      connection
          .query("select pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8)", {id})
          .text(0, 0)
          .value_or(""));
}

void make_public_schema(pg::Connection& connection) {
  constexpr int kOwnedByDatabaseOwner = 15;
  if (connection.server_major() < kOwnedByDatabaseOwner) {
    connection.execute("create schema public; grant all on schema public to public");
  } else {
    connection.execute(
        "create schema public; alter schema public owner to pg_database_owner; "
        "grant usage on schema public to public");
  }
  connection.execute("comment on schema public is 'standard public schema'");
}

bool has_public_schema(pg::Connection& connection) {
  return connection.query("select from pg_catalog.pg_namespace where nspname = 'public'")
             .row_count() > 0;
}

void wait_for_locks(pg::Connection& connection, bool limited) {
  connection.execute(limited ? "set local lock_timeout = '10s'" : "set local lock_timeout = 0");
}

std::map<pg::QualifiedName, std::int64_t> sequence_increments(pg::Connection& connection) {
  const pg::Result rows = connection.query(
      "select n.nspname::pg_catalog.text, c.relname::pg_catalog.text, s.seqincrement"
      "  from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid"
      "  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relpersistence <> 't'");
  std::map<pg::QualifiedName, std::int64_t> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out[{rows.str(row, 0), rows.str(row, 1)}] = rows.i64(row, 2);
  return out;
}

void set_position(pg::Connection& connection, const pg::QualifiedName& sequence,
                  std::int64_t last_value, bool is_called) {
  connection.query("select pg_catalog.setval($1::pg_catalog.text::pg_catalog.regclass, $2, $3)",
                   {sequence.quoted(), util::cat(last_value), is_called ? "true" : "false"});
}

}  // namespace guard::sql
