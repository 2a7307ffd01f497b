// The order of the steps, the lock, and the point of no return: everything before the step
// "migrate" can be given up without a trace; from there on the outcome is one of three, and the
// journal knows which.

#include "guard/run.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>

#include "guard/attempt.h"
#include "guard/blue_green.h"
#include "guard/cloned_copy.h"
#include "guard/command_env.h"
#include "guard/gate.h"
#include "guard/journal.h"
#include "guard/ledger.h"
#include "guard/let_in.h"
#include "guard/names.h"
#include "guard/outside.h"
#include "guard/prepare.h"
#include "guard/rehearsal.h"
#include "guard/rescue.h"
#include "guard/run_mark.h"
#include "guard/schema_record.h"
#include "guard/sequences.h"
#include "guard/server_return.h"
#include "guard/strategy.h"
#include "guard/take_back.h"
#include "guard/verdict.h"
#include "guard/wait_watch.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kClearUp = 10s;  // how long the server is waited for only to clear up

std::string label_of(const Options& options, const std::vector<migrate::File>& files) {
  if (!options.label.empty()) return options.label;
  if (options.command) return default_label(options.command->argv.front());
  return files.empty() ? std::string("run") : default_label(files.back().name);
}

std::vector<std::string> command_shown(const Options& options) {
  if (options.command) return scrubbed_command(*options.command, options.database);
  return {options.migrations.string()};
}

// Given up before the migration: what was made goes, the backup stays, and the first error is the
// one told.
[[noreturn]] void give_up(const RunContext& context, util::Error error) {
  try {
    with_server(
        context,
        [&] {
          release_hold(context);
          drop_copy(context);
        },
        kClearUp);
    end_run(context,
            {.state = RunState::Failed, .exit_code = error.exit_code(), .text = error.text()});
  } catch (const util::Error& cleanup) {
    error.attach(cat("clearing up: ", cleanup.message()));
  }
  throw error;
}

// What the migration changed, as far as it is worth a line here; all of it is in the run's folder.
std::string tell_changes(const RunContext& context, const SchemaRecord& record) {
  constexpr std::size_t kTold = 20;
  const RecordedChanges changes = record_changes(context, record);
  const std::vector<std::string>& lines = changes.lines;
  for (std::size_t n = 0; n < std::min(lines.size(), kTold); ++n) {
    const std::string text = cat("changed: ", lines[n]);
    n < changes.not_said ? context.reporter.warning(text) : context.reporter.note(text);
  }
  if (lines.size() > kTold) {
    context.reporter.note(cat("and ", lines.size() - kTold, " more changes of the schema: ",
                              (context.names.folder / "schema_changes.txt").string()));
  }
  return lines.empty() ? std::string() : cat("\n\nchanged:\n", util::join(lines, "\n"));
}

// For the report.
std::string with_open_ends(const std::string& text, const Attempt& tried) {
  if (tried.left_open.empty()) return text;
  return cat(text, text.empty() ? "" : "\n", util::join(tried.left_open, "\n"));
}

std::string slowest_statements(const Attempt& tried) {
  if (tried.slowest.empty()) return {};
  return cat("\n\nslowest statements (all of them: statements.jsonl):\n",
             util::join(tried.slowest, "\n"));
}

Result finished(const RunContext& context, const Prepared& prepared, const KeepCopy& keep,
                const Attempt& tried, const SchemaRecord& record) {
  try {
    release(context, keep);
  } catch (const util::Error& error) {
    return not_undone(context,
                      cat("the migration succeeded and stays, but the hold could not be released: ",
                          error.text()),
                      {cat("let writers in again:  pgbelay close ", context.names.id)});
  }
  const std::string changes = tell_changes(context, record);
  end_run(context,
          {.state = RunState::Released,
           .exit_code = 0,
           .text = cat(with_open_ends(tried.summary, tried), slowest_statements(tried), changes),
           .schema_recorded = true});
  return {.outcome = Outcome::Done,
          .run = context.names.id,
          .backup = prepared.backup.manifest.name,
          .exit_code = 0,
          .folder = context.names.folder};
}

Result rehearsed(const RunContext& context, const Prepared& prepared) {
  drop_copy(context);
  // The live schema is not this run's: what drift compares with stays that of the last migration.
  end_run(context, {.state = RunState::Released,
                    .exit_code = 0,
                    .text = "rehearsed on a copy only",
                    .schema_recorded = true});
  return {.outcome = Outcome::Rehearsed,
          .run = context.names.id,
          .backup = prepared.backup.manifest.name,
          .exit_code = 0,
          .folder = context.names.folder};
}

// Its copy goes, as if it had not been begun: the gate let nothing through.
[[noreturn]] void refused_at_gate(const RunContext& context, const util::Error& error) {
  give_up(context, error);
}

