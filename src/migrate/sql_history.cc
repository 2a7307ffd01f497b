#include "migrate/sql_history.h"

// Those that run in a migration's session begin like kOwnStatement (apply.h).
namespace migrate::sql {

std::string_view history_exists() {
  return "/* pgbelay */ select pg_catalog.to_regclass('pgbelay.migrations') is not null";
}

// CREATE SCHEMA IF NOT EXISTS asks for the privilege even where the schema exists: the caller looks
// first.
std::string_view create_history() {
  return R"sql(/* pgbelay */
create schema if not exists pgbelay;
create table if not exists pgbelay.migrations (
  name pg_catalog.text primary key,
  sha256 pg_catalog.text not null,
  applied_at pg_catalog.timestamptz not null default pg_catalog.clock_timestamp(),
  duration_ms pg_catalog.int8 not null,
  run pg_catalog.text not null
);
comment on table pgbelay.migrations is 'migration files applied by pgbelay')sql";
}

std::string_view history() {
  return R"sql(
select pg_catalog.encode(pg_catalog.convert_to(name, 'UTF8'), 'hex'), sha256,
       pg_catalog.to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
       duration_ms, run
  from pgbelay.migrations
 order by applied_at, name)sql";
}

std::string_view sha256() {
  return "select pg_catalog.encode(pg_catalog.sha256($1::pg_catalog.bytea), 'hex')";
}

std::string_view record_applied() {
  return R"sql(/* pgbelay */
insert into pgbelay.migrations (name, sha256, duration_ms, run)
values (pg_catalog.convert_from($1::pg_catalog.bytea, 'UTF8'),
        pg_catalog.encode(pg_catalog.sha256($2::pg_catalog.bytea), 'hex'), $3::pg_catalog.int8, $4))sql";
}

std::string_view own_transaction() {
  return "/* pgbelay */ select pg_catalog.pg_current_xact_id_if_assigned()::pg_catalog.text";
}

std::string_view transaction_status() {
  return "select pg_catalog.pg_xact_status($1::pg_catalog.text::pg_catalog.xid8)";
}

}  // namespace migrate::sql
