#include "guard/blue_green.h"

#include <algorithm>

#include "guard/hold.h"
#include "guard/kept_copy.h"
#include "guard/marks.h"
#include "guard/prepare.h"
#include "guard/run_mark.h"
#include "guard/sql_guard.h"
#include "guard/standby.h"
#include "guard/strategy.h"
#include "guard/verdict.h"
#include "swap/sql_swap.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr int kRounds = 3;  // of judging the live database anew, when something moved while it was

// What a migration changed of a list: left out, or added.
template <typename T>
void carry_over(std::vector<T>& out, const std::vector<T>& before, const std::vector<T>& now) {
  const auto has = [](const std::vector<T>& list, const T& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  std::erase_if(out, [&](const T& item) { return has(before, item) && !has(now, item); });
  for (const T& item : now) {
    if (!has(before, item) && !has(out, item)) out.push_back(item);
  }
}

// What the server grants where no ACL is stored.
std::vector<pg::DatabaseGrant> default_grants(const std::string& owner) {
  std::vector<pg::DatabaseGrant> grants;
  for (const char* const privilege : {"CONNECT", "TEMPORARY"})
    grants.push_back({.grantor = owner, .grantee = "", .privilege = privilege});
  for (const char* const privilege : {"CREATE", "CONNECT", "TEMPORARY"})
    grants.push_back({.grantor = owner, .grantee = owner, .privilege = privilege});
  return grants;
}

// ALTER DATABASE, GRANT … ON DATABASE and COMMENT ON DATABASE by the migration, whichever of the
// two names it used.
void carry_over(pg::DatabaseProperties& out, const pg::DatabaseProperties& before,
                const pg::DatabaseProperties& now) {
  if (now.owner != before.owner) out.owner = now.owner;
  if (now.connection_limit != before.connection_limit) out.connection_limit = now.connection_limit;
  if (now.is_template != before.is_template) out.is_template = now.is_template;
  if (now.comment != before.comment) out.comment = now.comment;
  carry_over(out.settings, before.settings, now.settings);
  carry_over(out.security_labels, before.security_labels, now.security_labels);
  if (now.grants == before.grants && now.default_acl == before.default_acl) return;
  const auto grants = [](const pg::DatabaseProperties& of) {
    return of.default_acl ? default_grants(of.owner) : of.grants;
  };
  out.grants = grants(out);
  out.default_acl = false;
  carry_over(out.grants, grants(before), grants(now));
}

std::uint32_t served(const RunContext& context) {
  return database_oid(context.maintenance, context.database.database());
}

}  // namespace

void require_blue_green_possible(const Options& options) {
  if (!options.blue_green) return;
  if (options.hold != Hold::ReadOnly) {
    throw util::Error(Kind::Usage,
                      "--blue-green keeps writers out while the copy is migrated, and --hold says "
                      "otherwise",
                      {.hint = "Leave out --hold, or choose --hold read-only.", .sqlstate = {}});
  }
  if (options.undo == Undo::None) {
    throw util::Error(Kind::Usage,
                      "--blue-green swaps the migrated copy in, and --undo none rules a swap out",
                      {.hint = "Leave out --undo.", .sqlstate = {}});
  }
  if (keeps_proven_copy(options)) return;
  const std::string why = options.undo == Undo::Replace || options.undo == Undo::Clone
                              ? cat("--undo ", undo_name(options.undo))
                          : !options.proof_at.empty() ? std::string("--proof-at")
                                                      : std::string("a --proof below restored");
  throw util::Error(
      Kind::Usage,
      cat("--blue-green migrates the proven copy on this server, and ", why, " leaves none there"),
      {.hint = "Make the proof beside the database, as a role that has CREATEDB; or leave out "
               "--blue-green: --hold read-only keeps writers out and needs no copy.",
       .sqlstate = {}});
}