Attempt attempt_watched(const AttemptInput& input, const Outside& outside, std::stop_token stop) {
  const std::jthread watch = outside.watch_migration();
  for (const std::string& line : lock_blockers(
           input.context.maintenance, input.context.database.database(), input.ledger.own()))
    input.context.reporter.warning(cat("locks of the migration may have to wait for ", line));
  WaitWatch waits(input.context, input.options, input.ledger, std::move(stop));
  Attempt tried = attempt(input, waits.token());
  if (const std::string reason = waits.reason(); !reason.empty() && !tried.succeeded) {
    tried.cause = cat(reason, tried.cause.empty() ? "" : "\n", tried.cause);
  }
  return tried;
}

struct AfterLetIn {
  std::string cause;                // why the migration cannot stay; empty: it can
  std::optional<Judgement> others;  // whether anybody wrote meanwhile
};

// The application is let in before it is asked how it is.
std::string let_in_and_ask(const RunContext& context, const Outside& outside,
                           const std::stop_token& stop) {
  try {
    tell_release(context);
  } catch (const util::Error& error) {
    return cat("the hold could not be released: ", error.text());
  }
  outside.after_release("migrated");
  return outside.health(stop);
}

// Under --blue-green the copy is live by now: what is asked here is asked of the old state only.
AfterLetIn after_let_in(const AttemptInput& input, const Outside& outside,
                        const std::stop_token& stop) {
  AfterLetIn out;
  if (!outside.lets_in()) return out;
  const bool may_come_back = input.copy == nullptr && undoes(input.options);
  std::optional<LetIn> before;
  if (may_come_back) {
    try {
      before = look_before_let_in(input.context, input.gate, input.ledger);
    } catch (const util::Error& error) {
      out.cause = cat("the database could not be looked at: ", error.text());
      return out;
    }
  }
  out.cause = let_in_and_ask(input.context, outside, stop);
  if (!out.cause.empty() && before) out.others = judge_let_in(input.context, *before, input.ledger);
  return out;
}

GateQuestion gate_question(const Options& options, const Prepared& prepared,
                           const StandingHold* hold) {
  const auto age = std::chrono::steady_clock::now() - prepared.proven_at;
  return {.manifest = prepared.backup.manifest,
          .copy = prepared.copy,
          .at_snapshot = prepared.at_snapshot,
          .own_at_snapshot = prepared.own_at_snapshot,
          .proof_age = std::chrono::duration_cast<std::chrono::milliseconds>(age),
          .swap = undoes(options) && options.undo != Undo::Replace,
          .copy_is_kept = keeps_copy(options),
          .hold = hold,
          .marks_at_snapshot = prepared.marks ? &*prepared.marks : nullptr,
          .may_hold = hold == nullptr && can_hold(options) ? MayHold::Yes : MayHold::No};
}

// From the journal's first lines on. Errors before the migration step are thrown, with all cleared
// away.
Result guarded(const RunContext& context, const Options& options, const Outside& outside,
               SessionLedger& ledger, const std::vector<migrate::File>& files, const KeepCopy& keep,
               std::stop_token stop) {
  std::optional<Prepared> prepared;
  std::unique_ptr<StandingHold> hold;
  Gate gate;
  std::optional<BlueGreen> green;
  try {
    util::fault::point("run.journalled");
    prepared.emplace(prepare(context, options, ledger, stop));
    if (rehearses(options)) {
      rehearse({.context = context,
                .options = options,
                .backup = prepared->backup,
                .ledger = ledger,
                .files = files,
                .place = *prepared->place},
               stop);
      if (options.rehearse_only || !may_catch_up(options)) prepared->place.reset();
      if (options.rehearse_only) return rehearsed(context, *prepared);
      if (!keeps_proven_copy(options)) drop_copy(context);
    }
    confirm(context, options, *prepared, files);
    util::throw_if_stopped(stop);
    outside.before_hold(stop);
    if (keeps_out(options.hold))
      hold = hold_and_catch_up(context, options, *prepared, ledger, stop);
    if (options.undo == Undo::Clone) clone_for_undo(context, options, *prepared, ledger, stop);
    gate = open_gate(context, options, gate_question(options, *prepared, hold.get()), ledger);
    if (gate.hold_wanted) {
      Options held = options;
      held.hold = Hold::ReadOnly;
      hold = hold_and_catch_up(context, held, *prepared, ledger, stop);
      gate = open_gate(context, held, gate_question(held, *prepared, hold.get()), ledger);
    }
    journal_gate(context, gate);
    if (gate.others && prepared->marks)
      save_certain_rows(context, prepared->backup, *prepared->marks, stop);
    prepared->place.reset();
    util::fault::point("run.gate");
    util::throw_if_stopped(stop);
    mark_begun(context);
    if (options.blue_green) green.emplace(context, prepared->backup, gate, ledger);
  } catch (...) {
    give_up(context, util::as_error(std::current_exception()));
  }

  // The point of no return: from here on there is an outcome, never an error.
  const AttemptInput input{.context = context,
                           .options = options,
                           .proof = prepared->proof,
                           .gate = gate,
                           .ledger = ledger,
                           .files = files,
                           .copy = green ? &green->copy() : nullptr};
  const Attempt tried = attempt_watched(input, outside, stop);
  if (tried.refused) refused_at_gate(context, *tried.refused);
  std::string cause = with_open_ends(tried.cause, tried);
  std::optional<Judgement> others;  // after they had been let in
  if (tried.succeeded) {
    cause = check_after(input, stop);
    if (cause.empty() && stop.stop_requested()) cause = "interrupted";
    if (cause.empty() && green) cause = green->swap_forward();
    if (cause.empty()) {
      AfterLetIn after = after_let_in(input, outside, stop);
      cause = std::move(after.cause);
      others = std::move(after.others);
    }
    if (cause.empty())
      return finished(
          context, *prepared, keep, tried,
          {.backup = prepared->backup, .said = tried.said, .restored = green.has_value()});
  }
  try {
    require_server(context);
    if (green && !green->settle()) return copy_failed(context, prepared->backup, gate, cause);
  } catch (const util::Error& error) {
    return not_undone(context, cat(cause, "\nthe undo could not begin: ", error.text()),
                      {cat("when the server is back:  pgbelay undo ", context.names.id)});
  }
  return take_back_failed(
      {.context = context,
       .backup = prepared->backup,
       .copy = green ? green->old_state() : prepared->copy,
       .gate = green ? green->gate() : gate,
       .ledger = ledger,
       .cause = std::move(cause),
       .undo = options.undo,
       .failed_state = options.failed_backup ? FailedState::BackUp : FailedState::Leave,
       .on_foreign_writes = options.on_foreign_writes,
       .ask = options.questions.undo_all_the_same,
       .others = std::move(others)});
}

}  // namespace

