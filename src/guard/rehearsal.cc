// The order of a rehearsal: the cluster's objects written down, the clone made, what is in it read,
// the migration run through the tap, its sessions ended, checked, the clone dropped, the cluster's
// objects compared and put back. Whatever fails in the middle, the last three are done.

#include "guard/rehearsal.h"

#include <algorithm>
#include <exception>

#include "check/check.h"
#include "guard/attempt.h"
#include "guard/left_open.h"
#include "guard/prepare.h"
#include "guard/rehearsal_clone.h"
#include "guard/rehearsal_cluster.h"
#include "guard/rehearsal_measure.h"
#include "guard/rehearsal_tap.h"
#include "guard/report_html.h"
#include "guard/sql_guard.h"
#include "migrate/apply.h"
#include "migrate/command.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;
using namespace std::chrono_literals;

constexpr std::string_view kStep = "rehearsal";
constexpr std::string_view kReportFile = "report.html";
// The clone, and as much again for its WAL and for tables that are written anew.
constexpr std::uint64_t kRoomFactor = 2;

std::vector<check::TableRows> table_rows(const archive::Manifest& manifest) {
  std::vector<check::TableRows> rows;
  for (const archive::TableRecord& table : manifest.tables)
    rows.push_back({.name = {table.schema, table.table}, .rows = table.fingerprint.rows});
  return rows;
}

class Rehearsal {
 public:
  Rehearsal(const RehearsalInput& input, std::stop_token stop)
      : input_(input), context_(input.context), stop_(std::move(stop)) {
    report_.run = context_.names.id;
    report_.database = context_.database.database();
    report_.server_version = input.options.rehearsal.live.server_version;
    report_.backup = input.backup.manifest.name;
    report_.place = input.place.text();
    report_.started_at = util::Clock::now();
    report_.live_bytes = input.options.rehearsal.live.database_bytes;
    report_.server_room = input.options.rehearsal.live.server_room;
    report_.limits = input.options.rehearsal.limits;
    report_.on_limit = input.options.rehearsal.on_limit;
    report_.shared = input.options.rehearsal.shared;
    if (input.options.command)
      report_.migration = scrubbed_command(*input.options.command, context_.database);
    for (const migrate::File& file : input.files) report_.migration.push_back(file.name);
  }

  RehearsalReport run() {
    ClusterWatch cluster(context_, !input_.place.elsewhere());
    std::exception_ptr failure;
    try {
      make_clone(context_, input_.backup);
      util::fault::point("rehearsal.cloned");
      util::throw_if_stopped(stop_);
      on_the_clone(cluster);
      util::fault::point("rehearsal.migrated");
    } catch (...) {  // kept until everything is cleared up
      failure = std::current_exception();
    }
    drop_clone(context_);
    util::fault::point("rehearsal.dropped");
    report_.outside = cluster.settle();
    if (failure) std::rethrow_exception(failure);
    util::throw_if_stopped(stop_);
    return std::move(report_);
  }

 private:
  pg::Connection open_clone() {
    return pg::Connection::open(context_.database.with_database(context_.names.rehearsal),
                                context_.names.application, stop_);
  }

  void on_the_clone(ClusterWatch& cluster) {
    check::Before before;
    CloneState state;
    {
      pg::Connection clone = open_clone();
      before = check::capture(clone, table_rows(input_.backup.manifest));
      state = read_clone(clone);
    }
    const std::uint32_t oid = database_oid(context_.maintenance, context_.names.rehearsal);
    report_.bytes_before = database_bytes(context_.maintenance, oid).value_or(state.bytes);
    run_and_watch(cluster, state);
    report_.bytes_after = database_bytes(context_.maintenance, oid).value_or(0);
    pg::Connection clone = open_clone();
    if (report_.succeeded) run_checks(clone, before);
    measure(clone, state);
  }

  void run_and_watch(ClusterWatch& cluster, const CloneState& state) {
    const std::optional<std::uint64_t> wal = wal_position(context_.maintenance);
    cluster.own_session();  // of the sampler
    cluster.own_session();  // of the tap's end
    RehearsalTap tap({.context = context_,
                      .ledger = input_.ledger,
                      .shared = input_.options.rehearsal.shared,
                      .scrubber = scrubber()});
    migrate(tap);
    tap.end();
    const std::optional<std::uint64_t> wal_end = wal_position(context_.maintenance);
    if (wal && wal_end) report_.wal_bytes = *wal_end - *wal;
    report_.refused = tap.refused();
    report_.statements = tap.statements();
    report_.statements_left_out = tap.left_out();
    report_.left_open = tell_open_ends(open_ends(tap.records(), scrubber()), kStep,
                                       context_.journal, context_.reporter);
    report_.locks =
        measured_locks(tap.sampler().locks(), report_.statements, relation_names(state));
    report_.locks_complete = tap.sampler().complete();
    report_.bytes_peak = tap.sampler().peak_bytes();
    cluster.saw(report_.statements);
  }

