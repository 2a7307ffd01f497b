#include "pg/server_facts.h"

#include "pg/sql_server.h"
#include "util/text.h"

namespace pg {
namespace {

std::string text_or_empty(const Result& result, int row, int column) {
  return std::string(result.text(row, column).value_or(""));
}

}  // namespace

RoleFacts role_facts(Connection& connection) {
  const Result result = connection.query(sql::role_facts());
  return {.name = result.str(0, 0),
          .superuser = result.boolean(0, 1),
          .createdb = result.boolean(0, 2) || result.boolean(0, 1),
          .createrole = result.boolean(0, 3) || result.boolean(0, 1),
          .signal_backend = result.boolean(0, 4),
          .read_all_stats = result.boolean(0, 5),
          .database_owner = result.boolean(0, 6)};
}

ServerFacts server_facts(Connection& connection) {
  const Result state = connection.query(sql::server_state());
  ServerFacts facts{.version = connection.server_version(),
                    .version_text = connection.server_version_text(),
                    .data_directory = text_or_empty(state, 0, 0),
                    .started_at = state.str(0, 1),
                    .in_recovery = state.boolean(0, 2)};
  if (state.boolean(0, 3))
    facts.system_identifier = connection.query(sql::system_identifier()).str(0, 0);
  return facts;
}

std::vector<SessionRow> sessions(Connection& connection, const std::string& database) {
  if (connection.in_transaction()) connection.query(sql::forget_seen_sessions());
  const Result result = connection.query(sql::sessions(), {database});
  std::vector<SessionRow> rows;
  for (int row = 0; row < result.row_count(); ++row) {
    SessionRow session{.pid = static_cast<int>(result.i64(row, 0)),
                       .backend_start = text_or_empty(result, row, 1),
                       .state_change = text_or_empty(result, row, 2),
                       .state = text_or_empty(result, row, 3),
                       .backend_type = text_or_empty(result, row, 4),
                       .user = text_or_empty(result, row, 5),
                       .application = text_or_empty(result, row, 6),
                       .client = text_or_empty(result, row, 7),
                       .may_terminate = result.boolean(row, 9)};
    if (!session.client.empty()) session.client += util::cat(':', text_or_empty(result, row, 8));
    rows.push_back(std::move(session));
  }
  return rows;
}

std::uint64_t database_size(Connection& connection, const std::string& database) {
  return connection.query(sql::database_size(), {database}).u64(0, 0);
}

bool database_exists(Connection& connection, const std::string& database) {
  return connection.query(sql::database_exists(), {database}).boolean(0, 0);
}

bool behind_transaction_pooler(Connection& connection) {
  // An idle pool may well give the same backend twice, so the pid that the login told is asked for,
  // too.
  const std::int64_t first = connection.query(sql::backend_pid()).i64(0, 0);
  const std::int64_t second = connection.query(sql::backend_pid()).i64(0, 0);
  return first != second || first != connection.backend_pid();
}

}  // namespace pg
