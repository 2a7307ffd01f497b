#include "guard/standby.h"

#include <chrono>
#include <thread>

#include "guard/sql_guard.h"
#include "guard/sql_hold.h"
#include "guard/sql_preflight.h"
#include "pg/server_facts.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kReplayPatience = 30s;  // for the standby to have the swap
constexpr auto kEndPatience = 10s;
constexpr auto kPause = 20ms;

pg::Connection open(const pg::ConnInfo& replica, const RunContext& context) {
  return swap::open_maintenance(replica.with_database(context.database.database()),
                                context.maintenance_db, context.names.application, {});
}

bool await_replay(pg::Connection& standby, const RunContext& context) {
  const std::uint32_t live = database_oid(context.maintenance, context.database.database());
  const auto deadline = std::chrono::steady_clock::now() + kReplayPatience;
  while (database_oid(standby, context.database.database()) != live) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

// Sessions of the replaced database have its new name, once that is there.
std::vector<std::string> end_sessions(pg::Connection& standby, const std::string& kept) {
  const auto deadline = std::chrono::steady_clock::now() + kEndPatience;
  for (;;) {
    std::vector<std::string> left;
    for (const sql::Backend& backend : sql::backends(standby, kept)) {
      sql::end_backend(standby, backend.pid);
      left.push_back(cat("pid ", backend.pid));
    }
    if (left.empty() || std::chrono::steady_clock::now() >= deadline) return left;
    std::this_thread::sleep_for(kPause);
  }
}

std::string by_hand(const RunContext& context) {
  return cat("end all sessions of database ", util::printable(context.database.database()),
             " there, they still see the one that was replaced");
}

std::string end_on(const pg::ConnInfo& replica, const RunContext& context,
                   const std::string& replaced) {
  const std::string name = cat("standby ", replica.display(), ": ");
  try {
    pg::Connection standby = open(replica, context);
    if (!await_replay(standby, context))
      return cat(name, "it has not followed in time; ", by_hand(context));
    const std::vector<std::string> left = end_sessions(standby, replaced);
    if (left.empty()) return {};
    return cat(name, util::join(left, ", "), " cannot be ended; ", by_hand(context));
  } catch (const util::Error& error) {
    return cat(name, error.message(), "; ", by_hand(context));
  }
}

Line line(Verdict verdict, std::string text, std::string remedy) {
  return {.verdict = verdict,
          .subject = "standbys",
          .text = std::move(text),
          .remedy = std::move(remedy)};
}

// "" if it is a standby of this very server.
std::string unfit(const pg::ConnInfo& replica, pg::Connection& primary,
                  const PreflightOptions& options, const std::string& application) {
  try {
    pg::Connection standby =
        swap::open_maintenance(replica.with_database(options.database.database()),
                               options.maintenance_db, application, {});
    const pg::ServerFacts facts = pg::server_facts(standby);
    if (!facts.in_recovery) return "is no standby";
    if (facts.system_identifier != pg::server_facts(primary).system_identifier)
      return "is a standby of another server";
    return {};
  } catch (const util::Error& error) {
    return error.message();
  }
}

}  // namespace

std::vector<std::string> end_on_standbys(const RunContext& context, const std::string& replaced) {
  std::vector<std::string> lines;
  for (const pg::ConnInfo& replica : context.replicas) {
    if (std::string text = end_on(replica, context, replaced); !text.empty())
      lines.push_back(std::move(text));
  }
  const std::vector<std::string> there = standbys(context.maintenance);
  if (there.size() > context.replicas.size()) {
    for (const std::string& standby : there)
      lines.push_back(cat("standby ", util::printable(standby), ": ", by_hand(context)));
  }
  return lines;
}

std::vector<Line> standby_lines(pg::Connection& maintenance, const PreflightOptions& options,
                                const std::string& application) {
  std::vector<Line> lines;
  for (const pg::ConnInfo& replica : options.replicas) {
    if (const std::string why = unfit(replica, maintenance, options, application); !why.empty()) {
      lines.push_back(line(Verdict::Fail, cat("replica ", replica.display(), ": ", why),
                           "Correct replicas in the configuration: an undo ends its sessions."));
    }
  }
  const std::vector<std::string> there = standbys(maintenance);
  if (there.size() > options.replicas.size()) {
    lines.push_back(line(
        Verdict::Warn,
        cat(util::show_counted(there.size(), "standby server"), ": ", util::join(there, ", ")),
        cat("After an undo, end all sessions of database ", options.database.database(),
            " there: they would go on seeing the failed one. With --replicas (or replicas = […] in "
            "the configuration) that is done for you.")));
  } else if (!options.replicas.empty() && lines.empty()) {
    lines.push_back(line(Verdict::Pass,
                         cat(util::show_counted(options.replicas.size(), "standby server"),
                             ", whose sessions an undo ends"),
                         {}));
  }
  return lines;
}

}  // namespace guard
