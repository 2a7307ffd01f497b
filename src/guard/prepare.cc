#include "guard/prepare.h"

#include <algorithm>
#include <thread>

#include "backup/run.h"
#include "guard/blue_green.h"
#include "guard/catch_up.h"
#include "guard/command_env.h"
#include "guard/kept_copy.h"
#include "guard/outside.h"
#include "guard/rehearsal.h"
#include "guard/rehearsal_cluster.h"
#include "guard/space_watch.h"
#include "guard/sql_guard.h"
#include "guard/stray_run.h"
#include "guard/verdict.h"
#include "migrate/command.h"
#include "migrate/history.h"
#include "pg/server_facts.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr const char* kBackupLabel = "pre-migration";  // the run's own label names the run

// The same error as a failure of its step, for its exit code (K4).
util::Error as_step(const util::Error& error, Kind step) {
  switch (error.kind()) {
    case Kind::Interrupted:
    case Kind::Usage:
    case Kind::Bug:
      return error;
    default:
      return error.as(step);
  }
}

std::string preflight_text(const Preflight& preflight) {
  std::vector<std::string> parts;
  for (const std::string_view subject : {"space", "undo", "sessions"}) {
    for (const Line& line : preflight.lines) {
      if (line.subject == subject)
        parts.push_back(cat(subject == "sessions" ? "" : cat(subject, " "), line.text));
    }
  }
  return util::join(parts, " · ");
}

backup::Backup back_up(const RunContext& context, const Options& options, SessionLedger& ledger,
                       std::stop_token stop) {
  const util::Stopwatch watch;
  context.reporter.step("backup", util::StepState::Begin, "");
  context.journal.begin("backup");
  backup::Options wanted = options.backup;
  wanted.dump.source = context.database;
  wanted.dump.application_name = context.names.application;
  if (wanted.dump.jobs == 0) wanted.dump.jobs = options.jobs;
  wanted.dump.on_session = [&](int pid) {
    ledger.opened("backup", "dump", {.pid = pid, .backend_start = {}});
  };
  wanted.dir = options.dir;
  wanted.label = kBackupLabel;
  wanted.run = context.names.id;
  wanted.now = options.now;
  if (options.proof == archive::Level::Written) wanted.read_back = backup::ReadBack::No;
  try {
    backup::Backup made = backup::run(wanted, context.reporter, stop);
    context.journal.fact("backup", "backup",
                         {{"name", made.manifest.name}, {"sums_sha256", made.sums_sha256}});
    context.journal.end("backup", {{"result", "ok"}});
    context.reporter.step("backup", util::StepState::Ok,
                          cat(util::show_duration(watch.elapsed()), " · ",
                              util::show_counted(made.manifest.formats.size(), "format"), " · ",
                              util::show_size(made.manifest.bytes()), " · ", made.path.string()));
    return made;
  } catch (util::Error& error) {
    context.journal.failed("backup", error);
    context.reporter.step("backup", util::StepState::Failed, error.message());
    throw as_step(error, Kind::Backup);
  }
}

std::string_view what_is_equal(const verify::Proof& proof) {
  if (proof.level() != archive::Level::Proven) return {};
  return proof.definition() == 1 ? ": restored copy equals the snapshot, objects by name only"
                                 : ": restored copy equals the snapshot";
}

// The live server's room is watched; another one's is that of its operator.
verify::Proof prove_at(const RunContext& context, const ProofPlace& place,
                       const backup::Backup& made, const verify::Options& wanted,
                       const std::stop_token& stop) {
  if (place.elsewhere() || wanted.level < archive::Level::Restored)
    return verify::prove(made, wanted, context.reporter, stop);
  const SpaceWatch watch(context, wanted.side_database, WhenFull::GiveUp, stop);
  try {
    return verify::prove(made, wanted, context.reporter, watch.token());
  } catch (const util::Error& failure) {
    watch.rethrow(failure);
  }
}

struct Shown {
  verify::Proof proof;
  std::unique_ptr<ProofPlace> place;
};

