#include "guard/attempt.h"

#include <chrono>

#include "guard/command_env.h"
#include "guard/concurrently_watch.h"
#include "guard/left_open.h"
#include "guard/sql_guard.h"
#include "guard/statement_record.h"
#include "migrate/announce.h"
#include "migrate/apply.h"
#include "migrate/command.h"
#include "migrate/statements.h"
#include "pg/session.h"
#include "tap/tap.h"
#include "util/fault.h"
#include "util/mutex.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kEndPatience = 20s;  // for the command's sessions at the server
constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kQueryCanceled = "57014";
constexpr std::size_t kStatementShown = 400;  // bytes of a failed statement in the report

std::vector<std::string> startup_settings(const Options& options) {
  std::vector<std::string> settings{"default_transaction_read_only=off"};
  if (options.lock_timeout > 0ms)
    settings.push_back(cat("lock_timeout=", options.lock_timeout.count()));
  return settings;
}

// The state of one attempt through the tap; its callbacks run on the tap's threads.
class Tapped {
 public:
  explicit Tapped(const AttemptInput& input)
      : input_(input),
        watcher_(swap::open_maintenance(input.context.live.served(), input.context.maintenance_db,
                                        input.context.names.application, {})),
        record_(input.context.names.folder, input.context.names.id,
                scrubber_for(*input.options.command, input.context.database, nullptr)),
        concurrently_(input.options.concurrently_timeout, [this](int pid) { tap_.cancel(pid); }),
        tap_({.server = input.context.database,
              .application_name = input.context.names.application,
              .startup_settings = startup_settings(input.options),
              .on_session =
                  [this](const tap::SessionRecord& record) {
                    input_.ledger.opened("migrate", record);
                  },
              .on_first_statement = [this] { first_statement(); },
              .on_statement = [this](const tap::SessionRecord&,
                                     std::string_view statement) { hear(statement); },
              .on_started =
                  [this](const tap::SessionRecord& record, std::string_view statement) {
                    concurrently_.started(record.backend_pid, statement);
                  },
              .on_finished = [this](const tap::SessionRecord&,
                                    const tap::FinishedStatement& done) { finished(done); },
              .database_for = [this](const std::string& name) { return database_for(name); }}),
        root_(input.context.names.folder, tap_.certificate()) {
    record_.hide(tap_.password());  // nobody knows it yet
  }
  ~Tapped() { concurrently_.stop(); }  // it uses the tap
  Tapped(const Tapped&) = delete;
  Tapped& operator=(const Tapped&) = delete;

  Redirect redirect() const {
    return {.host = tap_.host(),
            .port = tap_.port(),
            .password = tap_.password(),
            .database = another_name(),
            .root_certificate = root_.path()};
  }
  tap::Tap& tap() noexcept { return tap_; }
  migrate::Mentions said() {
    const util::Lock lock(mutex_);
    return said_;
  }
  StatementRecord& record() noexcept { return record_; }
  bool cancelled(int backend_pid) const { return concurrently_.cancelled(backend_pid); }

  // Its sessions are over at the server, too. They are looked for from another database: nothing of
  // ours is counted on the guarded one. Not through watcher_, which the gate may be using still.
  void end() {
    pg::Connection control =
        swap::open_maintenance(input_.context.live.served(), input_.context.maintenance_db,
                               input_.context.names.application, {});
    tap_.end_sessions(kEndPatience, control);
  }

 private:
  std::string served() const { return input_.context.live.served().database(); }
  // Of what is migrated: the copy, or the database under an exclusive hold. Empty: none.
  std::string another_name() const {
    const std::string name = input_.migrated().database();
    return name == served() ? std::string() : name;
  }
  // Whoever asks for the live database gets that.
  std::string database_for(const std::string& name) const {
    return name == served() ? input_.migrated().database() : name;
  }

  void first_statement() {
    pass_gate(watcher_, input_.gate, input_.context.database.database(), input_.ledger,
              input_.options.hold);
    util::fault::point("run.migrating");
  }

  void hear(std::string_view statement) {
    using Whole = migrate::Mentions::Whole;
    const Whole whole = statement.size() < tap::kMostStatementBytes ? Whole::Yes : Whole::No;
    const util::Lock lock(mutex_);
    said_.add(statement, whole);
  }

