#include "guard/cloned_copy.h"

#include "guard/sql_guard.h"
#include "schema/model.h"
#include "swap/sessions.h"
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

constexpr std::chrono::seconds kOwnPatience{10};
constexpr std::chrono::seconds kPatience{30};               // for a moment when nobody is there
constexpr std::chrono::milliseconds kSessionPatience{200};  // in one round
constexpr std::string_view kObjectInUse = "55006";

void require_nobody(const RunContext& context, const Options& options, SessionLedger& ledger) {
  if (options.hold == Hold::None) return;  // chosen: their sessions end
  const std::string database = context.database.database();
  wait_gone(context.maintenance, database, ledger.own(), kOwnPatience);
  const Sighting now = look(context.maintenance, database, ledger.own());
  if (now.clients.empty()) return;
  std::vector<std::string> lines;
  for (const Client& client : now.clients) lines.push_back(client.line);
  throw util::Error(
      Kind::NotConfirmed,
      cat("--undo clone ends the sessions of others, and there are some: ",
          util::join(lines, "; ")),
      {.hint = "Stop them (hooks.before_hold), or accept it with --hold none.", .sqlstate = {}});
}

// The database is not closed for it: whoever comes meanwhile waits at the server, and nothing would
// have to be opened again after a crash.
std::chrono::duration<double> clone_live(const RunContext& context, const Prepared& prepared,
                                         const std::stop_token& stop) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (;;) {
    util::throw_if_stopped(stop);
    swap::end_sessions(context.maintenance, context.database.database(), kSessionPatience);
    const util::Stopwatch outage;
    try {
      swap::clone_side(context.maintenance,
                       {.name = context.names.copy,
                        .original = context.database.database(),
                        .properties = verify::properties_of(prepared.backup.manifest),
                        .comment = context.names.comment});
      return outage.elapsed();
    } catch (const util::Error& error) {
      if (error.sqlstate() != kObjectInUse || std::chrono::steady_clock::now() >= deadline) throw;
    }
  }
}

void require_equal(const RunContext& context, const Prepared& prepared,
                   const std::stop_token& stop) {
  const std::optional<schema::Model> model = verify::recorded_model(prepared.backup);
  const std::vector<archive::Finding> findings =
      verify::compare_content({prepared.backup.manifest, model ? &*model : nullptr},
                              context.database.with_database(context.names.copy),
                              context.names.application, context.jobs, context.reporter, stop);
  for (const archive::Finding& finding : findings) {
    if (finding.severity != archive::Severity::Damage) continue;
    throw util::Error(Kind::Proof, cat("the clone is not what the backup is: ", finding.text),
                      {.hint = "Somebody wrote after the backup, or the backup is wrong. Stop "
                               "whoever writes, then run it again.",
                       .sqlstate = {}});
  }
}

}  // namespace

void clone_for_undo(const RunContext& context, const Options& options, Prepared& prepared,
                    SessionLedger& ledger, std::stop_token stop) {
  const util::Stopwatch watch;
  context.lock->probe();
  context.reporter.step("clone", util::StepState::Begin, "");
  context.journal.begin("clone", {{"side", context.names.copy}});
  try {
    require_nobody(context, options, ledger);
    swap::drop_side(context.maintenance, context.names.copy);  // of the proof, for a rehearsal
    const std::chrono::duration<double> outage = clone_live(context, prepared, stop);
    util::fault::point("clone.made");
    require_equal(context, prepared, stop);
    swap::seal(context.maintenance, context.names.copy);
    prepared.copy = swap::seal_record(context.maintenance, context.names.copy);
    Fields fields = seal_fields(*prepared.copy);
    fields.emplace_back("made_by", "clone");
    context.journal.fact("clone", "seal", fields);
    context.journal.end("clone", {{"result", "ok"}});
    context.reporter.step(
        "clone", util::StepState::Ok,
        cat(util::show_duration(watch.elapsed()),
            " · equals the backup · nobody could connect for ", util::show_duration(outage)));
  } catch (util::Error& error) {
    context.journal.failed("clone", error);
    context.reporter.step("clone", util::StepState::Failed, error.message());
    throw;
  }
}

}  // namespace guard
