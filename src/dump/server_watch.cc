#include "dump/server_watch.h"

#include <algorithm>
#include <cmath>

#include "dump/sql_watch.h"
#include "pg/session.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace dump {
namespace {

constexpr std::chrono::milliseconds kBetween{500};
// Of what a look adds to the smoothed load: one busy moment does not stop the reading, two seconds
// of them do.
constexpr double kNewest = 0.4;
constexpr std::chrono::minutes kBetweenNotes{1};

std::string age_text(const sql::HeldBack& held, std::chrono::steady_clock::duration age) {
  std::string text =
      util::cat("the snapshot is ", util::show_duration(std::chrono::duration<double>(age)),
                " old and keeps VACUUM from removing what was deleted or updated since: ",
                util::show_counted(held.transactions, "transaction"), " since then, ",
                util::show_counted(held.dead_rows, "dead row"), " in the database");
  if (held.older) {
    text += util::cat("; ", util::printable(*held.older), " holds it back for longer (",
                      util::show_counted(held.older_transactions, "transaction"), ")");
  }
  return text;
}

}  // namespace

ServerWatch::ServerWatch(const WatchOptions& options, util::Reporter& reporter,
                         const std::stop_token& stop)
    : options_(options), reporter_(reporter), next_warning_(options.snapshot_warning) {
  if (options_.max_load > 0) {
    open(stop);
    if (!sql::sees_all_sessions(*connection_)) {
      reporter_.warning(
          "--max-load counts the sessions of our own role only: grant it pg_read_all_stats to have "
          "all of them counted");
    }
    load_ = static_cast<double>(sql::load(*connection_, options_.application_name));
    judge();
  }
  if (options_.max_load > 0 || next_warning_.count() > 0)
    thread_ = std::jthread([this](const std::stop_token& ended) { run(ended); });
}

ServerWatch::~ServerWatch() {
  thread_.request_stop();
  const util::Lock lock(mutex_);
  changed_.notify_all();
}

void ServerWatch::open(const std::stop_token& stop) {
  connection_.emplace(pg::Connection::open(options_.source, options_.application_name, stop));
  if (options_.on_session) options_.on_session(connection_->backend_pid());
  pg::pin_settings(*connection_, "UTF8");
}

void ServerWatch::wait_until_calm(const std::stop_token& stop) {
  if (options_.max_load == 0) return;
  const std::stop_callback wake(stop, [this] {
    const util::Lock lock(mutex_);
    changed_.notify_all();
  });
  const util::Lock lock(mutex_);
  while (busy_ && !stop.stop_requested()) changed_.wait(mutex_);
}

void ServerWatch::run(const std::stop_token& stop) {
  try {
    while (!stop.stop_requested()) {
      {
        const util::Lock lock(mutex_);
        if (!stop.stop_requested()) changed_.wait_for(mutex_, kBetween);
      }
      if (stop.stop_requested()) return;
      if (options_.max_load > 0) look();
      if (next_warning_.count() > 0 && std::chrono::steady_clock::now() - began_ >= next_warning_) {
        if (!connection_) open(stop);
        tell_age();
      }
    }
  } catch (const util::Error& failure) {
    if (!stop.stop_requested()) {
      reporter_.warning(util::cat("the server is no longer watched while it is read",
                                  options_.max_load > 0 ? ", --max-load is not kept" : "", ": ",
                                  failure.message()));
    }
  }
  set_busy(false);
}

void ServerWatch::look() {
  const auto now = static_cast<double>(sql::load(*connection_, options_.application_name));
  load_ += kNewest * (now - load_);
  judge();
}

// Rounded: the smoothed load comes close to a whole number and never reaches it.
void ServerWatch::judge() {
  const auto load = static_cast<std::uint64_t>(std::lround(load_));
  const bool busy = load > options_.max_load;
  const auto now = std::chrono::steady_clock::now();
  if (busy && (!told_ || now - *told_ >= kBetweenNotes)) {
    told_ = now;
    reporter_.note(util::cat("paused: ", util::show_counted(load, "session"),
                             " of others at work on the server, above --max-load ",
                             options_.max_load));
  }
  set_busy(busy);
}

void ServerWatch::set_busy(bool busy) {
  const util::Lock lock(mutex_);
  if (busy_ == busy) return;
  busy_ = busy;
  changed_.notify_all();
}

void ServerWatch::tell_age() {
  const auto age = std::chrono::steady_clock::now() - began_;
  reporter_.warning(
      age_text(sql::held_back(*connection_, options_.snapshot, options_.application_name), age));
  while (next_warning_ <= age) next_warning_ *= 2;
}

}  // namespace dump
