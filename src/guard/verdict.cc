#include "guard/verdict.h"

#include "guard/hold.h"
#include "guard/rehearsal_clone.h"
#include "guard/rescue.h"
#include "guard/schema_record.h"
#include "guard/server_return.h"
#include "guard/sql_guard.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/files.h"
#include "util/log.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

void write_report(const RunContext& context, std::string_view outcome, int exit_code,
                  std::string_view text) {
  const std::string report =
      cat("run       ", context.names.id, "\ndatabase  ", context.live.served().display(),
          "\noutcome   ", outcome, "\nexit      ", exit_code, "\n\n", text,
          text.ends_with('\n') ? "" : "\n");
  try {
    util::publish_text(context.names.folder / "report.txt", report);
  } catch (const util::Error& error) {  // the journal says it too
    context.reporter.warning(cat("the report could not be written: ", error.message()));
  }
}

// Nothing to put back: the copy goes, and the database was never touched.
Result nothing_written(const FailedAttempt& failed) {
  const RunContext& context = failed.context;
  context.reporter.step("undo", util::StepState::Begin, "");
  context.journal.begin("undo");
  tell_release(context);
  drop_copy(context);
  const std::vector<SharedChange> cluster = cluster_changes(context);
  context.journal.end("undo", {{"written", "nothing"}, {"cluster_changes", cat(cluster.size())}});
  context.reporter.step("undo", util::StepState::Ok,
                        "nothing had been written: schema, rows and sequences are as before");
  return undone(context, {.backup = failed.backup,
                          .cause = failed.cause,
                          .text = "nothing had been written",
                          .kept = {},
                          .cluster = cluster});
}

TakenBack take_back_by(const FailedAttempt& failed, const Judgement& others) {
  const RunContext& context = failed.context;
  if (failed.undo == Undo::Replace) {
    return with_server(context, [&] {
      return replace_contents(
          context,
          {.backup = failed.backup, .failed = failed.failed_state, .others = !others.none()});
    });
  }
  TakenBack back = with_server(context, [&] {
    return take_back(context,
                     {.backup = failed.backup, .copy = failed.copy, .others = !others.none()});
  });
  with_server(context, [&] {
    tell_release(context);
    drop_older_failures(context);
  });
  if (!others.none()) tell_foreign_rows(context, failed.backup, context.names.kept);
  return back;
}

Result swapped_back(const FailedAttempt& failed, const Judgement& others) {
  const RunContext& context = failed.context;
  const TakenBack back = take_back_by(failed, others);
  return undone(context, {.backup = failed.backup,
                          .cause = failed.cause,
                          .text = cat("undone", kept_text(back.kept)),
                          .kept = back.kept,
                          .cluster = back.cluster});
}