Shown show_proof(const RunContext& context, const Options& options, const backup::Backup& made,
                 std::stop_token stop) {
  const util::Stopwatch watch;
  context.reporter.step("proof", util::StepState::Begin, "");
  context.journal.begin("proof", {{"side", context.names.copy}});
  const bool keep = keeps_proven_copy(options) || rehearses(options) || may_catch_up(options);
  try {
    auto place = std::make_unique<ProofPlace>(context, options, made);
    verify::Proof proof =
        prove_at(context, *place, made,
                 {.level = options.proof,
                  .server = place->server(),
                  .maintenance_db = place->maintenance_db(),
                  .application_name = context.names.application,
                  .side_database = context.names.copy,
                  .side_comment = context.names.comment,
                  .copy = keep ? verify::Copy::KeepSealed : verify::Copy::Drop,
                  .nice = options.backup.nice,
                  .jobs = context.jobs,
                  .version = context.version,
                  .accept_superuser_functions = context.accept_superuser_functions},
                 stop);
    if (proof.copy() && !place->elsewhere())
      context.journal.fact("proof", "seal", seal_fields(*proof.copy()));
    const std::string level(archive::level_name(proof.level()));
    context.journal.end("proof", {{"result", "ok"}, {"level", level}});
    context.reporter.step(
        "proof", util::StepState::Ok,
        cat(level, " · ", util::show_duration(watch.elapsed()), " · ",
            util::show_counted(made.manifest.tables.size(), "table"), ", ",
            util::show_counted(made.manifest.rows(), "row"), what_is_equal(proof), place->text()));
    return {.proof = std::move(proof), .place = std::move(place)};
  } catch (util::Error& error) {
    context.journal.failed("proof", error);
    context.reporter.step("proof", util::StepState::Failed, error.message());
    throw as_step(error, Kind::Proof);
  }
}

void clear_run(const Options& options, const RunInfo& run, pg::Connection& maintenance,
               std::unique_ptr<swap::DatabaseLock>& lock, util::Reporter& reporter) {
  Journal journal = Journal::resume(run.folder, options.now);
  const RunNames names = run_names(run.database, run.run, run.key, options.dir);
  LiveDatabase live(options.database);
  const RunContext context{.names = names,
                           .database = live.now(),
                           .live = live,
                           .maintenance_db = options.maintenance_db,
                           .version = options.version,
                           .maintenance = maintenance,
                           .lock = lock,
                           .journal = journal,
                           .reporter = reporter};
  release_hold(context);
  for (int round = 0; round < 200; ++round) {  // what is left of its dump holds locks on tables
    const std::vector<int> pids = named_sessions(maintenance, run.database, names.application);
    if (pids.empty()) break;
    terminate(maintenance, pids);
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  swap::drop_side(maintenance, names.rehearsal);
  tell_unsettled(maintenance, read_run(run.folder), reporter);
  swap::drop_side(maintenance, names.copy);
  remove_private_server(run.folder);
  // This run may end before its own hook would start the application again.
  Outside(options.outside, context).after_release("given-up");
  journal.fact("run", "exit", {{"code", "1"}});
  journal.end("run", {{"state", std::string(state_name(RunState::Failed))}, {"cleared", "yes"}});
  reporter.note(cat("cleared away run ", run.run, ", which had ended before its migration"));
}

// The journal of such a run is not here: what it held cannot be known to be over, so nothing of it
// is cleared away.
void require_nothing_elsewhere(const Options& options, pg::Connection& maintenance) {
  for (const StrayRun& run : stray_runs(maintenance, options.database.database(), options.dir)) {
    if (run.mark.unfinished()) throw unfinished_elsewhere(run);
  }
}

}  // namespace

bool undoes(const Options& options) { return options.undo != Undo::None; }

bool proof_makes_copy(const Options& options) { return options.proof >= archive::Level::Restored; }

bool proof_leaves_copy(const Options& options) {
  return proof_makes_copy(options) && options.proof_at.empty();
}

bool keeps_proven_copy(const Options& options) {
  return undoes(options) && options.undo != Undo::Clone && proof_leaves_copy(options);
}

bool keeps_copy(const Options& options) {
  return options.undo == Undo::Clone || keeps_proven_copy(options);
}

bool can_hold(const Options& options) {
  return undoes(options) && options.undo != Undo::Clone && (options.tap || !options.command);
}

std::function<MayHold(Undo)> hold_question(const Options& options) {
  return [chosen = options](Undo undo) mutable {
    chosen.undo = undo;
    return can_hold(chosen) ? MayHold::Yes : MayHold::No;
  };
}

bool may_catch_up(const Options& options) {
  const bool may_be_asked = options.hold == Hold::Auto && options.questions.with_others;
  return can_hold(options) && (keeps_out(options.hold) || may_be_asked);
}

