#include "tap/registry.h"

#include <algorithm>

#include "util/error.h"

namespace tap {

namespace {

constexpr std::size_t kMaxRefused = 100;  // of logins; the latest are kept
constexpr std::string_view kInFailedTransaction = "25P02";

util::Error shut() {
  return {util::Kind::Connect,
          "the guarded run does not let the command begin",
          {.hint = "the output of pgbelay says why", .sqlstate = "57P03"}};
}

}  // namespace

Registry::Login::Login(Registry& registry) : registry_(registry) {
  util::Lock lock(registry_.mutex_);
  while (registry_.gate_ == Gate::Deciding) registry_.changed_.wait(registry_.mutex_);
  if (registry_.gate_ == Gate::Shut) throw shut();
  ++registry_.logins_;
}

Registry::Login::~Login() {
  util::Lock lock(registry_.mutex_);
  --registry_.logins_;
  registry_.changed_.notify_all();
}

std::size_t Registry::enter(const SessionRecord& record, std::uint32_t key,
                            std::shared_ptr<const Canceller> canceller) {
  std::size_t number = 0;
  {
    util::Lock lock(mutex_);
    number = entries_.size();
    entries_.push_back({.record = record, .key = key, .canceller = std::move(canceller)});
  }
  if (!options_.on_session) return number;
  util::Lock one_at_a_time(callbacks_);
  try {
    options_.on_session(record);
  } catch (...) {  // a thread boundary: the caller of rethrow_failure gets it
    keep_failure(std::current_exception());
    leave(number);
    throw shut();
  }
  return number;
}

void Registry::let_in(std::size_t session) {
  util::Lock lock(mutex_);
  entries_[session].record.login_complete = true;
}

void Registry::count(std::size_t session, std::uint64_t statements) {
  util::Lock lock(mutex_);
  entries_[session].record.statements = statements;
}

void Registry::left_open(std::size_t session, LeftOpen what) {
  util::Lock lock(mutex_);
  entries_[session].record.left_open = std::move(what);
}

void Registry::leave(std::size_t session) {
  util::Lock lock(mutex_);
  entries_[session].record.end = util::Clock::now();
  entries_[session].canceller.reset();
}

void Registry::failed(std::optional<std::size_t> session, FailedStatement failure) {
  util::Lock lock(mutex_);
  if (session) {
    Entry& entry = entries_[*session];
    // The end of an idle session, and what an aborted transaction refuses, say less than what
    // failed before.
    const bool follows = failure.statement.empty() || failure.sqlstate == kInFailedTransaction;
    if (!entry.failure || !follows) entry.failure = std::move(failure);
    return;
  }
  if (refused_.size() == kMaxRefused) refused_.erase(refused_.begin());
  refused_.push_back(std::move(failure));
}

void Registry::keep_failure(std::exception_ptr failure) {
  util::Lock lock(mutex_);
  if (!callback_failure_) callback_failure_ = std::move(failure);
}

void Registry::pass_gate() {
  {
    util::Lock lock(mutex_);
    while (gate_ == Gate::Deciding) changed_.wait(mutex_);
    if (gate_ == Gate::Shut) throw shut();
    if (gate_ == Gate::Open) return;
    gate_ = Gate::Deciding;
    while (logins_ > 0) changed_.wait(mutex_);
  }
  Gate decision = Gate::Open;
  if (options_.on_first_statement) {
    util::Lock one_at_a_time(callbacks_);
    try {
      options_.on_first_statement();
    } catch (...) {  // a thread boundary: the caller of rethrow_failure gets it
      keep_failure(std::current_exception());
      decision = Gate::Shut;
    }
  }
  {
    util::Lock lock(mutex_);
    gate_ = decision;
  }
  changed_.notify_all();
  if (decision == Gate::Shut) throw shut();
}

std::shared_ptr<const Canceller> Registry::find(std::uint32_t pid, std::uint32_t key) const {
  util::Lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return static_cast<std::uint32_t>(entry.record.backend_pid) == pid && entry.key == key;
  });
  return found == entries_.end() ? nullptr : found->canceller;
}

std::shared_ptr<const Canceller> Registry::find(int backend_pid) const {
  util::Lock lock(mutex_);
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.record.backend_pid == backend_pid && entry.canceller;
  });
  return found == entries_.end() ? nullptr : found->canceller;
}

std::vector<SessionRecord> Registry::sessions() const {
  util::Lock lock(mutex_);
  std::vector<SessionRecord> out;
  for (const Entry& entry : entries_) out.push_back(entry.record);
  return out;
}

std::size_t Registry::open_sessions() const {
  util::Lock lock(mutex_);
  return static_cast<std::size_t>(std::count_if(
      entries_.begin(), entries_.end(), [](const Entry& entry) { return !entry.record.end; }));
}

std::vector<FailedStatement> Registry::failures() const {
  util::Lock lock(mutex_);
  std::vector<FailedStatement> out = refused_;
  for (const Entry& entry : entries_) {
    if (entry.failure) out.push_back(*entry.failure);
  }
  std::ranges::stable_sort(out, {}, &FailedStatement::time);
  return out;
}

void Registry::rethrow_failure() const {
  std::exception_ptr failure;
  {
    util::Lock lock(mutex_);
    failure = callback_failure_;
  }
  if (failure) std::rethrow_exception(failure);
}

}  // namespace tap