BlueGreen::BlueGreen(const RunContext& context, const backup::Backup& backup, const Gate& gate,
                     SessionLedger& ledger)
    : context_(context),
      backup_(backup),
      ledger_(ledger),
      gate_(gate),
      copy_(context.database.with_database(context.names.copy)),
      oid_(database_oid(context.maintenance, context.names.copy)) {
  if (gate.others) {
    throw util::Error(
        Kind::NotConfirmed,
        cat("others may write to the database while its copy is migrated, and a swap would leave "
            "that behind: ",
            util::join(gate.reasons, "; ")),
        {.hint = "Stop them, or migrate without --blue-green.", .sqlstate = {}});
  }
  const std::string& name = context.names.copy;
  context.journal.fact("migrate", "green", {{"copy", name}, {"oid", cat(oid_)}});
  swap::reopen(context.maintenance, name);  // before it gets its owner, who need not be us
  pg::apply_properties(context.maintenance, name, verify::properties_of(backup.manifest),
                       pg::CommentFrom::Database);
  properties_ = pg::read_properties(context.maintenance, name);
  util::fault::point("green.open");
}

bool BlueGreen::settle() {
  const Found found = settle_blue_green(context_, read_run(context_.names.folder));
  if (found != Found::CopyServes) return false;
  old_state_ = swap::seal_record(context_.maintenance, context_.names.copy);
  return true;
}

pg::DatabaseProperties BlueGreen::properties() {
  pg::Connection& maintenance = context_.maintenance;
  pg::DatabaseProperties out = verify::properties_of(backup_.manifest);
  carry_over(out, gate_.marks.properties,
             pg::read_properties(maintenance, context_.database.database()));
  carry_over(out, properties_, pg::read_properties(maintenance, context_.names.copy));
  return out;
}