  void finished(const tap::FinishedStatement& done) {
    concurrently_.finished(done.backend_pid, done.statement);
    record_.add({.backend_pid = done.backend_pid,
                 .text = done.statement,
                 .begin = done.begin,
                 .end = done.end,
                 .tag = done.tag,
                 .sqlstate = done.sqlstate});
  }

  const AttemptInput& input_;
  pg::Connection watcher_;
  StatementRecord record_;
  ConcurrentlyWatch concurrently_;
  util::Mutex mutex_;
  migrate::Mentions said_ PGBELAY_GUARDED_BY(mutex_);
  tap::Tap tap_;  // its threads use the others
  RootCertificate root_;
};

std::string shown_statement(const std::string& statement) {
  const std::string_view cut = util::cut_utf8(statement, kStatementShown);
  return cat(util::trim(cut), cut.size() < statement.size() ? " …" : "");
}

std::string how_it_ended(const util::Ended& ended) {
  return ended.signal ? cat("the command was ended by signal ", *ended.signal)
                      : cat("the command ended with status ", ended.status);
}

std::string failed_statement_text(const tap::FailedStatement& failure) {
  std::string text =
      cat("the last statement that failed: ", failure.message, " (", failure.sqlstate, ")");
  if (!failure.statement.empty())
    text += cat("\n  ", util::replace_all(shown_statement(failure.statement), "\n", "\n  "));
  return text;
}

// What a person can do about a limit that a CONCURRENTLY of the command has run into; empty: none.
std::string concurrently_hint(const Options& options, const Tapped& tapped,
                              const std::optional<tap::FailedStatement>& failure) {
  if (!failure || !migrate::works_concurrently(failure->statement)) return {};
  constexpr std::string_view kWaits =
      "\n  It waits for every transaction that was open when it began, here longer than ";
  if (failure->sqlstate == kQueryCanceled && tapped.cancelled(failure->backend_pid)) {
    return cat(kWaits, util::show_duration(options.concurrently_timeout),
               " (--concurrently-timeout): end them, or allow more.");
  }
  if (failure->sqlstate == kLockNotAvailable && options.lock_timeout > 0ms) {
    return cat(kWaits, util::show_duration(options.lock_timeout),
               " (--lock-timeout): let the command SET lock_timeout TO 0 before it.");
  }
  return {};
}

// The first exception of a callback: why the tap let nobody through.
std::optional<util::Error> tap_failure(const tap::Tap& tap) {
  try {
    tap.rethrow_failure();
  } catch (...) {  // kept for the outcome, not lost
    return util::as_error(std::current_exception());
  }
  return std::nullopt;
}

// What the URL asks of a session, and `setting` behind it.
std::string session_options(const pg::ConnInfo& database, std::string_view setting) {
  const auto found = database.options().find("options");
  return cat(found == database.options().end() ? std::string() : found->second + " ", "-c ",
             setting);
}

// For a command that does not come through the tap.
std::string lock_timeout_line(const pg::ConnInfo& database, std::chrono::milliseconds timeout) {
  return cat("PGOPTIONS=", session_options(database, cat("lock_timeout=", timeout.count())));
}

migrate::CommandOptions command_options(const AttemptInput& input, const Redirect* redirect) {
  const CommandSpec& command = *input.options.command;
  CommandEnvironment environment =
      command_environment(command, input.context.live.served(), input.context.names.id, redirect);
  if (input.options.lock_timeout > 0ms)
    environment.set.push_back(
        lock_timeout_line(input.context.database, input.options.lock_timeout));
  return {.argv = command.argv,
          .set_env = std::move(environment.set),
          .unset_env = std::move(environment.unset),
          .output_file = input.context.names.folder / "output.log",
          .inherit_stdin = command.inherit_stdin};
}

migrate::Target target(const AttemptInput& input) {
  if (input.copy != nullptr) return migrate::Side{input.copy->database()};
  return migrate::Live{.proof = input.proof, .called = input.context.database.database()};
}

