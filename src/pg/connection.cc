#include "pg/connection.h"

#include <libpq-fe.h>

#include <array>

#include "pg/connection_state.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

constexpr std::size_t kNoticesKept = 1000;

std::string field(const PGresult* result, int code) {
  const char* const text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

// Called by libpq, hence must not throw: a notice that finds no memory is lost.
void keep_notice(void* kept, const PGresult* result) noexcept {
  auto& notices = *static_cast<std::deque<Notice>*>(kept);
  try {
    if (notices.size() == kNoticesKept) notices.pop_front();
    notices.push_back({.severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED),
                       .sqlstate = field(result, PG_DIAG_SQLSTATE),
                       .message = field(result, PG_DIAG_MESSAGE_PRIMARY)});
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace

void FreeCancel::operator()(pg_cancel* raw) const noexcept { PQfreeCancel(raw); }

util::Error Connection::State::failure(const pg_result* result) const {
  std::string message = field(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string sqlstate = field(result, PG_DIAG_SQLSTATE);
  const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL);
  std::string hint = field(result, PG_DIAG_MESSAGE_HINT);
  if (message.empty()) message = one_line(PQresultErrorMessage(result));  // libpq's own
  if (message.empty()) message = one_line(PQerrorMessage(raw()));
  if (!detail.empty()) message += util::cat(" (", detail, ')');
  const std::string severity = field(result, PG_DIAG_SEVERITY_NONLOCALIZED);
  // After FATAL the server closes the connection, whether or not libpq has seen that yet.
  if (PQstatus(raw()) == CONNECTION_BAD || severity == "FATAL" || severity == "PANIC") {
    return {util::Kind::Connect,
            util::cat("the connection to ", where, " was lost: ", message),
            {.hint = "Check the server's log.", .sqlstate = sqlstate}};
  }
  const util::Kind kind = sqlstate == "42501" ? util::Kind::Privilege : util::Kind::Query;
  return {kind, std::move(message), {.hint = std::move(hint), .sqlstate = sqlstate}};
}

Result Connection::State::adopt(pg_result* taken) {
  Result result(taken);
  switch (PQresultStatus(taken)) {
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK:
    case PGRES_EMPTY_QUERY:
      return result;
    case PGRES_COPY_IN:
    case PGRES_COPY_OUT:
    case PGRES_COPY_BOTH:
      drain();
      throw util::Error(util::Kind::Bug, "a COPY was sent as a plain statement");
    default:
      throw failure(taken);
  }
}

void Connection::State::drain() noexcept {
  while (PGresult* const result = PQgetResult(raw())) {
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    if (status == PGRES_COPY_IN || status == PGRES_COPY_BOTH) PQputCopyEnd(raw(), "not wanted");
    if (status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH) {
      char* row = nullptr;
      while (PQgetCopyData(raw(), &row, 0) > 0) PQfreemem(row);
    }
    if (PQstatus(raw()) == CONNECTION_BAD) return;
  }
}

// Unlike PQexec, which gives back the last of several results: when the server ends a session, the
// first one has its reason and the last one says no more than that the connection is gone.
Result Connection::State::take_answer(int sent) {
  if (sent == 0) throw failure(nullptr);
  pg_result* const first = PQgetResult(raw());
  const ExecStatusType status = PQresultStatus(first);
  const bool copy =
      status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
  if (!copy) drain();
  return adopt(first);
}

Connection::Connection(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Connection::Connection(Connection&&) noexcept = default;
Connection& Connection::operator=(Connection&&) noexcept = default;
Connection::~Connection() = default;

Connection Connection::open(const ConnInfo& info, std::string_view application_name,
                            std::stop_token stop) {
  auto state = std::make_unique<State>();
  state->connection = connect(info, application_name, stop);
  state->where = info.display();
  PQsetNoticeReceiver(state->raw(), &keep_notice, &state->notices);
  state->cancel.reset(PQgetCancel(state->raw()));
  return Connection(std::move(state));
}

Result Connection::query(std::string_view sql, const std::vector<Param>& parameters) {
  std::vector<const char*> values;
  for (const Param& parameter : parameters)
    values.push_back(parameter ? parameter->c_str() : nullptr);
  return state_->take_answer(PQsendQueryParams(raw(), std::string(sql).c_str(),
                                               static_cast<int>(values.size()), nullptr,
                                               values.data(), nullptr, nullptr, 0));
}

std::uint64_t Connection::execute(std::string_view sql) {
  if (PQsendQuery(raw(), std::string(sql).c_str()) == 0) throw state_->failure(nullptr);
  std::uint64_t rows = 0;
  while (PGresult* const result = PQgetResult(raw())) {
    try {
      rows += state_->adopt(result).affected_rows();
    } catch (const util::Error&) {
      state_->drain();
      throw;
    }
  }
  return rows;
}

void Connection::cancel() noexcept {
  std::array<char, 256> ignored{};
  if (state_ && state_->cancel)
    PQcancel(state_->cancel.get(), ignored.data(), static_cast<int>(ignored.size()));
}

bool Connection::alive() noexcept {
  PQclear(PQexec(raw(), "select 1"));  // an error is an answer, too: within a failed transaction
  return PQstatus(raw()) == CONNECTION_OK;
}

bool Connection::in_transaction() const noexcept {
  const PGTransactionStatusType status = PQtransactionStatus(raw());
  return status == PQTRANS_INTRANS || status == PQTRANS_INERROR || status == PQTRANS_ACTIVE;
}

int Connection::server_version() const noexcept { return PQserverVersion(raw()); }
std::string Connection::server_version_text() const { return parameter("server_version"); }
int Connection::backend_pid() const noexcept { return PQbackendPID(raw()); }

std::string Connection::parameter(std::string_view name) const {
  const char* const value = PQparameterStatus(raw(), std::string(name).c_str());
  return value == nullptr ? std::string() : std::string(value);
}

std::string Connection::database() const { return PQdb(raw()); }
std::string Connection::user() const { return PQuser(raw()); }

std::vector<Notice> Connection::take_notices() {
  std::vector<Notice> taken(std::make_move_iterator(state_->notices.begin()),
                            std::make_move_iterator(state_->notices.end()));
  state_->notices.clear();
  return taken;
}

pg_conn* Connection::raw() const noexcept { return state_->raw(); }

}  // namespace pg
