// Undo and close in a new process. The journal says how far the run came; the server says how far
// the undo came: nothing here trusts that an earlier attempt was finished.

#include "guard/undo.h"

#include <memory>

#include "guard/attempt.h"
#include "guard/blue_green.h"
#include "guard/catch_up.h"
#include "guard/gate.h"
#include "guard/hold.h"
#include "guard/journal.h"
#include "guard/kept_copy.h"
#include "guard/names.h"
#include "guard/outside.h"
#include "guard/proof_place.h"
#include "guard/rehearsal_cluster.h"
#include "guard/replace.h"
#include "guard/sequences.h"
#include "guard/space.h"
#include "guard/sql_guard.h"
#include "guard/sql_preflight.h"
#include "guard/strategy.h"
#include "guard/take_back.h"
#include "guard/verdict.h"
#include "pg/server_facts.h"
#include "util/error.h"
#include "util/text.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

util::Error nothing_to_undo(const RunInfo& run, std::string_view why) {
  return {Kind::Usage,
          cat("nothing to undo: run ", run.run, " ", why),
          {.hint = "List all runs with: pgbelay runs", .sqlstate = {}}};
}

util::Error over_by_now(const RunInfo& run) {
  return {Kind::Usage,
          cat("nothing to undo: run ", run.run, " had succeeded, and ", run.undo_over),
          {.hint = "What can be restored is listed by: pgbelay list", .sqlstate = {}}};
}

void require_open(const RunInfo& run) {
  switch (run.state) {
    case RunState::Unfinished:
      return;
    case RunState::Running:
      throw util::Error(Kind::Busy, cat("run ", run.run, " is still running"),
                        {.hint = "Interrupt it (Ctrl+C) to have it undone.", .sqlstate = {}});
    case RunState::Released:
      if (!run.undo_until.empty()) return;
      if (!run.undo_over.empty()) throw over_by_now(run);
      throw nothing_to_undo(run, run.migrate_begun
                                     ? "had succeeded and was released"
                                     : "was a rehearsal, which left the database as it was");
    case RunState::Undone:
      throw nothing_to_undo(run, "was undone already");
    case RunState::Kept:
      throw nothing_to_undo(run, "was closed, its database kept as it was");
    case RunState::Failed:
      throw nothing_to_undo(run, "had ended before its migration");
  }
}

void require_same_server(const RunInfo& run, pg::Connection& maintenance,
                         const pg::ConnInfo& database) {
  const std::string identifier = pg::server_facts(maintenance).system_identifier;
  if (run.database == database.database() &&
      (run.system_identifier.empty() || run.system_identifier == identifier)) {
    return;
  }
  throw util::Error(
      Kind::Usage,
      cat("run ", run.run, " was made on ", run.source, ", not on ", database.display()),
      {.hint = "Name the database of the run with --database.", .sqlstate = {}});
}

// What was stated for the run is long over; the disk can be asked only if it is here.
ServerRoom room_here(pg::Connection& maintenance, const pg::ConnInfo& database) {
  return {.stated = std::nullopt,
          .folder = local_server_folder(database, server_folder(maintenance))};
}

// An unfinished run opened again: the lock, its journal, and what a step works with.
class Reopened {
 public:
  Reopened(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop)
      : info_(find_run(options.dir, options.reference, options.database.database())),
        live_(options.database) {
    require_open(info_);
    record_ = read_run(info_.folder);
    names_ = run_names(info_.database, info_.run, info_.key, options.dir);
    maintenance_.emplace(swap::open_maintenance(options.database, options.maintenance_db,
                                                names_.application, std::move(stop)));
    require_same_server(info_, *maintenance_, options.database);
    require_kept(options);
    journal_.emplace(Journal::resume(info_.folder, util::Clock::now));
    lock_ = take_lock(*maintenance_, info_.database);
    context_.emplace(
        RunContext{.names = names_,
                   .database = live_.now(),
                   .live = live_,
                   .maintenance_db = options.maintenance_db,
                   .version = options.version,
                   .jobs = options.jobs,
                   .accept_superuser_functions = true,  // as accepted by the run's own proof
                   .replicas = options.replicas,
                   .room = room_here(*maintenance_, options.database),
                   .maintenance = *maintenance_,
                   .lock = lock_,
                   .journal = *journal_,
                   .reporter = reporter});
    recall_name(*context_);
    if (options.sequences) journal_sequences(*journal_, "undo", *options.sequences);
    if (info_.state != RunState::Unfinished || !info_.migrate_begun) return;
    blue_green_ = settle_blue_green(*context_, record_);
    record_ = read_run(info_.folder);
  }

