#include "tap/upstream.h"

#include <libpq-fe.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "tap/sql_sessions.h"
#include "tap/wire.h"
#include "util/text.h"

namespace tap {

namespace {

using Parameters = std::map<std::string, std::string>;
using namespace std::chrono_literals;

constexpr auto kLoginTime = 2min;  // where no connect_timeout says otherwise
constexpr auto kIdentifyTime = 10s;
constexpr std::size_t kMaxNotices = 100;

// Of the session, hence the client's to say.
const std::set<std::string, std::less<>> kSessionKeywords{
    "user",        "password",         "dbname",
    "options",     "application_name", "fallback_application_name",
    "replication", "client_encoding",  "gssencmode"};

// All that servers report up to 18; libpq gives nothing for those that this one does not.
constexpr std::array kReported{"server_version",
                               "server_encoding",
                               "client_encoding",
                               "application_name",
                               "default_transaction_read_only",
                               "in_hot_standby",
                               "is_superuser",
                               "session_authorization",
                               "DateStyle",
                               "IntervalStyle",
                               "TimeZone",
                               "integer_datetimes",
                               "standard_conforming_strings",
                               "scram_iterations",
                               "search_path"};

std::string value_of(const Parameters& parameters, std::string_view name) {
  const auto found = parameters.find(std::string(name));
  return found == parameters.end() ? std::string() : found->second;
}

// One more setting in the "options" keyword, where blanks and backslashes are escaped by a
// backslash.
void add_setting(std::string& options, std::string_view setting) {
  if (!options.empty()) options += ' ';
  options += "-c ";
  for (const char c : setting) {
    if (c == '\\' || std::isspace(static_cast<unsigned char>(c)) != 0) options += '\\';
    options += c;
  }
}

// The client's own "options". A single backslash at the end means nothing to the server, but would
// join the last word to what is added behind.
std::string client_options(std::string text) {
  const std::size_t last = text.find_last_not_of('\\');
  const std::size_t backslashes = text.size() - (last == std::string::npos ? 0 : last + 1);
  if (backslashes % 2 == 1) text.pop_back();
  return text;
}

std::string session_options(const Options& options, const Parameters& client) {
  static const std::set<std::string, std::less<>> kKeywords{
      "user", "database", "options", "replication", "client_encoding", "application_name"};
  std::string out = client_options(value_of(client, "options"));
  for (const auto& [name, value] : client) {
    if (!kKeywords.contains(name)) add_setting(out, util::cat(name, '=', value));
  }
  for (const std::string& setting : options.startup_settings) add_setting(out, setting);
  // libpq takes an empty value for a missing one and would use PGOPTIONS, which is not the
  // client's.
  return out.empty() ? std::string(" ") : out;
}

Deadline login_deadline(const Options& options) {
  const auto now = std::chrono::steady_clock::now();
  const std::optional<std::uint64_t> seconds =
      util::parse_u64(value_of(options.server.options(), "connect_timeout"));
  if (!seconds || *seconds == 0 || *seconds > 3600) return now + kLoginTime;
  const std::string hosts = value_of(options.server.options(), "host");
  return now + std::chrono::seconds(*seconds) * (1 + std::count(hosts.begin(), hosts.end(), ','));
}

// libpq keeps the SQLSTATE of a refused login for itself, but shows it in the verbose form of the
// message: "FATAL:  3D000: database "x" does not exist", then lines of detail, the last one of them
// LOCATION.
util::Error login_failure(std::string text) {
  std::string sqlstate;
  for (std::size_t at = text.find(":  "); at != std::string::npos; at = text.find(":  ", at + 1)) {
    const std::string_view code = std::string_view(text).substr(at + 3, 5);
    const bool alnum = std::all_of(code.begin(), code.end(), [](unsigned char c) {
      return std::isdigit(c) != 0 || std::isupper(c) != 0;
    });
    if (code.size() != 5 || !alnum || text.compare(at + 8, 2, ": ") != 0) continue;
    sqlstate = code;
    text.erase(at + 1, 8);  // leaves ": "
  }
  const std::size_t location = text.find("\nLOCATION:");
  if (location != std::string::npos) text.erase(location);
  return {util::Kind::Connect, std::string(util::trim(text)), {.sqlstate = std::move(sqlstate)}};
}

// Called by libpq: a notice that finds no memory is lost. The fields have the codes of the
// protocol.
void keep_notice(void* kept, const PGresult* result) noexcept {
  auto& messages = *static_cast<std::vector<std::string>*>(kept);
  if (messages.size() >= kMaxNotices) return;
  try {
    Message message('N');
    for (const char code : std::string_view("SVCMDHPpqWsctdnFLR")) {
      const char* const value = PQresultErrorField(result, code);
      if (value != nullptr) message.byte(code).text(value);
    }
    messages.push_back(message.byte('\0').bytes());
  } catch (const std::bad_alloc&) {
    return;
  }
}

}  // namespace

Canceller::Canceller(pg_conn* connection) : raw_(PQgetCancel(connection)) {}
Canceller::~Canceller() { PQfreeCancel(raw_); }

void Canceller::cancel() const noexcept {
  std::array<char, 256> reason;
  if (raw_ != nullptr) PQcancel(raw_, reason.data(), static_cast<int>(reason.size()));
}

Parameters login_keywords(const Options& options, const Parameters& client) {
  Parameters out;
  for (const auto& [keyword, value] : options.server.options()) {
    if (!kSessionKeywords.contains(keyword)) out[keyword] = value;
  }
  const std::string user = value_of(client, "user");
  const std::string database = value_of(client, "database");
  out["user"] = user;
  out["dbname"] = database.empty() ? user : database;  // as the protocol says
  if (user == options.server.user())
    out["password"] = options.server.password().reveal();  // to log in with
  const std::string application = value_of(client, "application_name");
  out["application_name"] = application.empty() ? options.application_name : application;
  for (const char* const name : {"replication", "client_encoding"}) {
    if (client.contains(name)) out[name] = client.at(name);
  }
  out["options"] = session_options(options, client);
  out["gssencmode"] =
      "disable";  // its raw stream cannot be had from libpq; authentication by GSS can
  return out;
}

void Upstream::Finish::operator()(pg_conn* raw) const noexcept {
  // Without the Terminate of PQfinish: inside an incomplete message it would be taken for the rest
  // of it.
  if (PQsocket(raw) >= 0) ::shutdown(PQsocket(raw), SHUT_RDWR);
  PQfinish(raw);
}

Upstream Upstream::open(const Options& options, const Parameters& client, const StopSignal& stop) {
  const Parameters keywords = login_keywords(options, client);
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [keyword, value] : keywords) {
    names.push_back(keyword.c_str());
    values.push_back(value.c_str());
  }
  names.push_back(nullptr);
  values.push_back(nullptr);