Result run(const Options& options, util::Reporter& reporter, std::stop_token stop) {
  require_consistent(options);
  require_usable(options.outside);
  const std::string database = options.database.database();
  const std::string opening = cat("pgbelay-", util::key_time(options.now()));
  pg::Connection maintenance =
      swap::open_maintenance(options.database, options.maintenance_db, opening, stop);
  std::unique_ptr<swap::DatabaseLock> lock = take_lock(maintenance, database);
  settle_unfinished_runs(options, maintenance, lock, reporter);

  const std::vector<migrate::File> files = pending_files(options, opening, reporter, stop);
  if (!options.command && files.empty()) return {.outcome = Outcome::NothingToDo};
  Options chosen = options;
  chosen.label = label_of(options, files);
  const RunNames names = new_run_names(database, chosen.label, options.dir, options.now());
  const Preflight preflight = check_preflight(chosen, names, reporter, stop);
  settle_strategy(chosen, preflight, reporter);
  decide_rehearsal(chosen, preflight, reporter);
  if (options.plan_only) {
    for (const std::string& line : plan_lines(chosen, preflight, files)) reporter.note(line);
    return {.outcome = Outcome::Planned, .run = names.id};
  }

  lock->probe();
  Journal journal = Journal::create(names.folder,
                                    {.run = names.id,
                                     .key = names.key,
                                     .database = database,
                                     .source = options.database.sanitised(),
                                     .system_identifier = preflight.system_identifier,
                                     .version = options.version,
                                     .command = command_shown(options)},
                                    options.now);
  journal_strategy(journal, chosen.undo);
  journal_sequences(journal, "run", chosen.sequences);
  SessionLedger ledger(journal, database, names.application);
  LiveDatabase live(options.database);
  const RunContext context{
      .names = names,
      .database = live.now(),
      .live = live,
      .maintenance_db = options.maintenance_db,
      .version = options.version,
      .jobs = options.jobs,
      .accept_superuser_functions = options.accept_superuser_functions,
      .replicas = options.replicas,
      .room = {.stated = chosen.server_free, .folder = preflight.server_folder},
      .maintenance = maintenance,
      .lock = lock,
      .journal = journal,
      .reporter = reporter};
  const bool in_place = chosen.undo == Undo::Replace;
  const KeepCopy keep{.time = keeps_copy(chosen) || in_place ? chosen.keep_undo : 0ms,
                      .what = in_place ? OldState::Backup : OldState::Copy,
                      .database_bytes = preflight.database_bytes,
                      .server_folder = preflight.server_folder,
                      .server_free = chosen.server_free};
  const Outside outside(chosen.outside, context);
  outside.started();
  try {
    Result result = guarded(context, chosen, outside, ledger, files, keep, stop);
    outside.ended(result);
    return result;
  } catch (...) {
    const util::Error error = util::as_error(std::current_exception());
    outside.given_up(error);
    throw error;
  }
}

}  // namespace guard
