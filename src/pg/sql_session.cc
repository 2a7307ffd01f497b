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

std::string_view database_encoding() {
  return R"sql(
    select pg_catalog.pg_encoding_to_char(encoding)
      from pg_catalog.pg_database
     where datname operator(pg_catalog.=) pg_catalog.current_database())sql";
}

}  // namespace pg::sql