  Upstream upstream;
  upstream.notices_ = std::make_unique<Notices>();
  // The database's name is taken as it is, not as a connection string.
  upstream.connection_.reset(PQconnectStartParams(names.data(), values.data(), 0));
  if (!upstream.connection_)
    throw util::Error(util::Kind::Connect, "out of memory", {.sqlstate = "53200"});
  PQsetErrorVerbosity(upstream.connection_.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(upstream.connection_.get(), keep_notice, &upstream.notices_->messages);
  upstream.log_in(stop, login_deadline(options));
  upstream.canceller_ = std::make_shared<const Canceller>(upstream.connection_.get());
  auto* const tls = static_cast<SSL*>(PQsslStruct(upstream.connection_.get(), "OpenSSL"));
  if (tls != nullptr)
    SSL_set_mode(tls, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  upstream.stream_ = Stream(upstream.socket(), tls);
  return upstream;
}

// For the login and what belongs to it.
void Upstream::wait(short events, const StopSignal& stop, Deadline deadline) const {
  switch (wait_for(socket(), events, stop, deadline)) {
    case Wait::Ready:
      return;
    case Wait::Stopped:
      throw util::Error(util::Kind::Connect, "the guarded run is over", {.sqlstate = "57P01"});
    case Wait::TimedOut:
      throw util::Error(util::Kind::Connect, "the server did not answer the login in time",
                        {.sqlstate = "08006"});
  }
}

void Upstream::log_in(const StopSignal& stop, Deadline deadline) {
  pg_conn* const raw = connection_.get();
  PostgresPollingStatusType next = PGRES_POLLING_WRITING;
  while (PQstatus(raw) != CONNECTION_BAD && next != PGRES_POLLING_OK &&
         next != PGRES_POLLING_FAILED) {
    wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, stop, deadline);
    next = PQconnectPoll(raw);
  }
  if (PQstatus(raw) != CONNECTION_OK) throw login_failure(PQerrorMessage(raw));
  PQsetnonblocking(raw, 1);
}

int Upstream::backend_pid() const noexcept { return PQbackendPID(connection_.get()); }
int Upstream::socket() const noexcept { return PQsocket(connection_.get()); }

void Upstream::identify(SessionRecord& record, const StopSignal& stop) {
  pg_conn* const raw = connection_.get();
  const Deadline deadline = std::chrono::steady_clock::now() + kIdentifyTime;
  if (PQsendQuery(raw, own_session_sql()) != 1) throw login_failure(PQerrorMessage(raw));
  while (PQflush(raw) == 1) wait(POLLOUT, stop, deadline);
  while (true) {
    while (PQisBusy(raw) == 1) {
      wait(POLLIN, stop, deadline);
      if (PQconsumeInput(raw) != 1) throw login_failure(PQerrorMessage(raw));
    }
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQgetResult(raw), PQclear);
    if (!result) break;
    if (PQresultStatus(result.get()) != PGRES_TUPLES_OK || PQntuples(result.get()) != 1) continue;
    if (util::parse_i64(PQgetvalue(result.get(), 0, 0)) != backend_pid())
      continue;  // a pooler's number
    record.backend_start = PQgetvalue(result.get(), 0, 1);
    const std::optional<std::int64_t> port = util::parse_i64(PQgetvalue(result.get(), 0, 2));
    const std::uint16_t own = local_port(socket());
    record.direct = own == 0 ? port == -1 : port == own;
  }
  if (PQstatus(raw) != CONNECTION_OK) throw login_failure(PQerrorMessage(raw));
}

std::string Upstream::greeting() {
  // Complete messages that arrived behind the last ReadyForQuery are taken in here: a changed
  // parameter is reported with its new value, a notice is handed on.
  PQconsumeInput(connection_.get());
  PQisBusy(connection_.get());
  std::string out;
  for (const std::string& notice : notices_->messages) out += notice;
  for (const char* const name : kReported) {
    const char* const value = PQparameterStatus(connection_.get(), name);
    if (value != nullptr) out += Message('S').text(name).text(value).bytes();
  }
  return out;
}

}  // namespace tap
