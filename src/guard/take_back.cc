#include "guard/take_back.h"

#include <chrono>
#include <filesystem>
#include <thread>

#include "guard/catch_up.h"
#include "guard/hold.h"
#include "guard/run_mark.h"
#include "guard/sequences.h"
#include "guard/space_watch.h"
#include "guard/sql_guard.h"
#include "guard/sql_preflight.h"
#include "guard/standby.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr std::string_view kClusterFile = "cluster.txt";
constexpr auto kSessionPatience = 20s;
constexpr auto kLockPatience = 3s;

std::uint64_t number(const Event& event, std::string_view field) {
  return util::parse_u64(event.get(field)).value_or(0);
}

// From the backup, as the first time: the copy's evidence no longer holds (a crash restart, S1), or
// it is gone.
void prove_again(const RunContext& context, const backup::Backup& backup, const std::string& why) {
  context.reporter.warning(cat("the copy is made from the backup now: ", why));
  swap::drop_side(context.maintenance, context.names.copy);
  // As it was published: in memory it may be the one with its follow-up already.
  const backup::Backup whole = backup::open(backup.path);
  const std::optional<backup::Backup> follow_up = follow_up_of(read_run(context.names.folder));
  verify::Options options = copy_options(context);
  options.side_comment = copy_comment(context, Begun::Yes);
  const SpaceWatch watch(context, context.names.copy, WhenFull::Warn, {});
  try {
    verify::Proof proof = verify::prove(whole, options, context.reporter, watch.token());
    if (follow_up)
      proof = verify::catch_up(proof, *follow_up, options, context.reporter, watch.token());
    context.journal.fact("undo", "seal", seal_fields(*proof.copy()));
  } catch (const util::Error& failure) {
    watch.rethrow(failure);
  }
}

// Reads all of the copy once more, before anybody else can.
void read_again(const RunContext& context, const backup::Backup& backup) {
  const std::string& copy = context.names.copy;
  swap::reopen(context.maintenance, copy);
  const std::optional<schema::Model> model = verify::recorded_model(backup);
  const std::vector<archive::Finding> findings = verify::compare_content(
      {backup.manifest, model ? &*model : nullptr}, context.database.with_database(copy),
      context.names.application, context.jobs, context.reporter, {});
  swap::seal(context.maintenance, copy);
  context.journal.fact("undo", "seal", seal_fields(swap::seal_record(context.maintenance, copy)));
  for (const archive::Finding& finding : findings) {
    if (finding.severity != archive::Severity::Damage) continue;
    throw util::Error(util::Kind::NotUndone,
                      cat("the copy does not equal the backup: ", finding.text),
                      {.hint = cat("Restore the backup: pgbelay restore ", backup.manifest.name),
                       .sqlstate = {}});
  }
}

// After the renames of an earlier attempt there is no copy any more: it is the live database.
bool swapped_already(const RunContext& context) {
  return database_oid(context.maintenance, context.names.copy) == 0 &&
         database_oid(context.maintenance, context.names.kept) != 0;
}

void make_sure_of_copy(const RunContext& context, const TakeBack& what) {
  const std::string broken =
      what.copy ? swap::seal_broken(context.maintenance, *what.copy) : "none was kept";
  if (!broken.empty()) {
    prove_again(context, what.backup, broken);
  } else if (what.recheck == Recheck::Yes) {
    read_again(context, what.backup);
  }
}

// The copy has another OID than the failed database: the new name stands for it, and it is open.
void require_swapped(const RunContext& context, std::uint32_t copy_oid) {
  const std::string live = context.database.database();
  const std::uint32_t now = database_oid(context.maintenance, live);
  if (now != 0 && (copy_oid == 0 || now == copy_oid) &&
      allows_connections(context.maintenance, live))
    return;
  throw util::Error(
      util::Kind::NotUndone,
      cat("database ", util::printable(live), " is not the proven copy after the swap"),
      {.hint = cat("Run it again: pgbelay undo ", context.names.id), .sqlstate = {}});
}

}  // namespace

verify::Options copy_options(const RunContext& context) {
  return {.level = archive::Level::Proven,
          .server = context.live.served(),
          .maintenance_db = context.maintenance_db,
          .application_name = context.names.application,
          .side_database = context.names.copy,
          .side_comment = context.names.comment,
          .copy = verify::Copy::KeepSealed,
          .jobs = context.jobs,
          .version = context.version,
          .accept_superuser_functions = context.accept_superuser_functions};
}