  // Its migration ran on the copy only; the live database is what it was.
  bool live_untouched() const { return blue_green_ == Found::LiveUntouched; }

  // It had succeeded; only its copy is still there, or the undo of an earlier call.
  bool succeeded() const {
    const Event* const end = record_.last_end("run");
    return end != nullptr && end->get("state") == state_name(RunState::Released);
  }

  const RunContext& context() const { return *context_; }
  const RunInfo& info() const { return info_; }
  const RunRecord& record() const { return record_; }

 private:
  void require_kept(const UndoOptions& options) {
    if (info_.state != RunState::Released || info_.kept_as_backup ||
        database_oid(*maintenance_, names_.copy) != 0)
      return;
    throw util::Error(Kind::Usage,
                      cat("nothing to undo: run ", info_.run,
                          " had succeeded, and its copy of the old state is gone"),
                      {.hint = cat("Its backup can be restored: pgbelay restore ", info_.backup,
                                   " --dir ", options.dir.string()),
                       .sqlstate = {}});
  }

  RunInfo info_;
  LiveDatabase live_;
  RunRecord record_;
  RunNames names_;
  std::optional<pg::Connection> maintenance_;
  std::optional<Journal> journal_;
  std::unique_ptr<swap::DatabaseLock> lock_;
  std::optional<RunContext> context_;
  Found blue_green_ = Found::NoBlueGreen;
};

std::vector<OwnSession> journalled_sessions(const RunRecord& record) {
  std::vector<OwnSession> sessions;
  for (const Event* event : record.facts("session")) {
    const std::optional<std::uint64_t> pid = util::parse_u64(event->get("pid"));
    // Without a start the pid may be a stranger's by now; those are found by the application's
    // name.
    if (!pid || *pid == 0 || event->get("backend_start").empty()) continue;
    sessions.push_back(
        {.pid = static_cast<int>(*pid), .backend_start = event->get("backend_start")});
  }
  return sessions;
}

// The gate as the journal tells it, and the sessions of the run since. A session whose line is
// missing, because the run was killed between its login and the line, counts as another's (K1).
Judgement judge_by_journal(const RunContext& context, const RunRecord& record) {
  const Event* gate = record.last_fact("gate");
  if (gate == nullptr) return {.reasons = {"the journal says nothing of the gate"}};
  Judgement judgement;
  if (gate->get("others") != "none") judgement.reasons.push_back(gate->get("reasons"));
  std::uint64_t own = 0;
  for (const Event* event : record.facts("session")) {
    if (event->seq < gate->seq || event->get("counted") == "no") continue;
    ++own;
    if (event->get("direct") == "no")
      judgement.reasons.push_back("a pooler stands between us and the server");
  }
  const IsOwn is_own = [&](int, const std::string& application) {
    return application == context.names.application;
  };
  // One that began later says nothing of what was written between the gate and it.
  if (hold_stands(record) && record.last_fact("hold")->seq < gate->seq) {
    for (std::string& doubt :
         standing_doubts(context.maintenance,
                         {.name = context.database.database(), .kind = hold_kind(record)}, is_own))
      judgement.reasons.push_back(std::move(doubt));
    return judgement;
  }
  const Sighting before{.sessions = util::parse_u64(gate->get("counted")),
                        .stats_reset = gate->get("stats_reset"),
                        .server_started = gate->get("server_started")};
  Sighting now = look(context.maintenance, context.database.database(), is_own);
  // The pool that was idle at the gate still is, and has done nothing since.
  if (!gate->get("idle").empty() && idle_identities(now) == gate->get("idle")) now.clients.clear();
  for (const std::string& reason : judge(before, now, own).reasons) {
    const bool known_at_the_gate = gate->get("reasons").find(reason) != std::string::npos;
    if (!known_at_the_gate) judgement.reasons.push_back(reason);
  }
  return judgement;
}