namespace {

void require_hold_possible(const Options& options) {
  if (!keeps_out(options.hold)) return;
  const std::string hold = cat("--hold ", hold_name(options.hold));
  if (options.undo == Undo::None) {
    throw util::Error(
        Kind::Usage,
        hold + " keeps writers out so that an undo loses nothing, and --undo none rules it out",
        {.hint = "Leave out one of the two.", .sqlstate = {}});
  }
  if (options.undo == Undo::Clone) {
    throw util::Error(Kind::Usage,
                      hold +
                          " does not go with --undo clone, which must find the database as it "
                          "was backed up",
                      {.hint = "Choose --undo swap or replace, where the role may; or leave out "
                               "--hold and stop the application for the migration.",
                       .sqlstate = {}});
  }
  if (options.tap || !options.command) return;
  throw util::Error(Kind::Usage,
                    options.hold == Hold::Exclusive
                        ? "--hold exclusive needs the tap: without it the command does not find "
                          "the database either"
                        : "--hold read-only needs the tap: without it the command cannot write "
                          "either",
                    {.hint = "Leave out --no-tap.", .sqlstate = {}});
}

}  // namespace

void require_consistent(const Options& options) {
  if (!options.command && options.migrations.empty()) {
    throw util::Error(
        Kind::Usage, "neither a command nor a folder of migrations was given",
        {.hint = "pgbelay migrate -- COMMAND…, or: pgbelay migrate DIR", .sqlstate = {}});
  }
  if (!options.proof_at.empty() && options.proof < archive::Level::Restored) {
    throw util::Error(
        Kind::Usage,
        cat("--proof-at has no use with a proof of level ", archive::level_name(options.proof),
            ": nothing is restored for it"),
        {.hint = "Choose --proof restored or proven, or leave out --proof-at.", .sqlstate = {}});
  }
  require_blue_green_possible(options);
  require_hold_possible(options);
  require_rehearsable(options);
  if (options.command) migrate::require_program({.argv = options.command->argv});
}

void settle_unfinished_runs(const Options& options, pg::Connection& maintenance,
                            std::unique_ptr<swap::DatabaseLock>& lock, util::Reporter& reporter) {
  const std::string identifier = pg::server_facts(maintenance).system_identifier;
  for (const RunInfo& run : list_runs(options.dir)) {
    if (run.database != options.database.database() || run.system_identifier != identifier)
      continue;
    if (run.state == RunState::Running) {
      throw util::Error(
          Kind::Busy, cat("run ", run.run, " of database ", run.database, " is still running"),
          {.hint = "Wait until it has ended, or look with: pgbelay status", .sqlstate = {}});
    }
    if (run.state != RunState::Unfinished) continue;
    if (run.migrate_begun) {
      const std::string held = run_names(run.database, run.run, run.key, options.dir).held;
      throw util::Error(Kind::NotUndone,
                        cat("run ", run.run, " of this database was not finished",
                            database_oid(maintenance, held) == 0
                                ? ""
                                : cat("; until it is, the database is called ", held)),
                        {.hint = cat("Take it back with: pgbelay undo ", run.run,
                                     "   or leave the database as it is: pgbelay close ", run.run),
                         .sqlstate = {}});
    }
    lock->probe();
    clear_run(options, run, maintenance, lock, reporter);
  }
  require_nothing_elsewhere(options, maintenance);
  drop_expired(maintenance, options.database.database(), options.dir, reporter, options.now());
  for (const swap::Side& side : swap::list_sides(maintenance, options.database.database())) {
    if (side.purpose == swap::Purpose::Probe) swap::drop_side(maintenance, side.name);
  }
  swap::drop_abandoned_replays(maintenance, options.database.database());
}

Preflight check_preflight(const Options& options, const RunNames& names, util::Reporter& reporter,
                          std::stop_token stop) {
  reporter.step("preflight", util::StepState::Begin, "");
  Preflight preflight =
      guard::preflight({.database = options.database,
                        .maintenance_db = options.maintenance_db,
                        .dir = options.dir,
                        .pg_dump = options.backup.dump.pg_dump,
                        .schema_from = options.backup.dump.schema_from,
                        .server_free = options.server_free,
                        .needs_copy = undoes(options) || proof_leaves_copy(options),
                        .copy_when_needed = undoes(options) && !keeps_copy(options),
                        .restores_here = options.undo != Undo::Clone || proof_leaves_copy(options),
                        .undo = options.undo,
                        .proof = options.proof,
                        .proof_at = options.proof_at,
                        .accept_superuser_functions = options.accept_superuser_functions,
                        .must_be_alone = !options.rehearse_only && options.hold == Hold::Auto &&
                                         !options.questions.with_others,
                        .replicas = options.replicas,
                        .hold = options.hold,
                        .may_hold = hold_question(options),
                        .key = names.key},
                       stop);
  reporter.note(cat("run ", names.id, " on ", options.database.display(), " (PostgreSQL ",
                    preflight.server_version, ", ", util::show_size(preflight.database_bytes), ", ",
                    util::show_counted(preflight.tables, "table"), ")"));
  if (!preflight.ok()) {
    reporter.step("preflight", util::StepState::Failed, "");
    preflight.require();
  }
  reporter.step("preflight", util::StepState::Ok, preflight_text(preflight));
  for (const Line& line : preflight.lines) {
    if (line.verdict == Verdict::Warn)
      reporter.warning(cat(line.subject, ": ", line.text, ". ", line.remedy));
  }
  return preflight;
}