// Who wrote although he was not to; empty: nobody.
std::string BlueGreen::sign_of_others() {
  const Judgement others = judge_since(context_, gate_, ledger_);
  if (!others.none()) return util::join(others.reasons, "; ");
  WriteMarks before = gate_.marks;
  // An ALTER DATABASE, which is carried over, whoever made it.
  before.properties = pg::read_properties(context_.maintenance, context_.database.database());
  const std::optional<std::string> sign = sign_of_writing(
      {.before = before,
       .manifest = backup_.manifest,
       .database = context_.database,
       .application = context_.names.application,
       .on_session =
           [this](pg::Connection& live) {
             ledger_.opened("swap", "verdict",
                            {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
           }},
      context_.reporter);
  return sign.value_or(std::string());
}

// A session reports what it has written at its end at the latest, so the counters of the live
// database are looked at once more when nobody is left in it.
Gate BlueGreen::swap_untouched() {
  pg::Connection& maintenance = context_.maintenance;
  const RunNames& names = context_.names;
  const std::string live = context_.database.database();
  const std::uint32_t live_oid = served(context_);
  for (int round = 1;; ++round) {
    const std::uint64_t changes = swap::counters(maintenance, live_oid).changes;
    if (const std::string sign = sign_of_others(); !sign.empty()) {
      throw util::Error(Kind::NotUndone,
                        cat("somebody wrote to the database while its copy was migrated: ", sign),
                        {.hint = "What was written is there; the migration is not. Run it again.",
                         .sqlstate = {}});
    }
    // What follows is judged by the copy's own counters, which begin here.
    Gate after{.sighting = look(maintenance, names.copy, ledger_.own()), .own = ledger_.counted()};
    after.marks = gate_.marks;
    journal_gate(context_, after);
    const pg::DatabaseProperties properties = this->properties();
    util::fault::point("forward.judged");
    bool moved = false;
    try {
      swap::run(maintenance,
                {.live = live,
                 .copy = names.copy,
                 .kept = names.replaced,
                 .properties = properties,
                 .kept_comment = copy_comment(context_, Begun::Yes),
                 .last_look =
                     [&] {
                       moved = swap::counters(maintenance, live_oid).changes != changes;
                       if (moved)
                         throw util::Error(Kind::NotUndone,
                                           "the counters of the database's rows moved");
                     },
                 .fault_points = "forward"});
      return after;
    } catch (const util::Error&) {
      if (!moved || round == kRounds) throw;
    }
  }
}

std::string BlueGreen::swap_forward() {
  const util::Stopwatch watch;
  pg::Connection& maintenance = context_.maintenance;
  const RunNames& names = context_.names;
  context_.reporter.step("swap", util::StepState::Begin, "");
  context_.journal.begin("swap");
  std::vector<std::string> standbys;
  try {
    swap::seal(maintenance, names.copy);
    gate_ = swap_untouched();
    settle();
    standbys = end_on_standbys(context_, names.copy);
  } catch (const util::Error& error) {
    context_.journal.end("swap", {{"result", "failed"}, {"text", error.message()}});
    context_.reporter.step("swap", util::StepState::Failed, error.message());
    return cat("the migrated copy could not be swapped in: ", error.text());
  }
  context_.journal.end("swap", {{"result", "ok"}, {"standbys", util::join(standbys, "; ")}});
  context_.reporter.step("swap", util::StepState::Ok,
                         cat(util::show_duration(watch.elapsed()), " · the migrated copy serves"));
  for (const std::string& standby : standbys) context_.reporter.warning(standby);
  return {};
}

Found settle_blue_green(const RunContext& context, const RunRecord& record) {
  const Event* const green = record.last_fact("green");
  if (green == nullptr) return Found::NoBlueGreen;
  pg::Connection& maintenance = context.maintenance;
  const RunNames& names = context.names;
  if (cat(served(context)) != green->get("oid")) {
    // An undo has taken it back already, or is about to.
    if (record.last_fact("swap") != nullptr) return Found::CopyServes;
    return Found::LiveUntouched;
  }
  if (database_oid(maintenance, names.replaced) != 0) {
    swap::rename_side(maintenance, names.replaced, names.copy, copy_comment(context, Begun::Yes));
    context.journal.fact("swap", "seal", seal_fields(swap::seal_record(maintenance, names.copy)));
    util::fault::point("forward.kept");
  }
  if (hold_stands(record)) tell_release(context);
  return Found::CopyServes;
}

std::string give_up_copy(const RunContext& context) {
  pg::Connection& maintenance = context.maintenance;
  const RunNames& names = context.names;
  swap::reopen(maintenance, context.database.database());
  tell_release(context);
  swap::rename_side(maintenance, names.copy, names.kept, cat(names.comment, " (failed)"));
  drop_older_failures(context);
  return names.kept;
}

Result copy_failed(const RunContext& context, const backup::Backup& backup, const Gate& gate,
                   const std::string& cause) {
  context.reporter.step("undo", util::StepState::Begin, "");
  context.journal.begin("undo");
  std::string kept;
  try {
    const std::string live = context.database.database();
    if (pg::read_properties(context.maintenance, live) != gate.marks.properties) {
      // Changed by the live database's name, past the copy.
      pg::apply_properties(context.maintenance, live, gate.marks.properties,
                           pg::CommentFrom::Properties);
    }
    kept = give_up_copy(context);
  } catch (const util::Error& error) {
    return not_undone(
        context, cat(cause, "\nthe database is as it was, but clearing up failed: ", error.text()),
        {cat("when the reason is gone:  pgbelay undo ", context.names.id)});
  }
  const std::vector<SharedChange> cluster = cluster_changes(context);
  context.journal.end("undo", {{"kept", kept}, {"cluster_changes", cat(cluster.size())}});
  const std::string text =
      cat("the migration ran on the copy only: the database is as it was · the migrated copy is "
          "kept as ",
          kept);
  context.reporter.step("undo", util::StepState::Ok, text);
  return undone(context,
                {.backup = backup, .cause = cause, .text = text, .kept = kept, .cluster = cluster});
}

}  // namespace guard