Result judge_and_undo(const FailedAttempt& failed) {
  const RunContext& context = failed.context;
  end_run_sessions(context, failed.ledger.sessions());
  const Judgement others =
      failed.others ? *failed.others : judge_since(context, failed.gate, failed.ledger);
  const auto journalled = [&](pg::Connection& live) {
    failed.ledger.opened("verdict", "verdict",
                         {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
  };
  const std::optional<std::string> sign = sign_of_writing({.before = failed.gate.marks,
                                                           .manifest = failed.backup.manifest,
                                                           .database = context.database,
                                                           .application = context.names.application,
                                                           .on_session = journalled},
                                                          context.reporter);
  context.journal.fact(
      "verdict", "verdict",
      {{"written", sign.value_or("nothing")}, {"others", util::join(others.reasons, "; ")}});
  if (!sign) return nothing_written(failed);
  if (failed.undo == Undo::None) {
    return not_undone(
        context,
        cat(failed.cause, "\n--undo none was chosen: the database stays as it is (", *sign, ")"),
        {cat("restore the backup:  pgbelay restore ", failed.backup.manifest.name),
         cat("leave it as it is:   pgbelay close ", context.names.id)});
  }
  if (!may_undo(others, failed.on_foreign_writes, failed.ask)) {
    return not_undone(
        context,
        cat(failed.cause,
            "\nit is not undone by itself, because others may have written meanwhile (",
            util::join(others.reasons, "; "), "), and something was committed (", *sign, ")"),
        choices(context.names.id));
  }
  return swapped_back(failed, others);
}

}  // namespace

Result undone(const RunContext& context, const Undone& what) {
  const int exit_code = util::info(util::Kind::Undone).exit_code;
  const std::vector<std::string> lines = cluster_lines(what.cluster);
  for (const std::string& line : lines) context.reporter.note(line);
  end_run(context, {.state = RunState::Undone,
                    .exit_code = exit_code,
                    .text = cat(what.cause, "\n\n", what.text, "\n", util::join(lines, "\n"))});
  return {.outcome = Outcome::Undone,
          .run = context.names.id,
          .backup = what.backup.manifest.name,
          .cause = what.cause,
          .kept = what.kept,
          .exit_code = exit_code,
          .folder = context.names.folder};
}

void tell_release(const RunContext& context) {
  if (const std::string held = kept_out_text(release_hold(context)); !held.empty())
    context.reporter.note(held);
}

std::string kept_text(const std::string& kept) {
  return kept.empty() ? std::string("; nothing of the failed state was kept")
                      : cat("; the failed state is kept as ", kept);
}

void save_foreign_rows(const RunContext& context, const backup::Backup& backup,
                       const std::string& database) {
  const std::string text = save_unknown_rows(context, backup, database, {});
  for (const std::string_view line : util::split(text, '\n'))
    if (!line.empty()) context.reporter.note(line);
}

void tell_foreign_rows(const RunContext& context, const backup::Backup& backup,
                       const std::string& database) {
  try {
    save_foreign_rows(context, backup, database);
  } catch (const util::Error& error) {  // the undo stands, and the kept database holds them
    context.reporter.warning(cat("rows that others may have written could not be saved: ",
                                 error.text(), "\n  what there was is in what the undo keeps"));
  }
}

bool may_undo(const Judgement& others, OnForeignWrites chosen, const AskAboutWrites& ask) {
  if (others.none() || chosen == OnForeignWrites::Undo) return true;
  return chosen == OnForeignWrites::Ask && ask && ask(others.reasons);
}

std::vector<std::string> choices(const std::string& run) {
  return {
      cat("take it back, writes of others too:  pgbelay undo ", run, " --on-foreign-writes undo"),
      cat("leave the database as it is:         pgbelay close ", run)};
}

Result not_undone(const RunContext& context, std::string cause,
                  const std::vector<std::string>& what_to_do) {
  if (context.live.moved()) {
    cause +=
        cat("\nthe database is called ", util::printable(context.database.database()),
            " until then, and nobody finds it as ",
            util::printable(context.live.served().database()), "; this gives it its name back:");
  }
  for (const std::string& line : what_to_do) cause += "\n  " + line;
  context.reporter.step("undo", util::StepState::Failed, "NOT undone: act now");
  context.journal.fact("run", "exit", {{"code", "4"}, {"cause", cause}});
  write_report(context, "NOT undone", 4, cause);
  return {.outcome = Outcome::NotUndone,
          .run = context.names.id,
          .cause = cause,
          .exit_code = 4,
          .folder = context.names.folder};
}

Result take_back_failed(const FailedAttempt& failed) {
  try {
    return judge_and_undo(failed);
  } catch (const util::Error& error) {
    return not_undone(failed.context, cat(failed.cause, "\nthe undo failed: ", error.text()),
                      {cat("when the reason is gone:  pgbelay undo ", failed.context.names.id)});
  }
}

void drop_copy(const RunContext& context) {
  drop_clone(context);  // of a rehearsal that died
  swap::drop_side(context.maintenance, context.names.copy);
}

void release(const RunContext& context, const KeepCopy& keep) {
  context.journal.begin("release");
  util::fault::point("run.releasing");
  const std::string held =
      with_server(context, [&] { return kept_out_text(release_hold(context)); });
  std::string text = "the migration stays, the copy is dropped";
  try {
    with_server(context, [&] {
      if (std::optional<std::string> kept = keep_copy(context, keep)) {
        text = *std::move(kept);
      } else {
        drop_copy(context);
      }
    });
  } catch (const util::Error& error) {  // the migration stands; the copy only takes room
    context.reporter.warning(
        cat("the copy ", context.names.copy, " could not be dropped: ", error.message()));
  }
  util::fault::point("run.released");
  context.journal.end("release", {{"hold", held}});
  if (!held.empty()) text += cat(" · ", held);
  context.reporter.step("release", util::StepState::Ok, text);
  drop_older_copies(context);
}

void end_run(const RunContext& context, const Ending& ending) {
  // A run that was given up has changed nothing.
  if (ending.state != RunState::Failed && !ending.schema_recorded) record_schema(context);
  context.journal.fact("run", "exit", {{"code", cat(ending.exit_code)}});
  context.journal.end("run", {{"state", std::string(state_name(ending.state))}});
  write_report(context, state_name(ending.state), ending.exit_code, ending.text);
}

}  // namespace guard