void settle_strategy(Options& options, const Preflight& preflight, util::Reporter& reporter) {
  options.undo = preflight.undo;
  if (options.undo != Undo::Replace) return;
  if (options.proof_at.empty() && !preflight.proof_at.empty())
    reporter.note("the proof is made on a private server here (--proof-at local)");
  options.proof_at = preflight.proof_at;
  require_blue_green_possible(options);
  require_rehearsable(options);
}

std::vector<migrate::File> pending_files(const Options& options, const std::string& application,
                                         util::Reporter& reporter, std::stop_token stop) {
  if (options.command) return {};
  pg::Connection live = pg::Connection::open(options.database, application, stop);
  migrate::Pending pending = migrate::pending(live, migrate::read_directory(options.migrations));
  for (const std::string& warning : pending.warnings) reporter.warning(warning);
  return std::move(pending.files);
}

Prepared prepare(const RunContext& context, const Options& options, SessionLedger& ledger,
                 std::stop_token stop) {
  const std::string database = context.database.database();
  std::optional<WriteMarks> marks;
  if (undoes(options)) {
    pg::Connection live = pg::Connection::open(context.database, context.names.application, stop);
    ledger.opened("backup", "marks",
                  {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    marks = read_marks(live);
  }
  wait_gone(context.maintenance, database, ledger.own(), std::chrono::seconds(5));
  // First the counter, then the list, then the snapshot: foreign.h.
  Sighting at_snapshot = look(context.maintenance, database, ledger.own());
  const std::uint64_t own = ledger.counted();
  context.lock->probe();
  backup::Backup made = back_up(context, options, ledger, stop);
  util::fault::point("run.backed_up");
  util::throw_if_stopped(stop);
  context.lock->probe();
  auto [proof, place] = show_proof(context, options, made, stop);
  util::fault::point("run.proven");
  util::throw_if_stopped(stop);
  std::optional<swap::SealRecord> copy;
  if (!place->elsewhere()) copy = proof.copy();
  if (!rehearses(options) && !may_catch_up(options)) place.reset();
  return {.backup = std::move(made),
          .proof = std::move(proof),
          .copy = std::move(copy),
          .proven_at = std::chrono::steady_clock::now(),
          .at_snapshot = std::move(at_snapshot),
          .own_at_snapshot = own,
          .marks = std::move(marks),
          .place = std::move(place)};
}

namespace {

std::string caught_up_text(const CaughtUp& done, const ProofPlace* place,
                           std::chrono::duration<double> took) {
  if (!done.follow_up) return "nothing had changed since the snapshot";
  const archive::Manifest& manifest = done.follow_up->manifest;
  return cat(util::show_counted(manifest.tables.size(), "table"), ", ",
             util::show_count(manifest.rows()), " rows ",
             done.proof ? cat("caught up", place == nullptr ? "" : place->text())
                        : std::string("backed up and read back"),
             " in ", util::show_duration(took), " · ", done.follow_up->path.string());
}

}  // namespace

std::unique_ptr<StandingHold> hold_and_catch_up(const RunContext& context, const Options& options,
                                                Prepared& prepared, SessionLedger& ledger,
                                                std::stop_token stop) {
  const util::Stopwatch watch;
  context.lock->probe();
  context.reporter.step("hold", util::StepState::Begin, "");
  context.journal.begin("hold");
  try {
    auto hold = std::make_unique<StandingHold>(context, options.hold, ledger, stop);
    const util::Stopwatch catching_up;
    CaughtUp caught_up = catch_up(context, options,
                                  {.backup = prepared.backup,
                                   .proof = prepared.proof,
                                   .at_snapshot = prepared.marks.value(),
                                   .place = prepared.place.get()},
                                  ledger, stop);
    const std::string text = cat(
        hold_name(options.hold), context.live.moved() ? cat(" · called ", context.names.held) : "",
        " · ", caught_up_text(caught_up, prepared.place.get(), catching_up.elapsed()));
    if (caught_up.proof) prepared.proof = *std::move(caught_up.proof);
    if (keeps_proven_copy(options)) prepared.copy = prepared.proof.copy();
    prepared.backup.manifest = std::move(caught_up.manifest);
    prepared.proven_at = std::chrono::steady_clock::now();
    hold->set_base(std::move(caught_up.base));
    context.journal.end("hold", {{"result", "ok"}});
    context.reporter.step("hold", util::StepState::Ok,
                          cat(util::show_duration(watch.elapsed()), " · ", text));
    return hold;
  } catch (util::Error& error) {
    context.journal.failed("hold", error);
    context.reporter.step("hold", util::StepState::Failed, error.message());
    // What the backup ran into is one of the follow-up, hence of the proof (5).
    throw error.kind() == Kind::Preflight ? error : as_step(error, Kind::Proof);
  }
}

namespace {

std::string_view hold_plan(const Options& options) {
  if (options.hold == Hold::Exclusive) {
    return "hold      exclusive: the database has another name from the catch-up to the end, and "
           "nobody else can connect";
  }
  if (options.blue_green)
    return "hold      read-only: others may read, writers are kept out until the swap";
  return "hold      read-only: others may read, writers are kept out from the catch-up to the end";
}

std::string undo_plan(const Options& options) {
  if (options.undo == Undo::Replace)
    return "undo      replace: the contents are restored in place, in one transaction";
  if (!undoes(options)) return "undo      none: a failed migration stays";
  if (options.undo == Undo::Clone) {
    return "undo      clone: the server copies the database before the migration; nobody may be "
           "connected meanwhile";
  }
  if (keeps_copy(options)) return "undo      swap: two renames, whatever the size";
  return "undo      swap: the copy is made when it is needed, which takes a restore";
}

}  // namespace

std::vector<std::string> plan_lines(const Options& options, const Preflight& preflight,
                                    const std::vector<migrate::File>& files) {
  std::vector<std::string> lines{
      cat("database  ", options.database.display(), ", PostgreSQL ", preflight.server_version, ", ",
          util::show_size(preflight.database_bytes), ", ",
          util::show_counted(preflight.tables, "table")),
      cat("backup    to ", std::filesystem::absolute(options.dir).string()),
      cat("proof     ", archive::level_name(options.proof)),
      options.command
          ? cat("migrate   ", util::join(scrubbed_command(*options.command, options.database), " "))
          : cat("migrate   ", util::show_counted(files.size(), "file")),
      std::string(rehearses(options) ? "rehearse  on a clone of the proven copy" : "rehearse  no"),
      undo_plan(options)};
  if (keeps_out(options.hold)) lines.emplace_back(hold_plan(options));
  if (options.blue_green) {
    lines.emplace_back(
        "swap      blue-green: the copy is migrated, checked, and swapped in; the database stays "
        "as "
        "it is until then");
  }
  for (const migrate::File& file : files) lines.push_back(cat("          ", file.name));
  return lines;
}

void confirm(const RunContext& context, const Options& options, const Prepared& prepared,
             const std::vector<migrate::File>& files) {
  std::vector<std::string> lines{
      cat("database  ", context.database.display()),
      cat("backup    ", prepared.backup.path.string(), ", ",
          util::show_size(prepared.backup.manifest.bytes())),
      cat("proof     ", archive::level_name(prepared.proof.level())),
      options.command
          ? cat("migrate   ", util::join(scrubbed_command(*options.command, context.database), " "))
          : cat("migrate   ", util::show_counted(files.size(), "file"))};
  for (const migrate::File& file : files) lines.push_back(cat("          ", file.name));
  context.reporter.step("confirm", util::StepState::Begin, "");
  context.journal.begin("confirm");
  const bool yes = options.questions.confirm && options.questions.confirm(lines);
  context.journal.end("confirm", {{"result", yes ? "yes" : "no"}});
  context.reporter.step("confirm", yes ? util::StepState::Ok : util::StepState::Failed,
                        yes ? "yes" : "no");
  if (yes) return;
  throw util::Error(Kind::NotConfirmed, "the migration was not confirmed; nothing was changed",
                    {.hint = "Answer yes, or give --yes.", .sqlstate = {}});
}

}  // namespace guard
