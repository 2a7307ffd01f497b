// undo, close, runs, status, doctor: the commands of the person on call.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/json.h"
#include "guard/preflight.h"
#include "guard/prepare.h"
#include "guard/stray_run.h"
#include "guard/undo.h"
#include "pg/connection.h"
#include "pg/server_facts.h"
#include "swap/sessions.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using util::cat;
using util::Error;
using util::Kind;

// What a run was told is in its journal: only what stands on the command line is another word.
std::optional<guard::Sequences> sequences(const Invocation& invocation) {
  const std::optional<std::string> typed = invocation.settings.typed("sequences");
  if (!typed) return std::nullopt;
  return *typed == "exact" ? guard::Sequences::Exact : guard::Sequences::Further;
}

guard::UndoOptions undo_options(const Invocation& invocation) {
  const std::string writes = invocation.settings.text("on-foreign-writes");
  return {.database = invocation.database(),
          .maintenance_db = invocation.settings.text("maintenance-db"),
          .replicas = invocation.replicas(),
          .dir = invocation.settings.path("dir"),
          .reference = invocation.optional_argument(),
          .on_foreign_writes = writes == "undo"   ? guard::OnForeignWrites::Undo
                               : writes == "keep" ? guard::OnForeignWrites::Keep
                                                  : guard::OnForeignWrites::Ask,
          .ask = ask_about_writes(invocation.stop),
          .failed_backup = !invocation.settings.flag("no-failed-backup"),
          .sequences = sequences(invocation),
          .recheck = invocation.settings.flag("recheck"),
          .jobs = invocation.settings.count("jobs"),
          .version = PGBELAY_VERSION,
          .outside = invocation.outside_options()};
}

void require_yes(const Invocation& invocation, const std::vector<std::string>& lines) {
  if (invocation.settings.flag("yes")) return;
  if (confirm(lines, "Type yes to go on: ", "yes")) return;
  throw Error(Kind::NotConfirmed, "not confirmed",
              {.hint = "Type yes at a terminal, or give --yes.", .sqlstate = {}});
}

int end(const Invocation& invocation, const guard::Result& result) {
  if (invocation.json()) {
    print_out(migrate_end_event(result));
  } else if (!result.cause.empty()) {
    print_err(cat(result.cause, "\n"));
  }
  return result.outcome == guard::Outcome::NotUndone ? util::info(Kind::NotUndone).exit_code
                                                     : result.exit_code;
}

std::string command_text(const guard::RunInfo& run) {
  return run.command.empty() ? "(files)" : util::printable(util::join(run.command, " "));
}

std::string run_details(const guard::RunInfo& run) {
  return cat("run       ", run.run, "\nstate     ", guard::state_name(run.state),
             run.exit ? cat(", exit ", *run.exit) : "", "\ndatabase  ",
             run.source.empty() ? run.database : run.source, "\ncommand   ", command_text(run),
             "\nlast step ", run.step, "\nstarted   ", run.started_at, "\nended     ",
             run.ended_at.empty() ? "–" : run.ended_at, "\nbackup    ",
             run.backup.empty() ? "–" : run.backup,
             run.undo_until.empty()
                 ? ""
                 : cat("\nundo      until ", run.undo_until, ": pgbelay undo ", run.run),
             run.undo_over.empty() ? "" : cat("\nundo      no more: ", run.undo_over),
             run.held.empty()
                 ? ""
                 : cat("\nhold      exclusive: until the run is finished nobody else can "
                       "connect to ",
                       run.database, "; the database is called ", run.held),
             "\nfolder    ", run.folder.string(), "\n");
}

std::string doctor_text(const std::vector<guard::Line>& lines) {
  constexpr std::array<std::string_view, 3> kWords{"pass", "warn", "FAIL"};
  std::string out;
  for (const guard::Line& line : lines) {
    out += fmt::format("{}  {:<12} {}\n", kWords[static_cast<std::size_t>(line.verdict)],
                       line.subject, util::printable(line.text));
    if (line.verdict != guard::Verdict::Pass && !line.remedy.empty())
      out += fmt::format("      {:<12} → {}\n", "", util::printable(line.remedy));
  }
  return out;
}

