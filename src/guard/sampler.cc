#include "guard/sampler.h"

#include <algorithm>
#include <array>
#include <optional>

#include "guard/sql_rehearsal.h"
#include "util/error.h"
#include "util/log.h"
#include "util/text.h"

namespace guard {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

// pg_locks stops every other lock of the server for some microseconds: often only where a statement
// begins that may be short.
constexpr auto kPause = 20ms;
constexpr auto kHurriedPause = 1ms;
constexpr auto kHurry = 100ms;
constexpr auto kBetweenSizes = 200ms;  // at least; ten times as long as one takes

std::string first_word(std::string_view statement) {
  while (!statement.empty()) {
    statement = util::trim(statement);
    if (statement.starts_with("--")) {
      const std::size_t end = statement.find('\n');
      statement.remove_prefix(end == std::string_view::npos ? statement.size() : end);
    } else if (statement.starts_with("/*")) {
      const std::size_t end = statement.find("*/");
      statement.remove_prefix(end == std::string_view::npos ? statement.size() : end + 2);
    } else {
      break;
    }
  }
  const std::size_t end = statement.find_first_of(" \t\r\n;(");
  return util::lower(statement.substr(0, end));
}

template <std::size_t N>
bool one_of(const std::string& word, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool may_lock(std::string_view statement) {
  constexpr std::array<std::string_view, 14> kHarmless{
      "insert", "update", "delete", "select", "copy", "set",       "show",
      "begin",  "start",  "commit", "end",    "with", "savepoint", "release"};
  return !one_of(first_word(statement), kHarmless);
}

bool ends_transaction(std::string_view statement) {
  constexpr std::array<std::string_view, 5> kEnds{"commit", "end", "rollback", "abort", "prepare"};
  return one_of(first_word(statement), kEnds);
}

Sampler::Sampler(const SamplerOptions& options) : options_(options) {
  {
    const util::Lock hold(mutex_);
    last_look_ = util::Clock::now();
    look_locked();
    measure_locked();
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Sampler::~Sampler() {
  thread_.request_stop();
  woken_.notify_all();
}

void Sampler::run(const std::stop_token& stop) {
  const util::Lock hold(mutex_);
  while (!stop.stop_requested() && complete_) {
    const bool hurried = Steady::now() < hurry_until_;
    woken_.wait_for(mutex_, hurried ? kHurriedPause : kPause);
    if (stop.stop_requested()) break;
    look_locked();
    if (Steady::now() >= next_size_) measure_locked();
  }
}

void Sampler::hurry() {
  const util::Lock hold(mutex_);
  hurry_until_ = Steady::now() + kHurry;
  woken_.notify_all();
}

void Sampler::look() {
  const util::Lock hold(mutex_);
  look_locked();
}

void Sampler::look_locked() {
  if (!complete_ || stopping_) return;
  std::vector<LockRow> rows;
  try {
    rows = relation_locks(options_.control, options_.database, options_.pids());
  } catch (
      const util::Error& error) {  // the rehearsal goes on; its report says that it is not whole
    util::log::warning(
        util::cat("the rehearsal's locks are not watched any more: ", error.message()));
    complete_ = false;
    return;
  }
  const util::Clock::time_point now = util::Clock::now();
  for (const LockRow& row : rows) {
    const Key key{row.pid, row.relation, row.mode};
    const auto [at, fresh] = open_.try_emplace(key, SampledLock{.pid = row.pid,
                                                                .relation = row.relation,
                                                                .mode = row.mode,
                                                                .after = last_look_,
                                                                .first_seen = now});
    at->second.last_seen = now;
  }
  for (auto at = open_.begin(); at != open_.end();) {
    if (at->second.last_seen == now) {
      ++at;
      continue;
    }
    at->second.before = now;
    over_.push_back(std::move(at->second));
    at = open_.erase(at);
  }
  last_look_ = now;
}

void Sampler::measure_locked() {
  if (!complete_ || stopping_) return;
  const Steady::time_point begin = Steady::now();
  try {
    if (const auto bytes = database_bytes(options_.control, options_.database))
      peak_bytes_ = std::max(peak_bytes_, *bytes);
  } catch (const util::Error& error) {
    util::log::warning(util::cat("the size of the copy is not watched: ", error.message()));
  }
  const Steady::time_point end = Steady::now();
  next_size_ = end + std::max<Steady::duration>(kBetweenSizes, 10 * (end - begin));
}

void Sampler::stop() {
  thread_.request_stop();
  woken_.notify_all();
  if (thread_.joinable()) thread_.join();
  const util::Lock hold(mutex_);
  look_locked();
  measure_locked();
  for (auto& [key, lock] : open_) {
    lock.before = util::Clock::now();
    over_.push_back(lock);
  }
  open_.clear();
  stopping_ = true;
}

std::vector<SampledLock> Sampler::locks() const {
  const util::Lock hold(mutex_);
  return over_;
}

std::uint64_t Sampler::peak_bytes() const {
  const util::Lock hold(mutex_);
  return peak_bytes_;
}

bool Sampler::complete() const {
  const util::Lock hold(mutex_);
  return complete_;
}

namespace {

std::optional<LockMode> shown_mode(std::string_view name) {
  if (name == "AccessExclusiveLock") return LockMode::AccessExclusive;
  if (name == "ExclusiveLock") return LockMode::Exclusive;
  if (name == "ShareRowExclusiveLock") return LockMode::ShareRowExclusive;
  if (name == "ShareLock") return LockMode::Share;
  if (name == "ShareUpdateExclusiveLock") return LockMode::ShareUpdateExclusive;
  return std::nullopt;
}

// The statement that took it: the first of its session that was over after the lock could have been
// taken.
const RehearsedStatement* taker(const SampledLock& lock,
                                const std::vector<RehearsedStatement>& statements) {
  for (const RehearsedStatement& statement : statements) {
    if (statement.pid == lock.pid && statement.end > lock.after &&
        statement.begin <= lock.first_seen)
      return &statement;
  }
  return nullptr;
}

// It goes with the end of a statement: the last that ended while it was seen to go.
util::Clock::time_point let_go(const SampledLock& lock,
                               const std::vector<RehearsedStatement>& statements) {
  std::optional<util::Clock::time_point> end;
  for (const RehearsedStatement& statement : statements) {
    if (statement.pid == lock.pid && statement.end >= lock.last_seen &&
        statement.end <= lock.before)
      end = end ? std::max(*end, statement.end) : statement.end;
  }
  return end.value_or(lock.before);
}

}  // namespace

std::vector<HeldLock> measured_locks(const std::vector<SampledLock>& sampled,
                                     const std::vector<RehearsedStatement>& statements,
                                     const std::map<std::uint32_t, std::string>& relations) {
  std::vector<HeldLock> out;
  for (const SampledLock& lock : sampled) {
    const auto name = relations.find(lock.relation);
    const std::optional<LockMode> mode = shown_mode(lock.mode);
    if (name == relations.end() || !mode) continue;
    const RehearsedStatement* const by = taker(lock, statements);
    out.push_back({.pid = lock.pid,
                   .relation = name->second,
                   .mode = *mode,
                   .begin = by == nullptr ? lock.after : std::max(lock.after, by->begin),
                   .end = let_go(lock, statements),
                   .statement = by == nullptr ? std::nullopt : std::optional(by->number)});
  }
  std::sort(out.begin(), out.end(), [](const HeldLock& a, const HeldLock& b) {
    return std::tuple(b.end - b.begin, b.mode, a.relation) <
           std::tuple(a.end - a.begin, a.mode, b.relation);
  });
  return out;
}

}  // namespace guard