// Nobody can have written since an earlier attempt closed the live database, or after it was
// swapped.
bool decided_before(const RunContext& context, const RunRecord& record) {
  if (replaces(record)) return replacing(context, record);
  if (record.last_fact("swap") == nullptr) return false;
  return database_oid(context.maintenance, context.names.copy) == 0 ||
         !allows_connections(context.maintenance, context.database.database());
}

// For an undo that goes on after this one has died.
void journal_judgement(const RunContext& context, const Judgement& others) {
  context.journal.fact("verdict", "verdict",
                       {{"written", "perhaps"}, {"others", util::join(others.reasons, "; ")}});
}

// What was known of others when it was decided.
Judgement decided_then(const RunRecord& record) {
  const Event* gate = record.last_fact("gate");
  const Event* verdict = record.last_fact("verdict");
  Judgement out;
  if (gate != nullptr && gate->get("others") != "none")
    out.reasons.push_back(gate->get("reasons"));
  else if (verdict != nullptr && !verdict->get("others").empty())
    out.reasons.push_back(verdict->get("others"));
  return out;
}

std::optional<swap::SealRecord> recalled_copy(const RunContext& context, const RunRecord& record,
                                              const backup::Backup& backup) {
  std::optional<swap::SealRecord> copy = seal_from(record.last_fact("seal"));
  if (!copy || database_oid(context.maintenance, context.names.copy) == 0) return copy;
  const bool cloned = record.last_fact("seal")->get("made_by") == "clone";
  try {
    // A clone needs no backup that was ever restored.
    verify::recall(backup, cloned ? std::nullopt : copy, &context.maintenance);
    return copy;
  } catch (const util::Error& error) {  // the remedy: the copy is made and proven once more
    if (error.kind() != Kind::Proof) throw;
    context.reporter.warning(error.message());
    return std::nullopt;
  }
}

Result ended(const RunContext& context, const RunRecord& record, Ending ending, Outcome outcome) {
  end_run(context, ending);
  Result result{
      .outcome = outcome, .run = context.names.id, .exit_code = 0, .folder = context.names.folder};
  if (const Event* backup = record.last_fact("backup")) result.backup = backup->get("name");
  return result;
}

Result clear_before_migration(const RunContext& context, const RunRecord& record) {
  end_run_sessions(context, journalled_sessions(record));
  tell_release(context);
  drop_copy(context);
  remove_private_server(context.names.folder);
  tell_unsettled(context.maintenance, record, context.reporter);
  const std::string text = "the run had ended before its migration: nothing had been changed";
  context.reporter.step("undo", util::StepState::Ok, text);
  return ended(context, record, {.state = RunState::Failed, .exit_code = 0, .text = text},
               Outcome::Undone);
}

Result leave_untouched(const RunContext& context, const RunRecord& record) {
  end_run_sessions(context, journalled_sessions(record));
  const std::string text = cat(
      "the migration had run on the copy only: the database is as it was · the copy is kept as ",
      give_up_copy(context));
  context.reporter.step("undo", util::StepState::Ok, text);
  return ended(context, record, {.state = RunState::Undone, .exit_code = 0, .text = text},
               Outcome::Undone);
}

// The migration had succeeded; only the copy was still there. If it was to be kept, it is.
[[noreturn]] void finish_release(const RunContext& context, const RunInfo& info,
                                 const RunRecord& record) {
  tell_release(context);
  if (undo_until(record).empty()) drop_copy(context);
  end_run(context, {.state = RunState::Released, .exit_code = 0, .text = "released by undo"});
  throw nothing_to_undo(info, "had succeeded; it is released now");
}

bool nothing_was_written(const RunRecord& record) {
  const Event* verdict = record.last_fact("verdict");
  return verdict != nullptr && verdict->get("written") == "nothing" &&
         record.last_fact("swap") == nullptr;
}