Attempt through_tap(const AttemptInput& input, std::stop_token stop) {
  Tapped tapped(input);
  const Redirect redirect = tapped.redirect();
  const util::Scrubber scrubber =
      scrubber_for(*input.options.command, input.context.database, &redirect);
  Attempt out;
  try {
    const migrate::CommandOutcome outcome = migrate::run_command(
        target(input), command_options(input, &redirect), scrubber, input.context.reporter, stop);
    out = judged_command(outcome, tapped.tap().last_failure(), scrubber);
    if (!out.succeeded)
      out.cause += concurrently_hint(input.options, tapped, tapped.tap().last_failure());
  } catch (const util::Error& error) {
    out = failed_by(error);
  }
  try {
    tapped.end();
  } catch (const util::Error&
               error) {  // its sessions may still write: no success, and the undo ends them
    out.succeeded = false;
    out.cause = cat(error.text(), out.cause.empty() ? "" : "\n", out.cause);
    out.summary = error.message();
  }
  out.left_open = tell_open_ends(open_ends(tapped.tap().sessions(), scrubber), "migrate",
                                 input.context.journal, input.context.reporter);
  out.slowest = tapped.record().finish(input.context.reporter);
  out.said = tapped.said();
  if (std::optional<util::Error> failure = tap_failure(tapped.tap())) {
    out.succeeded = false;
    if (failure->kind() == util::Kind::NotConfirmed) {
      out.refused = *failure;
    } else {
      out.cause = cat(failure->text(), "\n", out.cause);
    }
  }
  return out;
}

Attempt without_tap(const AttemptInput& input, std::stop_token stop) {
  const util::Scrubber scrubber =
      scrubber_for(*input.options.command, input.context.database, nullptr);
  util::fault::point("run.migrating");
  const migrate::CommandOutcome outcome =
      migrate::run_command(migrate::Live{input.proof}, command_options(input, nullptr), scrubber,
                           input.context.reporter, stop);
  return judged_command(outcome, std::nullopt, scrubber);
}

// The database's own setting must not keep the migration from writing; what the URL says otherwise
// stays.
pg::ConnInfo writable(const pg::ConnInfo& database) {
  return database.with_option("options",
                              session_options(database, "default_transaction_read_only=off"));
}

Attempt by_files(const AttemptInput& input, std::stop_token stop) {
  const auto connect = [&input, &stop] {
    pg::Connection session =
        pg::Connection::open(writable(input.migrated()), input.context.names.application, stop);
    input.ledger.opened(
        "migrate", "runner",
        {.pid = session.backend_pid(), .backend_start = own_backend_start(session)});
    return session;
  };
  pg::Connection live = connect();
  migrate::ApplyOptions options = apply_options(input.context, input.options);
  options.reconnect = connect;
  util::Scrubber scrubber;
  scrubber.add(input.context.database.password());
  StatementRecord record(input.context.names.folder, input.context.names.id, std::move(scrubber));
  options.on_finished = [&record](const migrate::RanStatement& done) { record.add(done); };
  util::fault::point("run.migrating");
  Attempt out = judged_files(
      migrate::apply(target(input), live, input.files, options, input.context.reporter, stop));
  out.slowest = record.finish(input.context.reporter);
  out.said.emplace();
  for (const migrate::File& file : input.files) {
    for (const migrate::Statement& statement : file.statements) out.said->add(statement.text);
  }
  return out;
}

}  // namespace

Attempt judged_command(const migrate::CommandOutcome& outcome,
                       const std::optional<tap::FailedStatement>& failure,
                       const util::Scrubber& scrubber) {
  Attempt out;
  out.succeeded = outcome.succeeded();
  if (out.succeeded) {
    out.summary = util::show_duration(outcome.took);
    return out;
  }
  out.cause = how_it_ended(outcome.ended);
  out.summary = out.cause;
  if (failure) {
    out.cause += "\n" + failed_statement_text(*failure);
    out.summary += cat(" · ", failure->message, " (", failure->sqlstate, ")");
  } else if (!outcome.last_output.empty()) {
    out.cause += cat("\nits last output:\n", util::trim(outcome.last_output));
  }
  out.cause = scrubber.scrub(out.cause);
  out.summary = scrubber.scrub(out.summary);
  return out;
}

Attempt failed_by(const util::Error& error) {
  return {.summary = error.message(), .cause = error.text(), .refused = {}};
}