std::unique_ptr<swap::DatabaseLock> take_lock(pg::Connection& maintenance,
                                              const std::string& database) {
  const auto deadline = std::chrono::steady_clock::now() + kLockPatience;
  for (;;) {
    try {
      return std::make_unique<swap::DatabaseLock>(maintenance, database);
    } catch (const util::Error& error) {
      if (error.kind() != util::Kind::Busy || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(50ms);
  }
}

Fields seal_fields(const swap::SealRecord& record) {
  return {{"database", record.database},
          {"oid", cat(record.oid)},
          {"server_started", record.server_started},
          {"row_version", cat(record.row_version)},
          {"sessions", cat(record.sessions)},
          {"changes", cat(record.changes)}};
}

std::optional<swap::SealRecord> seal_from(const Event* event) {
  if (event == nullptr) return std::nullopt;
  return swap::SealRecord{.database = event->get("database"),
                          .oid = static_cast<std::uint32_t>(number(*event, "oid")),
                          .server_started = event->get("server_started"),
                          .row_version = number(*event, "row_version"),
                          .sessions = number(*event, "sessions"),
                          .changes = number(*event, "changes")};
}

void end_run_sessions(const RunContext& context, const std::vector<OwnSession>& sessions) {
  const auto deadline = std::chrono::steady_clock::now() + kSessionPatience;
  for (;;) {
    std::vector<int> pids =
        sessions.empty() ? std::vector<int>{} : living(context.maintenance, sessions);
    for (const int pid : named_sessions(context.maintenance, context.database.database(),
                                        context.names.application)) {
      pids.push_back(pid);
    }
    if (pids.empty()) return;
    terminate(context.maintenance, pids);
    if (std::chrono::steady_clock::now() >= deadline) {
      throw util::Error(util::Kind::NotUndone,
                        cat("sessions of the run cannot be ended: backend ", pids.front()),
                        {.hint = cat("End it as a role that may (SELECT pg_terminate_backend(",
                                     pids.front(), ")), then: pgbelay undo ", context.names.id),
                         .sqlstate = {}});
    }
    std::this_thread::sleep_for(10ms);
  }
}

TakenBack take_back(const RunContext& context, const TakeBack& what) {
  const util::Stopwatch watch;
  context.reporter.step("undo", util::StepState::Begin, "");
  context.journal.begin("undo");
  util::fault::point("undo.begin");
  std::uint32_t copy_oid = 0;
  if (!swapped_already(context)) {
    make_sure_of_copy(context, what);
    if (what.others) advance_sequences_of_copy(context, what.backup);
    copy_oid = database_oid(context.maintenance, context.names.copy);
  }
  take_name_back_closed(context);
  context.journal.fact("undo", "swap",
                       {{"live", context.database.database()},
                        {"copy", context.names.copy},
                        {"kept", context.names.kept},
                        {"oid", cat(copy_oid)}});
  swap::run(context.maintenance, {.live = context.database.database(),
                                  .copy = context.names.copy,
                                  .kept = context.names.kept,
                                  .properties = verify::properties_of(what.backup.manifest),
                                  .kept_comment = cat(context.names.comment, " (failed)")});
  require_swapped(context, copy_oid);
  // Before it is said that the old state is served again (S7).
  const std::vector<std::string> standbys = end_on_standbys(context, context.names.kept);
  TakenBack out{.kept = context.names.kept, .cluster = cluster_changes(context)};
  util::fault::point("undo.before_end");
  std::string text =
      cat(util::show_duration(watch.elapsed()),
          " · swapped back to the sealed, proven copy · failed database kept as ", out.kept);
  if (!out.cluster.empty())
    text += cat(" · cluster-wide changes that remain: ", out.cluster.size());
  context.journal.end("undo", {{"kept", out.kept},
                               {"standbys", util::join(standbys, "; ")},
                               {"cluster_changes", cat(out.cluster.size())}});
  context.reporter.step("undo", util::StepState::Ok, text);
  for (const std::string& standby : standbys) context.reporter.warning(standby);
  return out;
}

void record_cluster(const RunContext& context) {
  util::publish_text(context.names.folder / kClusterFile,
                     to_text(shared_objects(context.maintenance, context.database.database())));
}

std::vector<SharedChange> cluster_changes(const RunContext& context) {
  const std::filesystem::path file = context.names.folder / kClusterFile;
  if (!std::filesystem::exists(file)) return {};
  return compare_shared(shared_from_text(util::read_text(file)),
                        shared_objects(context.maintenance, context.database.database()));
}

std::vector<std::string> cluster_lines(const std::vector<SharedChange>& changes) {
  if (changes.empty()) return {};
  std::vector<std::string> lines{
      cat("the database is as it was; cluster-wide changes that remain (", changes.size(), "):")};
  for (const SharedChange& change : changes) {
    lines.push_back(
        cat("  ", change.text,
            change.statement.empty() ? "" : cat("; to reverse it: ", change.statement)));
  }
  return lines;
}

}  // namespace guard