// What runs and restores left on the server, for doctor.
std::vector<guard::Line> leftovers(const Invocation& invocation, const pg::ConnInfo& database) {
  std::vector<guard::Line> lines;
  pg::Connection maintenance = swap::open_maintenance(
      database, invocation.settings.text("maintenance-db"), "pgbelay-doctor", invocation.stop);
  for (const swap::Side& side : guard::marked_databases(maintenance, database.database())) {
    const guard::RunMark run = guard::parse_run_mark(side.comment).value();
    const guard::HoldMark& mark = run.hold.value();
    lines.push_back(
        {.verdict = guard::Verdict::Warn,
         .subject = "hold",
         .text = mark.held.empty()
                     ? cat("database ", mark.database, " is held read-only: ", side.comment)
                     : cat("database ", mark.database, " is held, and called ", mark.held,
                           " meanwhile: ", side.comment),
         .remedy = cat("pgbelay undo, where the run's folder is, or pgbelay close ", run.run,
                       " from any machine releases it")});
  }
  for (const swap::Side& side : swap::list_sides(maintenance, database.database())) {
    lines.push_back({.verdict = guard::Verdict::Warn,
                     .subject = "leftover",
                     .text = cat(side.name, " · ", util::show_size(side.bytes),
                                 side.comment.empty() ? "" : cat(" · ", side.comment)),
                     .remedy = "kept on purpose, or left by a run that was killed (pgbelay undo or "
                               "close brings order); pgbelay prune tells which, and drops what no "
                               "run needs"});
  }
  return lines;
}

// A database that an exclusive hold of a run has renamed cannot be connected to: then the hold is
// what is told.
guard::Preflight preflight_or_hold(const guard::PreflightOptions& options,
                                   const Invocation& invocation, const pg::ConnInfo& database) {
  try {
    return guard::preflight(options, invocation.stop);
  } catch (const Error& error) {
    if (error.kind() != Kind::Connect) throw;
    guard::Preflight found;
    found.lines = leftovers(invocation, database);
    std::erase_if(found.lines, [](const guard::Line& line) { return line.subject != "hold"; });
    if (found.lines.empty()) throw;
    found.lines.insert(found.lines.begin(),
                       guard::Line{.verdict = guard::Verdict::Fail,
                                   .subject = "connection",
                                   .text = error.message(),
                                   .remedy = "Its hold is to be released, see below."});
    return found;
  }
}

// What the server tells of runs whose journals are not here.
struct Elsewhere {
  std::vector<guard::StrayRun> runs;
  std::string holder;   // of the database's lock: somebody is at work now
  std::string failure;  // why the server could not be asked
  bool unfinished() const {
    return holder.empty() && !runs.empty() && runs.front().mark.unfinished();
  }
};

Elsewhere look_elsewhere(const Invocation& invocation, const pg::ConnInfo& database) {
  Elsewhere out;
  try {
    pg::Connection maintenance = swap::open_maintenance(
        database, invocation.settings.text("maintenance-db"), "pgbelay-status", invocation.stop);
    out.holder = swap::lock_holder(maintenance, database.database()).value_or(std::string());
    out.runs = guard::stray_runs(maintenance, database.database(), invocation.settings.path("dir"));
  } catch (const Error& error) {
    if (error.kind() == Kind::Interrupted) throw;
    out.failure = error.message();
  }
  return out;
}

enum class NoneHere { No, Yes };
// What other runs left is told only where there are none of one's own (contracts.md K6).
std::string elsewhere_text(const Elsewhere& elsewhere, NoneHere none_here) {
  std::string out;
  for (const guard::StrayRun& run : elsewhere.runs) {
    if (!run.mark.unfinished()) {
      if (none_here == NoneHere::No) continue;
      out += cat("elsewhere  ", util::printable(run.side), " · made at ",
                 util::printable(run.mark.where), " for ", run.mark.run, "\n");
    } else if (!elsewhere.holder.empty()) {
      out += cat("elsewhere  run ", run.mark.run, " · ", util::printable(run.mark.where),
                 " · running\n");
    } else {
      out += cat("UNFINISHED RUN\n", guard::stray_text(run), "\n");
      for (const std::string& line : guard::stray_remedies(run)) out += cat("→ ", line, "\n");
      out += '\n';
    }
  }
  if (!elsewhere.failure.empty())
    out += cat("elsewhere  not asked: ", util::printable(elsewhere.failure), "\n");
  return out;
}

