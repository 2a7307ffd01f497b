#include "pg/sql_session.h"

namespace pg::sql {

// A value that is right already is not set again: the role may not be allowed to set it.
std::string_view set_settings() {
  return R"sql(
    select pg_catalog.count(pg_catalog.set_config(s.name, w.value, false))
      from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
           as w (name, value)
      join pg_catalog.pg_settings s on s.name operator(pg_catalog.=) w.name
     where s.setting is distinct from w.value)sql";
}

std::string_view wait_for_commits() {
  return R"sql(
    select pg_catalog.set_config('synchronous_commit', 'on', false)
      from pg_catalog.pg_settings
     where name operator(pg_catalog.=) 'synchronous_commit' and setting operator(pg_catalog.=) 'off')sql";
}

// Any commit with something in the log: what the log holds before it is written first. The message
// itself means nothing to anybody.
std::string_view commit_a_message() {
  return "select pg_catalog.pg_logical_emit_message(true, 'pgbelay', 'durable')";
}

std::string_view database_encoding() {
  return R"sql(
    select pg_catalog.pg_encoding_to_char(encoding)
      from pg_catalog.pg_database
     where datname operator(pg_catalog.=) pg_catalog.current_database())sql";
}

}  // namespace pg::sql
