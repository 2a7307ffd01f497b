#include "guard/sql_guard.h"

#include "util/text.h"

namespace guard {
namespace {

// UTC and a fixed form, whatever TimeZone and DateStyle are: as in the tap's records.
#define PGBELAY_BACKEND_START \
  "pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"

constexpr std::string_view kSubscriptions =
    "select pg_catalog.count(*)::pg_catalog.text from pg_catalog.pg_subscription s"
    "  join pg_catalog.pg_database d on d.oid = s.subdbid where d.datname = $1";

constexpr std::string_view kLiving =
    "select distinct a.pid from pg_catalog.pg_stat_activity a"
    "  join (select pg_catalog.unnest($1::pg_catalog.int4[]) as pid,"
    "               pg_catalog.unnest($2::pg_catalog.text[]) as started) s on s.pid = a.pid"
    " where s.started = '' or a.backend_start is null or " PGBELAY_BACKEND_START " = s.started";

constexpr std::string_view kTerminate =
    "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a"
    " where a.pid = any ($1::pg_catalog.int4[])";

constexpr std::string_view kOwnStart = "select coalesce(" PGBELAY_BACKEND_START
                                       ", '') from pg_catalog.pg_stat_activity a"
                                       " where a.pid = pg_catalog.pg_backend_pid()";

std::string int_array(const std::vector<int>& values) {
  std::string out = "{";
  for (const int value : values) {
    if (out.size() > 1) out += ',';
    out += util::cat(value);
  }
  return out + "}";
}

// The texts are times in digits, or empty: nothing in them needs an escape.
std::string text_array(const std::vector<OwnSession>& sessions) {
  std::string out = "{";
  for (const OwnSession& session : sessions) {
    if (out.size() > 1) out += ',';
    out += util::cat('"', session.backend_start, '"');
  }
  return out + "}";
}

}  // namespace

std::uint64_t subscription_count(pg::Connection& connection, const std::string& database) {
  return connection.query(kSubscriptions, {database}).u64(0, 0);
}

std::vector<int> living(pg::Connection& connection, const std::vector<OwnSession>& sessions) {
  std::vector<int> pids;
  for (const OwnSession& session : sessions) pids.push_back(session.pid);
  const pg::Result rows = connection.query(kLiving, {int_array(pids), text_array(sessions)});
  std::vector<int> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back(static_cast<int>(rows.i64(row, 0)));
  return out;
}

void terminate(pg::Connection& connection, const std::vector<int>& pids) {
  connection.query(kTerminate, {int_array(pids)});
}

std::vector<int> named_sessions(pg::Connection& connection, const std::string& database,
                                const std::string& application) {
  const pg::Result rows = connection.query(
      "select pid from pg_catalog.pg_stat_activity where datname = $1 and application_name = $2",
      {database, application});
  std::vector<int> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back(static_cast<int>(rows.i64(row, 0)));
  return out;
}

std::string own_backend_start(pg::Connection& connection) {
  const pg::Result rows = connection.query(kOwnStart);
  return rows.row_count() == 0 ? std::string() : rows.str(0, 0);
}

bool own_pid_is_true(pg::Connection& connection) {
  return connection.query("select pg_catalog.pg_backend_pid()").i64(0, 0) ==
         connection.backend_pid();
}

std::uint32_t database_oid(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(
      "select oid::pg_catalog.int8 from pg_catalog.pg_database where datname = $1", {database});
  return rows.row_count() == 0 ? 0 : static_cast<std::uint32_t>(rows.u64(0, 0));
}

bool allows_connections(pg::Connection& connection, const std::string& database) {
  const pg::Result rows = connection.query(
      "select datallowconn from pg_catalog.pg_database where datname = $1", {database});
  return rows.row_count() == 1 && rows.boolean(0, 0);
}

}  // namespace guard
