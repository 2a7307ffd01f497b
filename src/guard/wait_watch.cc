#include "guard/wait_watch.h"

#include "guard/sql_waits.h"
#include "util/error.h"
#include "util/log.h"
#include "util/pause.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto kBetweenLooks = 250ms;

std::string blocker_line(const BlockerRow& row) {
  std::string who = row.pid == 0 ? std::string() : cat("pid ", row.pid);
  if (!row.user.empty()) who += cat(who.empty() ? "" : ", ", util::printable(row.user));
  if (!row.application.empty()) who += cat(", ", util::printable(row.application));
  return cat(row.what, who.empty() ? "" : cat(" (", who, ")"),
             row.seconds == 0
                 ? std::string()
                 : cat(", for ", util::show_duration(std::chrono::seconds(row.seconds))));
}

}  // namespace

WaitWatch::WaitWatch(const RunContext& context, const Options& options, const SessionLedger& ledger,
                     std::stop_token outer)
    : context_(context),
      options_(options),
      ledger_(ledger),
      forward_(std::move(outer), Forward{&stop_}) {
  if (options.max_waiting == 0 || options.max_wait == 0ms) return;
  thread_ = std::jthread([this](const std::stop_token& ended) { run(ended); });
}

WaitWatch::~WaitWatch() = default;

std::string WaitWatch::reason() const {
  const util::Lock hold(mutex_);
  return reason_;
}

void WaitWatch::run(const std::stop_token& ended) {
  try {
    pg::Connection control = swap::open_maintenance(context_.live.served(), context_.maintenance_db,
                                                    context_.names.application, ended);
    Steady::time_point since = Steady::now();  // when enough of them began to wait
    while (!ended.stop_requested()) {
      util::pause(kBetweenLooks, ended);
      std::vector<int> pids;
      for (const OwnSession& session : ledger_.sessions()) pids.push_back(session.pid);
      const std::uint64_t waiting = waiting_for(control, context_.database.database(), pids);
      if (waiting < options_.max_waiting) since = Steady::now();
      if (waiting < options_.max_waiting || Steady::now() - since < options_.max_wait) continue;
      {
        const util::Lock hold(mutex_);
        reason_ = cat("stopped: ", util::show_counted(waiting, "session"),
                      " had to wait for it for ", util::show_duration(options_.max_wait),
                      " (--max-waiting ", options_.max_waiting, ", --max-wait)");
      }
      stop_.request_stop();
      return;
    }
  } catch (const util::Error& error) {  // the migration goes on without being watched
    if (!ended.stop_requested())
      util::log::warning(cat("who waits for the migration is not watched: ", error.message()));
  }
}

std::vector<std::string> lock_blockers(pg::Connection& maintenance, const std::string& database,
                                       const IsOwn& is_own) {
  std::vector<std::string> lines;
  try {
    for (const BlockerRow& row : blockers_of_locks(maintenance, database)) {
      if (!is_own(row.pid, row.application)) lines.push_back(blocker_line(row));
    }
  } catch (const util::Error& error) {  // a warning less; the migration is not begun for its sake
    util::log::warning(cat("what blocks locks cannot be told: ", error.message()));
  }
  return lines;
}

}  // namespace guard