  void run_checks(pg::Connection& clone, const check::Before& before) {
    const check::Options wanted{.announced = announced(input_.options, input_.files)};
    for (const check::Finding& finding : check::after(clone, before, wanted, stop_)) {
      if (finding.severity == check::Severity::Failure)
        report_.failed_checks.push_back(cat(finding.code, ": ", finding.text));
    }
  }

  void measure(pg::Connection& clone, const CloneState& before) {
    const CloneState after = read_clone(clone);
    report_.rewrites = find_rewrites(before, after);
    report_.rows = find_row_changes(clone, before, after, input_.backup.manifest);
    report_.rows_exact = clone.server_major() >= 15;
    report_.objects = find_object_changes(before, after);
  }

  util::Scrubber scrubber() const {
    return scrubber_for(input_.options.command.value_or(CommandSpec{}), context_.database, nullptr);
  }

  void migrate(RehearsalTap& tap) {
    const util::Stopwatch watch;
    Attempt tried;
    try {
      tried = input_.options.command ? by_command(tap) : by_files(tap);
    } catch (const util::Error& error) {
      if (error.kind() == Kind::Bug) throw;
      tried = failed_by(error);
    }
    report_.took = watch.elapsed();
    report_.succeeded = tried.succeeded;
    report_.cause = tried.cause;
    if (tried.succeeded && tap.statement_count() == 0) {
      report_.succeeded = false;
      report_.cause =
          "the command ended well, but nothing of it came to the copy: it does not take the "
          "database from DATABASE_URL, and whatever it did, it did elsewhere";
    }
  }

  Attempt by_command(const RehearsalTap& tap) {
    const CommandSpec& command = *input_.options.command;
    const Redirect redirect = tap.redirect();
    const util::Scrubber scrubber = scrubber_for(command, context_.database, &redirect);
    CommandEnvironment environment =
        command_environment(command, context_.database, context_.names.id, &redirect);
    const migrate::CommandOutcome outcome =
        migrate::run_command(migrate::Side{context_.names.rehearsal},
                             {.argv = command.argv,
                              .set_env = std::move(environment.set),
                              .unset_env = std::move(environment.unset),
                              .directory = {},
                              .output_file = context_.names.folder / "rehearsal.log",
                              .inherit_stdin = command.inherit_stdin},
                             scrubber, context_.reporter, stop_);
    return judged_command(outcome, tap.last_failure(), scrubber);
  }

  Attempt by_files(const RehearsalTap& tap) {
    pg::Connection clone = pg::Connection::open(tap.conninfo(), context_.names.application, stop_);
    return judged_files(migrate::apply(migrate::Side{context_.names.rehearsal}, clone, input_.files,
                                       apply_options(context_, input_.options), context_.reporter,
                                       stop_));
  }

  const RehearsalInput& input_;
  const RunContext& context_;
  std::stop_token stop_;
  RehearsalReport report_;
};

// The same run where the proof left its copy. Sessions there are no sessions on the live server,
// whatever their pids: they have a ledger of their own.
class Elsewhere {
 public:
  explicit Elsewhere(const RehearsalInput& input)
      : live_(input.place.server().with_database(input.context.database.database())),
        maintenance_db_(input.place.maintenance_db()),
        maintenance_(swap::open_maintenance(live_.now(), maintenance_db_,
                                            input.context.names.application, {})),
        ledger_(input.context.journal, input.context.database.database(),
                input.context.names.application),
        context_{.names = input.context.names,
                 .database = live_.now(),
                 .live = live_,
                 .maintenance_db = maintenance_db_,
                 .version = input.context.version,
                 .jobs = input.context.jobs,
                 .accept_superuser_functions = input.context.accept_superuser_functions,
                 .maintenance = maintenance_,
                 .lock = input.context.lock,
                 .journal = input.context.journal,
                 .reporter = input.context.reporter} {}

  RehearsalInput input(const RehearsalInput& here) {
    return {.context = context_,
            .options = here.options,
            .backup = here.backup,
            .ledger = ledger_,
            .files = here.files,
            .place = here.place};
  }

 private:
  LiveDatabase live_;
  std::string maintenance_db_;
  pg::Connection maintenance_;
  SessionLedger ledger_;
  RunContext context_;
};

RehearsalReport rehearse_in_place(const RehearsalInput& input, std::stop_token stop) {
  if (!input.place.elsewhere()) return Rehearsal(input, std::move(stop)).run();
  Elsewhere there(input);
  const RehearsalInput moved = there.input(input);
  return Rehearsal(moved, std::move(stop)).run();
}

// Beside the journal. That they cannot be written does not change what was found out.
void write_reports(const RunContext& context, const RehearsalReport& report) {
  try {
    util::publish_text(context.names.folder / "rehearsal.json", report_json(report));
    util::publish_text(context.names.folder / kReportFile, report_html(report));
  } catch (const util::Error& error) {
    context.reporter.warning(cat("the rehearsal's report could not be written: ", error.message()));
  }
}

