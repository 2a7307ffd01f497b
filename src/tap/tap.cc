#include "tap/tap.h"

#include <algorithm>
#include <atomic>
#include <list>
#include <system_error>
#include <thread>

#include "pg/connection.h"
#include "tap/client.h"
#include "tap/session.h"
#include "tap/socket.h"
#include "tap/sql_sessions.h"
#include "tap/wire.h"
#include "util/error.h"
#include "util/log.h"
#include "util/mutex.h"
#include "util/text.h"

namespace tap {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxClients = 1'000;  // at once; PostgreSQL's default is 100
constexpr auto kGrace = 100ms;  // for backends to notice by themselves that their client has gone
constexpr auto kAskAgain = 10ms;

struct Served {
  std::atomic<bool> over = false;
  std::jthread thread;  // last: joined before `over` goes
};

// Without a start nobody knows whose the number is (a pooler's): never end a stranger by it.
std::vector<SessionRecord> known_backends(const Registry& registry) {
  std::vector<SessionRecord> records = registry.sessions();
  std::erase_if(records, [](const SessionRecord& record) { return record.backend_start.empty(); });
  return records;
}

void wait_for_backends(pg::Connection& control, const std::vector<SessionRecord>& records,
                       Deadline deadline) {
  const Deadline patience = std::chrono::steady_clock::now() + kGrace;
  while (true) {
    const std::vector<int> pids = alive(control, records);
    if (pids.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    if (now >= deadline) {
      std::vector<std::string> numbers;
      for (const int pid : pids) numbers.push_back(util::cat(pid));
      throw util::Error(util::Kind::Query,
                        util::cat("sessions of the command still run at the server: backends ",
                                  util::join(numbers, ", ")),
                        {.hint = "end them with: select pg_terminate_backend(PID)"});
    }
    if (now >= patience) terminate(control, pids);
    std::this_thread::sleep_for(kAskAgain);
  }
}

}  // namespace

struct Tap::State {
  explicit State(Options options)
      : shared(std::move(options)),
        listener(listen_on_loopback()),
        port(local_port(listener.get())) {
    accepting = std::jthread([this] { accept_clients(); });
  }
  ~State() { shared.stop.raise(); }

  void accept_clients() noexcept;
  void begin(util::UniqueFd client);
  void end_sessions(std::chrono::milliseconds timeout, pg::Connection* control);
  bool wait_for_clients(Deadline deadline);

  Shared shared;
  util::UniqueFd listener;
  const std::uint16_t port;
  util::Mutex mutex;
  util::Condition changed;
  std::list<Served> clients PGBELAY_GUARDED_BY(mutex);
  util::Mutex ending;  // one caller of end_sessions at a time
  bool ended PGBELAY_GUARDED_BY(ending) = false;
  std::jthread accepting;  // joined first; then the clients'
};

// One thread for each client: a run has a handful, and a pool of a hundred costs a few megabytes.
void Tap::State::begin(util::UniqueFd client) {
  util::Lock lock(mutex);
  std::erase_if(clients, [](const Served& item) { return item.over.load(); });
  if (clients.size() >= kMaxClients) {
    const util::Error full(util::Kind::Connect, "too many connections to the guarded run",
                           {.sqlstate = "53300"});
    Client(std::move(client)).write_now(fatal_response(full));
    return;
  }
  Served& item = clients.emplace_back();
  try {
    item.thread = std::jthread([this, &item, socket = std::move(client)]() mutable {
      serve(shared, std::move(socket));
      util::Lock done(mutex);
      item.over = true;
      changed.notify_all();
    });
  } catch (
      const std::system_error& error) {  // no thread to be had: this client is closed, others go on
    util::log::warning(util::cat("tap: no thread for a client: ", error.what()));
    clients.pop_back();
  }
}

void Tap::State::accept_clients() noexcept {
  try {
    while (util::UniqueFd client = accept_client(listener.get(), shared.stop))
      begin(std::move(client));
  } catch (const std::exception& error) {  // the boundary of the thread
    util::log::warning(util::cat("tap: no longer accepts clients: ", error.what()));
  }
}

bool Tap::State::wait_for_clients(Deadline deadline) {
  util::Lock lock(mutex);
  while (!std::ranges::all_of(clients, [](const Served& item) { return item.over.load(); })) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (left <= 0s) return false;
    changed.wait_for(mutex, left);
  }
  return true;
}

void Tap::State::end_sessions(std::chrono::milliseconds timeout, pg::Connection* control) {
  const Deadline deadline = std::chrono::steady_clock::now() + timeout;
  util::Lock one_at_a_time(ending);
  if (ended) return;
  shared.cancel_on_stop = true;
  shared.stop.raise();
  if (accepting.joinable()) accepting.join();
  listener.reset();  // from here on the system refuses for us
  // A client that is not over in time hangs in a cancel request; its backend is ended below all the
  // same.
  if (!wait_for_clients(deadline)) util::log::warning("tap: a cancel request is not answered");

  const std::vector<SessionRecord> records = known_backends(shared.registry);
  if (!records.empty()) {
    std::optional<pg::Connection> own;
    if (control == nullptr)
      own = pg::Connection::open(shared.options.server, shared.options.application_name);
    wait_for_backends(control == nullptr ? *own : *control, records, deadline);
  }
  ended = true;
}

Tap::Tap(Options options) : state_(std::make_unique<State>(std::move(options))) {}
Tap::~Tap() = default;

std::string Tap::host() const { return "127.0.0.1"; }
std::string Tap::port() const { return util::cat(state_->port); }
const util::Secret& Tap::password() const { return state_->shared.password; }
const std::string& Tap::certificate() const { return state_->shared.certificate.pem(); }

std::vector<SessionRecord> Tap::sessions() const { return state_->shared.registry.sessions(); }
std::size_t Tap::open_sessions() const { return state_->shared.registry.open_sessions(); }
std::vector<FailedStatement> Tap::failures() const { return state_->shared.registry.failures(); }

std::optional<FailedStatement> Tap::last_failure() const {
  const std::vector<FailedStatement> all = failures();
  return all.empty() ? std::nullopt : std::optional(all.back());
}

void Tap::cancel(int backend_pid) const noexcept {
  if (const auto canceller = state_->shared.registry.find(backend_pid)) canceller->cancel();
}

void Tap::end_sessions(std::chrono::milliseconds timeout) {
  state_->end_sessions(timeout, nullptr);
}

void Tap::end_sessions(std::chrono::milliseconds timeout, pg::Connection& control) {
  state_->end_sessions(timeout, &control);
}

void Tap::rethrow_failure() const { state_->shared.registry.rethrow_failure(); }

}  // namespace tap
