#include "pg/sql_server.h"

namespace pg::sql {

// USAGE, not MEMBER: what the role may do without SET ROLE. A superuser has all of them.
std::string_view role_facts() {
  return R"sql(
    select r.rolname::pg_catalog.text, r.rolsuper, r.rolcreatedb, r.rolcreaterole,
           pg_catalog.pg_has_role(r.oid, 'pg_signal_backend', 'USAGE'),
           pg_catalog.pg_has_role(r.oid, 'pg_read_all_stats', 'USAGE'),
           pg_catalog.pg_has_role(r.oid, d.datdba, 'USAGE')
      from pg_catalog.pg_roles r, pg_catalog.pg_database d
     where r.rolname operator(pg_catalog.=) current_user
       and d.datname operator(pg_catalog.=) pg_catalog.current_database())sql";
}

// current_setting('data_directory') is an error for an ordinary role; the view leaves the row out.
std::string_view server_state() {
  return R"sql(
    select (select setting from pg_catalog.pg_settings where name operator(pg_catalog.=) 'data_directory'),
           pg_catalog.to_char(pg_catalog.timezone('UTC', pg_catalog.pg_postmaster_start_time()),
                              'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
           pg_catalog.pg_is_in_recovery(),
           pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'))sql";
}

std::string_view system_identifier() {
  return "select system_identifier::pg_catalog.text from pg_catalog.pg_control_system()";
}

// Times in one form whatever the session's time zone is, because they are compared as text.
// Terminating needs the rights of the session's role or of pg_signal_backend, and a superuser for a
// superuser.
std::string_view sessions() {
  return R"sql(
    select a.pid,
           pg_catalog.to_char(pg_catalog.timezone('UTC', a.backend_start), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           pg_catalog.to_char(pg_catalog.timezone('UTC', a.state_change), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
           a.state, a.backend_type, a.usename::pg_catalog.text, a.application_name,
           pg_catalog.host(a.client_addr), a.client_port,
           (me.rolsuper
            or (not them.rolsuper and (pg_catalog.pg_has_role(me.oid, them.oid, 'USAGE')
                                       or pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'USAGE'))))
             is true
      from pg_catalog.pg_stat_activity a
      join pg_catalog.pg_roles me on me.rolname operator(pg_catalog.=) current_user
      left join pg_catalog.pg_roles them on them.oid operator(pg_catalog.=) a.usesysid
     where a.datname operator(pg_catalog.=) $1
     order by a.backend_start, a.pid)sql";
}

std::string_view database_size() {
  return "select pg_catalog.pg_database_size($1::pg_catalog.name)";
}

std::string_view database_exists() {
  return "select exists (select from pg_catalog.pg_database where datname operator(pg_catalog.=) "
         "$1)";
}

std::string_view backend_pid() { return "select pg_catalog.pg_backend_pid()"; }

std::string_view forget_seen_sessions() { return "select pg_catalog.pg_stat_clear_snapshot()"; }

}  // namespace pg::sql
