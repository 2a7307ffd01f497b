#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/json.h"
#include "guard/run.h"
#include "util/error.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace cli {
namespace {

using util::cat;
using util::Error;
using util::Kind;

guard::CommandSpec command_spec(const Invocation& invocation) {
  guard::CommandSpec spec;
  spec.argv = invocation.guarded;
  if (spec.argv.empty())
    throw Error(
        Kind::Usage, "no command behind --",
        {.hint = "For example: pgbelay migrate -- npx prisma migrate deploy", .sqlstate = {}});
  if (!util::find_program(spec.argv.front())) {
    throw Error(Kind::Usage,
                cat("command not found or not executable: ", util::printable(spec.argv.front())),
                {.hint = "Check its name and PATH.", .sqlstate = {}});
  }
  spec.url_variables = {"DATABASE_URL"};
  for (const std::string& name : invocation.settings.list("url-env"))
    spec.url_variables.push_back(name);
  for (const std::string& name : spec.url_variables) {
    if (const std::optional<std::string> url = invocation.settings.variable(name);
        url && !url->empty()) {
      spec.urls.emplace_back(name, *url);
    } else if (name != "DATABASE_URL") {
      throw Error(Kind::Usage, cat("--url-env ", name, ": this variable is not set"));
    }
  }
  return spec;
}

// No terminal and no --yes: said at once, not after an hour of backup (contracts.md K4).
void require_somebody_to_ask(const Invocation& invocation) {
  if (invocation.settings.flag("yes") || invocation.settings.flag("plan") || stdin_is_terminal())
    return;
  throw Error(Kind::NotConfirmed, "nobody can be asked: standard input is no terminal",
              {.hint = "Give --yes to run without questions.", .sqlstate = {}});
}

std::optional<guard::WithOthers> ask_about_others(const std::vector<std::string>& reasons,
                                                  guard::MayHold hold) {
  for (const std::string& reason : reasons) print_err(cat(reason, "\n"));
  print_err(
      "Others may write. What they write during the migration cannot be told from it: if it fails, "
      "it is not undone by itself.\n");
  const bool may_hold = hold == guard::MayHold::Yes;
  if (may_hold) {
    print_err(
        "With a hold it is: writers are ended and kept out while the changed tables are caught up, "
        "during the migration and its checks; readers may connect again.\n");
  }
  const std::string answer =
      ask(may_hold ? "Type hold to keep writers out, yes to go on without, "
                     "anything else to stop: "
                   : "Type yes to go on all the same, anything else to stop: ");
  if (may_hold && answer == "hold") return guard::WithOthers::HoldReadOnly;
  return answer == "yes" ? guard::WithOthers::GoOn : guard::WithOthers::Stop;
}

guard::Questions questions(const Invocation& invocation) {
  const bool yes = invocation.settings.flag("yes");
  guard::Questions out;
  out.confirm = [yes](const std::vector<std::string>& plan) {
    return yes || confirm(plan, "Type yes to run the migration: ", "yes");
  };
  // --yes never decides what becomes of other people's writes (contracts.md K14).
  if (!stdin_is_terminal()) return out;
  out.with_others = ask_about_others;
  out.undo_all_the_same = ask_about_writes(invocation.stop);
  return out;
}

std::optional<std::chrono::milliseconds> limit(const config::Settings& settings,
                                               std::string_view name) {
  return settings.text(name).empty() ? std::nullopt : std::optional(settings.duration(name));
}

guard::RehearsalOptions rehearsal_options(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  guard::RehearsalOptions options;
  options.limits = {.max_lock = limit(settings, "max-lock"),
                    .max_duration = limit(settings, "max-duration"),
                    .max_rewrite_bytes = settings.size("max-rewrite-bytes")};
  if (settings.text("on-limit") == "warn") options.on_limit = guard::OnLimit::Warn;
  if (settings.text("shared-objects") == "allow") options.shared = guard::SharedObjects::Allow;
  if (settings.flag("rehearse") && settings.flag("no-rehearse"))
    throw Error(Kind::Usage, "--rehearse and --no-rehearse say the opposite of one another");
  options.when = settings.flag("rehearse")      ? guard::Rehearse::Yes
                 : settings.flag("no-rehearse") ? guard::Rehearse::No
                                                : guard::Rehearse::Auto;
  return options;
}

guard::Options guard_options(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  guard::Options options;
  options.database = invocation.database();
  options.maintenance_db = settings.text("maintenance-db");
  options.replicas = invocation.replicas();
  options.dir = settings.path("dir");
  options.backup = invocation.backup_options();
  options.label = settings.text("label");
  if (const std::string proof = settings.text("proof"); !proof.empty()) {
    options.proof = archive::parse_level(proof).value_or(archive::Level::Proven);
  }
  options.proof_at = settings.text("proof-at");
  options.max_proof_age = settings.duration("max-proof-age");
  const std::string undo = settings.text("undo");
  options.undo = undo == "none"      ? guard::Undo::None
                 : undo == "swap"    ? guard::Undo::Swap
                 : undo == "clone"   ? guard::Undo::Clone
                 : undo == "replace" ? guard::Undo::Replace
                                     : guard::Undo::Auto;
  options.failed_backup = !settings.flag("no-failed-backup");
  options.sequences =
      settings.text("sequences") == "exact" ? guard::Sequences::Exact : guard::Sequences::Further;
  options.keep_undo = settings.duration("keep-undo");
  const std::string hold = settings.text("hold");
  options.hold = hold == "none"        ? guard::Hold::None
                 : hold == "read-only" ? guard::Hold::ReadOnly
                 : hold == "exclusive" ? guard::Hold::Exclusive
                                       : guard::Hold::Auto;
  options.blue_green = settings.flag("blue-green");
  if (options.blue_green && options.hold == guard::Hold::Auto) options.hold = guard::Hold::ReadOnly;
  const std::string writes = settings.text("on-foreign-writes");
  options.on_foreign_writes = writes == "undo"   ? guard::OnForeignWrites::Undo
                              : writes == "keep" ? guard::OnForeignWrites::Keep
                                                 : guard::OnForeignWrites::Ask;
  options.server_free = settings.size("server-free");
  options.allow_destructive = settings.flag("allow-destructive");
  options.tap = !settings.flag("no-tap");
  options.plan_only = settings.flag("plan");
  options.accept_superuser_functions = settings.flag("accept-superuser-functions");
  options.rehearsal = rehearsal_options(invocation);
  options.lock_timeout = settings.duration("lock-timeout");
  options.lock_retries =
      static_cast<unsigned>(std::min<std::uint64_t>(settings.count("lock-retries"), 1000));
  options.concurrently_timeout = settings.duration("concurrently-timeout");
  options.max_waiting = settings.count("max-waiting");
  options.max_wait = settings.duration("max-wait");
  options.jobs = settings.count("jobs");
  options.version = PGBELAY_VERSION;
  options.outside = invocation.outside_options();
  options.questions = questions(invocation);
  return options;
}

void say_what_to_run(const Invocation& invocation, guard::Options& options) {
  if (!invocation.has_separator) {
    options.migrations =
        invocation.arguments.empty() ? "migrations" : invocation.argument("MIGRATIONS");
    return;
  }
  if (!invocation.arguments.empty()) {
    throw Error(Kind::Usage,
                cat("either a folder of migrations or a command: ",
                    util::printable(invocation.arguments.front()), " stands before --"));
  }
  options.command = command_spec(invocation);
}

int run_guarded(const Invocation& invocation, const guard::Options& options) {
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  const guard::Result result = guard::run(options, reporter, invocation.stop);
  if (invocation.json()) {
    print_out(migrate_end_event(result));
  } else {
    if (!result.cause.empty()) print_err(cat("\n", result.cause, "\n"));
    print_err(cat("exit ", result.exit_code, "\n"));
  }
  return result.exit_code;
}

}  // namespace

int run_migrate(const Invocation& invocation) {
  guard::Options options = guard_options(invocation);
  say_what_to_run(invocation, options);
  require_somebody_to_ask(invocation);
  return run_guarded(invocation, options);
}

int run_rehearse(const Invocation& invocation) {
  guard::Options options = guard_options(invocation);
  options.rehearsal.when = guard::Rehearse::Yes;
  options.rehearse_only = true;
  say_what_to_run(invocation, options);
  return run_guarded(invocation, options);
}

}  // namespace cli
