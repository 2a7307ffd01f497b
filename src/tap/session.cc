#include "tap/session.h"

#include "tap/handshake.h"
#include "tap/relay.h"
#include "tap/upstream.h"
#include "tap/wire.h"
#include "util/log.h"
#include "util/text.h"

namespace tap {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kPasswordBytes = 24;  // random ones
constexpr auto kGreetingTime = 10s;

std::string value_of(const Startup& startup, const char* name) {
  const auto found = startup.parameters.find(name);
  return found == startup.parameters.end() ? std::string() : found->second;
}

void say(Shared& shared, const Client& client, const util::Error& error) {
  client.write_now(fatal_response(error));
  if (!shared.stop.raised()) client.linger(shared.stop);
}

std::uint32_t random_key() {
  const std::string digits =
      util::random_secret(4).reveal();  // handed to the client, as the server's would be
  return read_u32(util::unhex(digits).value_or(std::string(4, '\0')).data());
}

class Session {
 public:
  Session(Shared& shared, Client& client) : shared_(shared), client_(client) {}
  void run();

 private:
  void cancel(const CancelKey& key);
  void open(const Startup& startup);
  SessionRecord log_in(const Startup& startup);
  void refused(const Startup& startup, const util::Error& error);
  void let_in();
  void relay();

  Shared& shared_;
  Client& client_;
  std::optional<Upstream> upstream_;
  SessionRecord record_;    // as it was at the login
  std::size_t number_ = 0;  // in the registry
  std::uint32_t key_ = random_key();
};

void Session::run() {
  Handshake handshake(client_, shared_.certificate, shared_.stop);
  const std::variant<CancelKey, Startup> wish = handshake.begin();
  if (const auto* key = std::get_if<CancelKey>(&wish)) return cancel(*key);
  const auto& startup = std::get<Startup>(wish);
  if (value_of(startup, "user").empty()) {
    throw util::Error(util::Kind::Connect, "the startup packet names no user",
                      {.sqlstate = "28000"});
  }
  handshake.authenticate(shared_.verifier, value_of(startup, "user"));
  open(startup);
  try {
    let_in();
    relay();
  } catch (...) {  // only to close the record: the session is over in every case
    shared_.registry.leave(number_);
    throw;
  }
  shared_.registry.leave(number_);
}

// The request is answered by the end of its connection, as by the server.
void Session::cancel(const CancelKey& key) {
  if (const auto canceller = shared_.registry.find(key.pid, key.key)) canceller->cancel();
}

void Session::open(const Startup& startup) {
  const Registry::Login login(shared_.registry);
  record_ = log_in(startup);
  number_ = shared_.registry.enter(record_, key_, upstream_->canceller());
}

SessionRecord Session::log_in(const Startup& startup) {
  SessionRecord record;
  record.user = value_of(startup, "user");
  record.database = value_of(startup, "database");
  if (record.database.empty()) record.database = record.user;
  std::map<std::string, std::string> parameters = startup.parameters;
  if (shared_.options.database_for)
    parameters["database"] = record.database = shared_.options.database_for(record.database);
  record.application = value_of(startup, "application_name");
  if (record.application.empty()) record.application = shared_.options.application_name;
  const std::string replication = util::lower(value_of(startup, "replication"));
  record.replication = !replication.empty() && replication != "false" && replication != "off" &&
                       replication != "no" && replication != "0";
  try {
    upstream_ = Upstream::open(shared_.options, parameters, shared_.stop);
    record.backend_pid = upstream_->backend_pid();
    record.start = util::Clock::now();
    // A physical walsender knows no SQL.
    if (!record.replication || replication == "database") upstream_->identify(record, shared_.stop);
  } catch (const util::Error& error) {
    refused(startup, error);
  }
  return record;
}

void Session::refused(const Startup& startup, const util::Error& error) {
  shared_.registry.failed(std::nullopt, {.sqlstate = error.sqlstate(),
                                         .severity = "FATAL",
                                         .message = error.message(),
                                         .time = util::Clock::now()});
  const std::string user = value_of(startup, "user");
  const bool login_refused = error.sqlstate().starts_with("28") || error.sqlstate().empty();
  if (user == shared_.options.server.user() || !login_refused) throw error;
  throw util::Error(
      util::Kind::Connect,
      util::cat("the guarded run has no password for user \"", user, "\": ", error.message()),
      {.hint = util::cat("connect as \"", shared_.options.server.user(),
                         "\", or start pgbelay with the URL of the user that the command needs, or "
                         "with --no-tap"),
       .sqlstate = "28000"});
}

void Session::let_in() {
  std::string bytes = Message('R').int32(0).bytes();
  bytes += upstream_->greeting();
  bytes +=
      Message('K').int32(static_cast<std::uint32_t>(upstream_->backend_pid())).int32(key_).bytes();
  bytes += Message('Z').byte('I').bytes();
  if (!client_.stream().write_all(bytes, shared_.stop,
                                  std::chrono::steady_clock::now() + kGreetingTime))
    throw ClientGone();
  shared_.registry.let_in(number_);
}

void Session::relay() {
  std::function<void(std::string_view)> before_statement;
  if (shared_.options.on_statement)
    before_statement = [this](std::string_view statement) {
      shared_.options.on_statement(record_, statement);
    };
  std::function<void(std::string_view)> started;
  if (shared_.options.on_started)
    started = [this](std::string_view statement) {
      shared_.options.on_started(record_, statement);
    };
  std::function<void(FinishedStatement)> finished;
  if (shared_.options.on_finished)
    finished = [this](FinishedStatement statement) {
      statement.backend_pid = upstream_->backend_pid();
      shared_.options.on_finished(record_, statement);
    };
  Relay relay(client_.stream(), upstream_->stream(), shared_.stop,
              {.before_first_message = [this] { shared_.registry.pass_gate(); },
               .before_statement = std::move(before_statement),
               .started = std::move(started),
               .counted = [this](std::uint64_t count) { shared_.registry.count(number_, count); },
               .failed =
                   [this](FailedStatement failure) {
                     failure.backend_pid = upstream_->backend_pid();
                     failure.time = util::Clock::now();
                     shared_.registry.failed(number_, std::move(failure));
                   },
               .finished = std::move(finished)});
  const Relay::End end = relay.run();
  if (std::optional<LeftOpen> open = relay.left_open())
    shared_.registry.left_open(number_, *std::move(open));
  switch (end) {
    case Relay::End::Client:
      break;
    case Relay::End::Server:
      client_.linger(shared_.stop);
      break;
    case Relay::End::Stopped:
      if (shared_.cancel_on_stop && relay.statement_running()) upstream_->canceller()->cancel();
      if (relay.may_speak()) {
        say(shared_, client_,
            {util::Kind::Connect, "the guarded run has ended this session", {.sqlstate = "57P01"}});
      }
  }
}

}  // namespace

Shared::Shared(Options given)
    : options(std::move(given)),
      password(util::random_secret(kPasswordBytes)),
      verifier(password),
      registry(options) {}

void serve(Shared& shared, util::UniqueFd socket) noexcept {
  Client client(std::move(socket));
  try {
    Session(shared, client).run();
  } catch (const ClientGone&) {
    return;
  } catch (
      const util::Error& error) {  // the boundary of the thread: the client is the one to be told
    util::log::info(util::cat("tap: refused a client: ", util::printable(error.message())));
    say(shared, client, error);
  } catch (const std::exception& error) {
    util::log::warning(util::cat("tap: a session failed: ", error.what()));
    say(shared, client, {util::Kind::Bug, "internal error of the tap", {.sqlstate = "XX000"}});
  }
}

}  // namespace tap
