#include "tap/sql_sessions.h"

#include <algorithm>

#include "util/text.h"

namespace tap {

namespace {

// UTC and a fixed form, whatever TimeZone and DateStyle are.
#define PGBELAY_BACKEND_START \
  "pg_catalog.to_char(a.backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"

constexpr char kOwnSession[] =
    "select a.pid, " PGBELAY_BACKEND_START
    ", a.client_port from pg_catalog.pg_stat_activity a where a.pid = pg_catalog.pg_backend_pid()";

constexpr char kAlive[] =
    "select a.pid, coalesce(" PGBELAY_BACKEND_START
    ", '') from pg_catalog.pg_stat_activity a where a.pid = any ($1::pg_catalog.int4[])";

constexpr char kTerminate[] =
    "select pg_catalog.pg_terminate_backend(a.pid) from pg_catalog.pg_stat_activity a"
    " where a.pid = any ($1::pg_catalog.int4[])";

std::string array_of(std::span<const int> pids) {
  std::string out = "{";
  for (const int pid : pids) {
    if (out.size() > 1) out += ',';
    out += util::cat(pid);
  }
  return out + "}";
}

}  // namespace

const char* own_session_sql() noexcept { return kOwnSession; }

std::vector<int> alive(pg::Connection& control, std::span<const SessionRecord> records) {
  std::vector<int> pids;
  for (const SessionRecord& record : records) pids.push_back(record.backend_pid);
  const pg::Result rows = control.query(kAlive, {array_of(pids)});
  std::vector<int> out;
  for (int row = 0; row < rows.row_count(); ++row) {
    const auto pid = static_cast<int>(rows.i64(row, 0));
    const std::string start = rows.str(row, 1);
    // A start that may not be seen (another role's) does not tell them apart: taken for the same.
    const bool same = std::any_of(records.begin(), records.end(), [&](const SessionRecord& record) {
      return record.backend_pid == pid &&
             (start.empty() || record.backend_start.empty() || record.backend_start == start);
    });
    if (same) out.push_back(pid);
  }
  return out;
}

void terminate(pg::Connection& control, std::span<const int> pids) {
  control.query(kTerminate, {array_of(pids)});
}

}  // namespace tap
