#include "pg/connect.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <new>
#include <string>
#include <vector>

#include "util/error.h"
#include "util/text.h"
#include "util/workers.h"

namespace pg {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kDefaultTimeout{10};
constexpr std::chrono::milliseconds kSlice{50};  // how late a stop may be noticed

// The server's refusal holds its SQLSTATE only in the verbose form of the message, as ":  XXXXX: ",
// whatever the language; libpq has no other way to it before a connection stands.
struct Refusal {
  std::string sqlstate;  // empty if no server spoke
  std::string message;
};

Refusal read_refusal(std::string_view verbose) {
  constexpr std::string_view kBefore = ":  ";
  constexpr std::string_view kAfter = ": ";
  const auto is_state = [](std::string_view code) {
    return std::all_of(code.begin(), code.end(),
                       [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); });
  };
  for (std::size_t at = verbose.find(kBefore); at != std::string_view::npos;
       at = verbose.find(kBefore, at + 1)) {
    const std::size_t code_at = at + kBefore.size();
    const std::string_view code = verbose.substr(code_at, 5);
    const std::string_view rest = verbose.substr(std::min(verbose.size(), code_at + 5));
    if (code.size() != 5 || !is_state(code) || !rest.starts_with(kAfter)) continue;
    const std::string_view sentence = rest.substr(kAfter.size(), rest.find('\n') - kAfter.size());
    return {.sqlstate = std::string(code),
            .message = one_line(util::cat(verbose.substr(0, code_at), sentence))};
  }
  return {.sqlstate = {}, .message = one_line(verbose)};
}

std::string hint_for(const ConnInfo& info, const std::string& sqlstate, bool needs_password) {
  if (needs_password) return "Give a password in the URL, in PGPASSWORD or in ~/.pgpass.";
  if (sqlstate == "28P01") return util::cat("Check user \"", info.user(), "\" and its password.");
  if (sqlstate == "28000")
    return util::cat("Check user \"", info.user(), "\" and the server's pg_hba.conf.");
  if (sqlstate == "3D000") return "Check the database's name; psql -l lists those that exist.";
  if (sqlstate == "53300")
    return "The server has no free connection: end some, or raise max_connections.";
  if (sqlstate == "57P03")
    return "The server is starting up or shutting down: try again in a moment.";
  if (sqlstate == "42501")
    return util::cat("User \"", info.user(), "\" needs the CONNECT privilege on the database.");
  return "Check that the server runs and accepts connections there, and that host, port and TLS "
         "settings are right.";
}

[[noreturn]] void refuse(PGconn* raw, const ConnInfo& info) {
  const char* const text = PQerrorMessage(raw);
  const Refusal refusal = read_refusal(text == nullptr ? "" : text);
  throw util::Error(util::Kind::Connect,
                    util::cat("cannot connect to ", info.display(), ": ", refusal.message),
                    {.hint = hint_for(info, refusal.sqlstate, PQconnectionNeedsPassword(raw) != 0),
                     .sqlstate = refusal.sqlstate});
}

// connect_timeout is per host, as in libpq; 0 or less is without limit there, and the default here.
SteadyClock::duration time_limit(const ConnInfo& info) {
  const auto timeout = info.options().find("connect_timeout");
  std::chrono::seconds each = kDefaultTimeout;
  if (timeout != info.options().end()) {
    const std::int64_t seconds = util::parse_i64(timeout->second).value_or(0);
    if (seconds > 0) each = std::chrono::seconds(seconds);
  }
  const std::string host = info.host();
  return each * (1 + std::count(host.begin(), host.end(), ','));
}

void poll_until_connected(PGconn* raw, const ConnInfo& info, const std::stop_token& stop) {
  const SteadyClock::time_point deadline = SteadyClock::now() + time_limit(info);
  for (PostgresPollingStatusType want = PGRES_POLLING_WRITING; want != PGRES_POLLING_OK;
       want = PQconnectPoll(raw)) {
    if (want == PGRES_POLLING_FAILED) refuse(raw, info);
    pollfd wait{PQsocket(raw), static_cast<short>(want == PGRES_POLLING_READING ? POLLIN : POLLOUT),
                0};
    while (::poll(&wait, 1, static_cast<int>(kSlice.count())) <= 0) {
      util::throw_if_stopped(stop);
      if (SteadyClock::now() < deadline) continue;
      throw util::Error(util::Kind::Connect,
                        util::cat("cannot connect to ", info.display(), ": no answer in time"),
                        {.hint = "Check host, port and firewall, or give a larger connect_timeout.",
                         .sqlstate = {}});
    }
  }
}

}  // namespace

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : util::trim(text)) {
    const bool space = c == '\n' || c == '\t' || c == ' ';
    if (!space) out += c;
    if (space && !out.ends_with(' ')) out += ' ';
  }
  return util::printable(out);
}

void FinishConnection::operator()(pg_conn* raw) const noexcept { PQfinish(raw); }

RawConnection connect(const ConnInfo& info, std::string_view application_name,
                      const std::stop_token& stop) {
  util::throw_if_stopped(stop);
  std::map<std::string, std::string> options = info.options();
  options["application_name"] = application_name;
  if (!info.password().empty()) options["password"] = info.password().reveal();
  std::vector<const char*> keywords;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : options) {
    keywords.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  keywords.push_back(nullptr);
  values.push_back(nullptr);
  RawConnection connection(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection) throw std::bad_alloc();
  if (PQstatus(connection.get()) == CONNECTION_BAD) refuse(connection.get(), info);
  PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);
  poll_until_connected(connection.get(), info, stop);
  PQsetErrorVerbosity(connection.get(), PQERRORS_DEFAULT);
  return connection;
}

}  // namespace pg