std::string unfinished_text(const guard::RunInfo& run) {
  return cat("UNFINISHED RUN\n", run_details(run), "→ finish it with:        pgbelay resume ",
             run.run, "\n→ take it back with:     pgbelay undo ", run.run,
             "\n→ or leave it as it is:  pgbelay close ", run.run, "\n\n");
}

// A run that was killed in the middle of its undo leaves the database closed, an exclusive hold
// hides it: then that run is the news.
std::string database_text(const Invocation& invocation, const pg::ConnInfo& database,
                          bool unfinished) {
  try {
    pg::Connection connection = pg::Connection::open(database, "pgbelay-status", invocation.stop);
    const pg::ServerFacts facts = pg::server_facts(connection);
    return cat("database  ", database.display(), " · PostgreSQL ", facts.version_text, " · ",
               util::show_size(pg::database_size(connection, connection.database())), "\n");
  } catch (const Error& failure) {
    if (!unfinished || failure.kind() == Kind::Interrupted) throw;
    return cat("database  ", database.display(), " · ", util::printable(failure.message()), "\n");
  }
}

std::string last_proven(const std::filesystem::path& dir, const pg::ConnInfo& database) {
  std::string proven = "none";
  for (const backup::Entry& entry : backup::list(dir)) {
    if (entry.backup && !entry.backup->damaged() &&
        entry.backup->level() == archive::Level::Proven &&
        entry.backup->manifest.database == database.database()) {
      proven = entry.name;
    }
  }
  return proven;
}

}  // namespace

int run_undo(const Invocation& invocation) {
  const guard::UndoOptions options = undo_options(invocation);
  const guard::RunInfo run = guard::find_run_anywhere(options, invocation.stop);
  require_yes(invocation,
              {cat("Run ", run.run, " on ", options.database.display(), " will be taken back:"),
               "its sessions are ended, the proven copy is swapped in (or, for a run with replace, "
               "the backup restored in place), and what is there now is kept."});
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  return end(invocation, guard::undo(options, reporter, invocation.stop));
}

int run_resume(const Invocation& invocation) {
  const guard::UndoOptions options = undo_options(invocation);
  const guard::RunInfo run = guard::find_run_anywhere(options, invocation.stop);
  require_yes(invocation, {cat("Run ", run.run, " on ", options.database.display(),
                               " will be finished: what was migrated well is checked and "
                               "released, everything else is undone.")});
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  return end(invocation, guard::resume(options, reporter, invocation.stop));
}

int run_close(const Invocation& invocation) {
  const guard::UndoOptions options = undo_options(invocation);
  invocation.argument("RUN");
  if (const auto stray = guard::find_stray_run(options, invocation.stop)) {
    require_yes(invocation,
                {cat("The journal of run ", stray->mark.run, " is not in ", options.dir.string(),
                     "; database ", stray->database, " stays as it is now",
                     stray->mark.hold ? ", and its hold will be released." : ".")});
    TerminalReporter reporter(invocation.style(/*json_lines=*/true));
    guard::close_stray_run(options, *stray, reporter, invocation.stop);
    return 0;
  }
  const guard::RunInfo run =
      guard::find_run(options.dir, options.reference, options.database.database());
  require_yes(invocation, {cat("Run ", run.run, " will be closed: database ", run.database,
                               " stays as it is now, the copy is dropped.")});
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  return end(invocation, guard::close(options, reporter, invocation.stop));
}