migrate::ApplyOptions apply_options(const RunContext& context, const Options& options) {
  return {.run = context.names.id,
          .lock_timeout = options.lock_timeout,
          .lock_retries = options.lock_retries,
          .concurrently_timeout = options.concurrently_timeout};
}

Attempt judged_files(const migrate::Outcome& outcome) {
  Attempt out;
  if (outcome.failure) {
    out = failed_by(*outcome.failure);
    if (!outcome.failure->sqlstate().empty())
      out.summary += cat(" (", outcome.failure->sqlstate(), ")");
    return out;
  }
  out.succeeded = true;
  out.summary = cat(util::show_counted(outcome.applied.size(), "file"), ", ",
                    util::show_counted(outcome.statements, "statement"));
  return out;
}

check::Announced announced(const Options& options, const std::vector<migrate::File>& files) {
  check::Announced out;
  out.everything = options.allow_destructive;
  migrate::Announced said = migrate::announced(files);
  out.everything = out.everything || said.everything;
  out.schemas = std::move(said.schemas);
  out.tables = std::move(said.tables);
  return out;
}

namespace {

CheckRecord check_record(const AttemptInput& input) {
  return {.before = input.gate.before, .announced = announced(input.options, input.files)};
}

// Without it a run that dies before its checks can only be undone.
void keep_check_record(const AttemptInput& input) {
  try {
    write_check_record(input.context.names.folder, check_record(input));
  } catch (const util::Error& error) {
    input.context.reporter.warning(error.message());
  }
}

}  // namespace

Attempt attempt(const AttemptInput& input, std::stop_token stop) {
  keep_check_record(input);
  const util::Stopwatch watch;
  input.context.reporter.step("migrate", util::StepState::Begin, "");
  input.context.journal.begin("migrate");
  Attempt out;
  try {
    out = !input.options.command ? by_files(input, stop)
          : input.options.tap    ? through_tap(input, stop)
                                 : without_tap(input, stop);
    util::fault::point("run.migrated");
  } catch (const util::Error& error) {
    out = failed_by(error);
  }
  if (stop.stop_requested() && !out.succeeded) out.cause = cat("interrupted\n", out.cause);
  input.context.journal.end("migrate",
                            {{"result", out.succeeded ? "ok" : "failed"}, {"text", out.summary}});
  input.context.reporter.step("migrate",
                              out.succeeded ? util::StepState::Ok : util::StepState::Failed,
                              out.succeeded && !input.options.command
                                  ? cat(util::show_duration(watch.elapsed()), " · ", out.summary)
                                  : out.summary);
  return out;
}

std::string check_now(const RunContext& context, const pg::ConnInfo& database,
                      SessionLedger& ledger, const CheckRecord& record, std::stop_token stop) {
  context.reporter.step("check", util::StepState::Begin, "");
  context.journal.begin("check");
  std::string cause;
  std::size_t notes = 0;
  try {
    pg::Connection live = pg::Connection::open(database, context.names.application, stop);
    ledger.opened("check", "check",
                  {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    pg::flush_commits(live);  // of the migration: a success is not lost with the server
    for (const check::Finding& finding :
         check::after(live, record.before, {.announced = record.announced}, stop)) {
      if (finding.severity == check::Severity::Failure) {
        cause += cat(cause.empty() ? "" : "\n", "check ", finding.code, ": ", finding.text,
                     finding.hint.empty() ? "" : cat("\n  ", finding.hint));
        continue;
      }
      ++notes;
      if (finding.severity == check::Severity::Warning) context.reporter.warning(finding.text);
    }
  } catch (const util::Error& error) {
    cause = cat("the checks after the migration could not be made: ", error.text());
  }
  const bool ok = cause.empty();
  if (ok) util::fault::point("run.checked");
  context.journal.end("check", {{"result", ok ? "ok" : "failed"}, {"text", cause}});
  const std::string text =
      ok ? (notes == 0 ? std::string("nothing lost, all valid") : util::show_counted(notes, "note"))
         : std::string(util::split(cause, '\n').front());
  context.reporter.step("check", ok ? util::StepState::Ok : util::StepState::Failed, text);
  return cause;
}

std::string check_after(const AttemptInput& input, std::stop_token stop) {
  return check_now(input.context, input.migrated(), input.ledger, check_record(input),
                   std::move(stop));
}

}  // namespace guard