Result told(const RunContext& context, const RunRecord& record, const TakenBack& back) {
  const std::vector<std::string> lines = cluster_lines(back.cluster);
  for (const std::string& line : lines) context.reporter.note(line);
  const std::string text = cat("undone", kept_text(back.kept), "\n", util::join(lines, "\n"));
  Result result = ended(context, record, {.state = RunState::Undone, .exit_code = 0, .text = text},
                        Outcome::Undone);
  result.kept = back.kept;
  return result;
}

Result replaced(const RunContext& context, const RunRecord& record, const UndoOptions& options,
                const Judgement& others) {
  const backup::Backup backup = backup::open(options.dir / record.info().backup);
  verify::recall(backup, std::nullopt, nullptr);
  return told(context, record,
              replace_contents(context, {.backup = backup,
                                         .failed = options.failed_backup ? FailedState::BackUp
                                                                         : FailedState::Leave,
                                         .others = !others.none()}));
}

Result taken_back(const RunContext& context, const RunRecord& record, const UndoOptions& options,
                  const Judgement& others) {
  if (replaces(record)) return replaced(context, record, options, others);
  backup::Backup backup = backup::open(options.dir / record.info().backup);
  const std::optional<swap::SealRecord> copy = recalled_copy(context, record, backup);
  backup = with_follow_up(std::move(backup), follow_up_of(record));
  const TakenBack back =
      take_back(context, {.backup = backup,
                          .copy = copy,
                          .recheck = options.recheck ? Recheck::Yes : Recheck::No,
                          .others = !others.none()});
  tell_release(context);
  if (!others.none()) tell_foreign_rows(context, backup, context.names.kept);
  drop_older_failures(context);
  return told(context, record, back);
}

Result undo_migration(const RunContext& context, const RunRecord& record,
                      const UndoOptions& options) {
  end_run_sessions(context, journalled_sessions(record));
  if (nothing_was_written(record)) {
    tell_release(context);
    drop_copy(context);
    const std::string text = "nothing had been written";
    context.reporter.step("undo", util::StepState::Ok, text);
    return ended(context, record, {.state = RunState::Undone, .exit_code = 0, .text = text},
                 Outcome::Undone);
  }
  const bool decided = decided_before(context, record);
  const Judgement others = decided ? decided_then(record) : judge_by_journal(context, record);
  if (!decided && !may_undo(others, options.on_foreign_writes, options.ask)) {
    return not_undone(context,
                      cat("others may have written since the migration began (",
                          util::join(others.reasons, "; "), ")"),
                      choices(context.names.id));
  }
  if (!decided) journal_judgement(context, others);
  return taken_back(context, record, options, others);
}

// Hours later: everything written since the migration is lost to the database, so it is asked for.
Result undo_success(const UndoOptions& options, const Reopened& run) {
  const RunContext& context = run.context();
  const bool decided = decided_before(context, run.record());
  const Judgement others =
      decided ? decided_then(run.record()) : judge_by_journal(context, run.record());
  if (!decided && !may_undo(others, options.on_foreign_writes, options.ask)) {
    throw util::Error(
        Kind::NotConfirmed,
        cat("the database may have been written to since the migration (",
            util::join(others.reasons, "; "), "), and an undo would leave that out"),
        {.hint = cat("The database as it is now would be kept as ",
                     replaces(run.record()) ? std::string("a backup in the run's folder")
                                            : context.names.kept,
                     ", rows that differ saved. To go on: pgbelay undo ", context.names.id,
                     " --on-foreign-writes undo"),
         .sqlstate = {}});
  }
  end_run_sessions(context, {});
  if (replaces(run.record()) && !decided) {
    SessionLedger ledger(context.journal, context.database.database(), context.names.application);
    require_replaceable(context, backup::open(options.dir / run.record().info().backup), ledger);
  }
  if (!decided) journal_judgement(context, others);
  return taken_back(context, run.record(), options, others);
}

Result undo_reopened(const UndoOptions& options, const Reopened& run) {
  const RunContext& context = run.context();
  if (run.succeeded()) return undo_success(options, run);
  if (!run.info().migrate_begun) return clear_before_migration(context, run.record());
  if (run.live_untouched()) return leave_untouched(context, run.record());
  if (run.record().begun("release")) finish_release(context, run.info(), run.record());
  try {
    return undo_migration(context, run.record(), options);
  } catch (const util::Error& error) {
    return not_undone(context, error.text(),
                      {cat("when the reason is gone:  pgbelay undo ", context.names.id)});
  }
}