int run_runs(const Invocation& invocation) {
  const std::filesystem::path dir = invocation.settings.path("dir");
  if (!invocation.arguments.empty()) {
    const guard::RunInfo run = guard::find_run(dir, invocation.argument("RUN"), {});
    print_out(invocation.json() ? runs_document({run}) : run_details(run));
    return 0;
  }
  const std::vector<guard::RunInfo> runs = guard::list_runs(dir);
  if (invocation.json()) {
    print_out(runs_document(runs));
    return 0;
  }
  if (runs.empty()) {
    print_err(cat("no runs in ", (dir / "runs").string(), "\n"));
    if (!invocation.settings.text("database").empty())
      print_err(elsewhere_text(look_elsewhere(invocation, invocation.database()), NoneHere::Yes));
  }
  std::size_t widest = 0;
  for (const guard::RunInfo& run : runs) widest = std::max(widest, run.run.size());
  for (const guard::RunInfo& run : runs) {
    print_out(fmt::format("{:<{}}  {:<10} {:<4} {}\n", run.run, widest,
                          guard::state_name(run.state), run.exit ? cat(*run.exit) : "–",
                          command_text(run)));
  }
  return 0;
}

int run_status(const Invocation& invocation) {
  const std::filesystem::path dir = invocation.settings.path("dir");
  const pg::ConnInfo database = invocation.database();
  std::vector<guard::RunInfo> runs = guard::list_runs(dir);
  std::erase_if(runs,
                [&](const guard::RunInfo& run) { return run.database != database.database(); });
  const auto unfinished = std::find_if(runs.rbegin(), runs.rend(), [](const guard::RunInfo& run) {
    return run.state == guard::RunState::Unfinished;
  });
  const Elsewhere elsewhere = look_elsewhere(invocation, database);
  const bool open = unfinished != runs.rend() || elsewhere.unfinished();
  const int status = open ? util::info(Kind::NotUndone).exit_code : 0;
  if (invocation.json()) {
    print_out(status_document(
        runs, elsewhere.runs,
        elsewhere.holder.empty() ? guard::RunState::Unfinished : guard::RunState::Running));
    return status;
  }
  if (unfinished != runs.rend()) print_out(unfinished_text(*unfinished));
  print_out(elsewhere_text(elsewhere, runs.empty() ? NoneHere::Yes : NoneHere::No));
  print_out(database_text(invocation, database, open || !elsewhere.holder.empty()));
  print_out(
      runs.empty()
          ? "last run  none\n"
          : cat("last run  ", runs.back().run, " · ", guard::state_name(runs.back().state),
                runs.back().undo_until.empty() ? "" : cat(" · undo until ", runs.back().undo_until),
                "\n"));
  print_out(cat("last proven backup  ", last_proven(dir, database), "\n"));
  return status;
}

int run_doctor(const Invocation& invocation) {
  const pg::ConnInfo database = invocation.database();
  guard::PreflightOptions options{
      .database = database,
      .maintenance_db = invocation.settings.text("maintenance-db"),
      .dir = invocation.settings.path("dir"),
      .pg_dump = invocation.settings.path("pg-dump"),
      .schema_from = invocation.schema_from(),
      .server_free = invocation.settings.size("server-free"),
      .accept_superuser_functions = invocation.settings.flag("accept-superuser-functions"),
      .replicas = invocation.replicas(),
      .may_hold = guard::hold_question({}),
      .all_ways = true,
      .key = util::key_time(util::Clock::now())};
  guard::Preflight found = preflight_or_hold(options, invocation, database);
  if (!database.ignored_parameters().empty()) {
    found.lines.push_back({.verdict = guard::Verdict::Pass,
                           .subject = "url",
                           .text = cat("parameters for others, left out of our own connections: ",
                                       util::join(database.ignored_parameters(), ", ")),
                           .remedy = {}});
  }
  for (guard::Line& line : guard::way_lines(found)) found.lines.push_back(std::move(line));
  if (found.ok()) {
    for (guard::Line& line : leftovers(invocation, database))
      found.lines.push_back(std::move(line));
  }
  print_out(invocation.json() ? doctor_document(found.lines) : doctor_text(found.lines));
  return found.ok() ? 0 : util::info(Kind::Findings).exit_code;
}

}  // namespace cli