void journal_end(const RunContext& context, const RehearsalReport& report) {
  context.journal.end(kStep, {{"result", report.passed() ? "ok" : "failed"},
                              {"took", util::show_duration(report.took)}});
}

[[noreturn]] void refuse(const RehearsalReport& report, const std::filesystem::path& folder) {
  const std::string where = cat(" What it saw: ", (folder / kReportFile).string());
  if (!report.succeeded && report.refused.empty()) {
    throw util::Error(
        Kind::Preflight, cat("the migration failed in its rehearsal: ", report.cause),
        {.hint = cat("It ran on a copy: the database is as it was.", where), .sqlstate = {}});
  }
  throw util::Error(Kind::Findings,
                    cat("the rehearsal says no: ", util::join(stop_reasons(report), "\n  ")),
                    {.hint = cat(stop_remedy(report), where), .sqlstate = {}});
}

struct Room {
  std::uint64_t needed = 0, left = 0;
  std::string where;
};

Room room_of(const Options& options, const Preflight& preflight) {
  Room room{.needed = kRoomFactor * preflight.database_bytes,
            .left = preflight.server_room.value_or(0),
            .where = "on the server"};
  if (options.proof_at != kProofAtLocal) return room;
  const std::filesystem::path folder = util::TempDir::default_parent();
  const std::uint64_t free = util::free_space(folder);
  room.left = free - std::min(free, preflight.database_bytes);  // the copy of the proof
  room.where = cat("in ", folder.string());
  return room;
}

}  // namespace

void require_rehearsable(const Options& options) {
  if (options.rehearsal.when != Rehearse::Yes) return;
  if (!proof_makes_copy(options)) {
    throw util::Error(
        Kind::Usage,
        cat("a proof of level ", archive::level_name(options.proof),
            " leaves no copy to rehearse on"),
        {.hint = "Choose --proof restored or proven, or --no-rehearse.", .sqlstate = {}});
  }
  if (!options.proof_at.empty() && options.proof_at != kProofAtLocal) {
    const std::string there = pg::ConnInfo::parse(options.proof_at).user();
    if (const std::string here = options.database.user(); there != here) {
      throw util::Error(Kind::Usage,
                        cat("the migration connects as \"", here,
                            "\", and the server that --proof-at names is reached as \"", there,
                            "\": it cannot be rehearsed there"),
                        {.hint = cat("Name that server with a role \"", here,
                                     "\", which needs CREATEDB there, or choose --no-rehearse."),
                         .sqlstate = {}});
    }
  }
  if (options.command && !options.tap) {
    throw util::Error(Kind::Usage,
                      "a rehearsal leads the command to a copy by way of the tap, and --no-tap "
                      "turns that off",
                      {.hint = "Leave out --no-tap, or choose --no-rehearse.", .sqlstate = {}});
  }
}

void decide_rehearsal(Options& options, const Preflight& preflight, util::Reporter& reporter) {
  Rehearse& when = options.rehearsal.when;
  options.rehearsal.live = {.server_version = preflight.server_version,
                            .database_bytes = preflight.database_bytes,
                            .server_room = preflight.server_room};
  if (when == Rehearse::No) return;
  const bool known_room = options.proof_at.empty() || options.proof_at == kProofAtLocal;
  if (when == Rehearse::Auto && (options.command || !proof_makes_copy(options) || !known_room)) {
    when = Rehearse::No;
    return;
  }
  const Room room = room_of(options, preflight);
  if (!known_room || room.left >= room.needed) {
    when = Rehearse::Yes;
    return;
  }
  const std::string text =
      cat(util::show_size(room.needed), " more ", room.where, ", beside backup and copy ",
          util::show_size(room.left), " are left");
  if (when == Rehearse::Yes) {
    throw util::Error(Kind::Space, cat("a rehearsal needs ", text),
                      {.hint = "Make room, or choose --no-rehearse.", .sqlstate = {}});
  }
  when = Rehearse::No;
  reporter.note(cat("no rehearsal: it needs ", text));
}

bool rehearses(const Options& options) { return options.rehearsal.when == Rehearse::Yes; }

RehearsalReport rehearse(const RehearsalInput& input, std::stop_token stop) {
  const RunContext& context = input.context;
  context.lock->probe();
  context.reporter.step(kStep, util::StepState::Begin, "");
  context.journal.begin(kStep, {{"side", context.names.rehearsal}});
  try {
    RehearsalReport report = rehearse_in_place(input, std::move(stop));
    write_reports(context, report);
    journal_end(context, report);
    context.reporter.step(kStep, report.passed() ? util::StepState::Ok : util::StepState::Failed,
                          report_line(report));
    if (!report.passed()) refuse(report, context.names.folder);
    context.reporter.note(cat("rehearsal: ", (context.names.folder / kReportFile).string()));
    return report;
  } catch (const util::Error& error) {
    if (error.kind() != Kind::Findings && error.kind() != Kind::Preflight)
      context.reporter.step(kStep, util::StepState::Failed, error.message());
    throw;
  }
}

}  // namespace guard