bool ended_well(const RunRecord& record, std::string_view step) {
  const Event* const end = record.last_end(step);
  return end != nullptr && end->get("result") == "ok";
}

// Why the migration cannot stay; empty if it can.
std::string failure_of(const Reopened& run, const std::stop_token& stop) {
  const RunContext& context = run.context();
  if (!ended_well(run.record(), "migrate")) return "the run had died during its migration";
  if (run.record().begun("undo")) return "the run had begun to undo its migration";
  if (ended_well(run.record(), "check")) return {};
  const std::optional<CheckRecord> checks = read_check_record(context.names.folder);
  if (!checks) return "the run had died before its checks, and what they need is not there";
  SessionLedger ledger(context.journal, context.database.database(), context.names.application);
  return check_now(context, context.database, ledger, *checks, stop);
}

Result resume_reopened(const UndoOptions& options, const Reopened& run,
                       const std::stop_token& stop) {
  const RunContext& context = run.context();
  if (run.succeeded()) throw nothing_to_undo(run.info(), "had succeeded");
  if (!run.info().migrate_begun) {
    Result cleared = clear_before_migration(context, run.record());
    cleared.exit_code = util::info(Kind::Preflight).exit_code;
    return cleared;
  }
  if (run.live_untouched()) {
    // Who else wrote in the meantime is not known: what would show it died with the run.
    Result untouched = leave_untouched(context, run.record());
    untouched.cause = "the run had died before the migrated copy was swapped in";
    untouched.exit_code = util::info(Kind::Undone).exit_code;
    return untouched;
  }
  end_run_sessions(context, journalled_sessions(run.record()));
  std::string cause = run.record().begun("release") ? std::string() : failure_of(run, stop);
  if (cause.empty()) {
    if (undo_until(run.record()).empty()) {
      release(context, {});
    } else {
      tell_release(context);
    }
    return ended(context, run.record(),
                 {.state = RunState::Released, .exit_code = 0, .text = "finished by resume"},
                 Outcome::Done);
  }
  Result result = undo_migration(context, run.record(), options);
  if (result.outcome == Outcome::Undone) result.exit_code = util::info(Kind::Undone).exit_code;
  if (result.cause.empty()) result.cause = std::move(cause);
  return result;
}

}  // namespace

Result resume(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop) {
  require_usable(options.outside);
  const Reopened run(options, reporter, stop);
  const Outside outside(options.outside, run.context());
  try {
    Result result = resume_reopened(options, run, stop);
    outside.ended(result);
    return result;
  } catch (const util::Error& error) {
    if (error.kind() == Kind::Usage || !run.info().migrate_begun) throw;
    return not_undone(run.context(), error.text(),
                      {cat("when the reason is gone:  pgbelay resume ", run.context().names.id)});
  }
}

Result undo(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop) {
  require_usable(options.outside);
  const Reopened run(options, reporter, std::move(stop));
  const Outside outside(options.outside, run.context());
  Result result = undo_reopened(options, run);
  outside.ended(result);
  return result;
}

Result close(const UndoOptions& options, util::Reporter& reporter, std::stop_token stop) {
  require_usable(options.outside);
  const Reopened run(options, reporter, std::move(stop));
  const RunContext& context = run.context();
  end_run_sessions(context, journalled_sessions(run.record()));
  if (run.record().last_fact("swap") != nullptr || run.live_untouched() || replaces(run.record()))
    swap::reopen(context.maintenance, context.database.database());
  tell_release(context);
  drop_copy(context);
  remove_private_server(context.names.folder);
  tell_unsettled(context.maintenance, run.record(), reporter);
  forget_copy(context);
  Result result = ended(context, run.record(),
                        {.state = run.succeeded() ? RunState::Released : RunState::Kept,
                         .exit_code = 0,
                         .text = "closed: the database stays as it is"},
                        Outcome::Done);
  Outside(options.outside, context).after_release("kept");
  return result;
}

}  // namespace guard
