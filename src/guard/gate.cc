#include "guard/gate.h"

#include <thread>

#include "guard/hold.h"
#include "guard/sql_guard.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr auto kOwnPatience = 10s;  // for our own backends to notice that we have gone
constexpr int kLooks =
    40;  // a session's first report may be late when the server's counters are busy
constexpr auto kBetweenLooks = 25ms;

constexpr std::string_view kPooler = "a pooler stands between us and the server";

constexpr std::string_view kTwoWays =
    "Choose one: --hold read-only (writers are kept out while the changed tables are caught up, "
    "during the migration and its checks), or --hold none (nobody is disturbed; but a failed "
    "migration that has committed anything is then not undone by itself, and rows that others "
    "write and this migration then removes or rewrites cannot be recovered). Or stop whoever is "
    "connected and run it again.";

constexpr std::string_view kNoHold =
    "Stop whoever is connected and run it again, or choose --hold none (nobody is disturbed; but a "
    "failed migration that has committed anything is then not undone by itself, and rows that "
    "others write and this migration then removes or rewrites cannot be recovered).";

constexpr std::string_view kHoldOverridden =
    "The hold does not bind what is listed: end it or take its setting away, then run it "
    "again; or accept it with --hold none.";

[[noreturn]] void not_confirmed(const std::vector<std::string>& reasons, std::string_view hint) {
  throw util::Error(util::Kind::NotConfirmed,
                    cat("others may write while it migrates: ", util::join(reasons, "; ")),
                    {.hint = std::string(hint), .sqlstate = {}});
}

// A hold is offered and advised only where it would bind everybody.
MayHold binding(pg::Connection& maintenance, const std::string& database, const IsOwn& is_own,
                MayHold may_hold) {
  if (may_hold == MayHold::No) return may_hold;
  const HeldDatabase held{.name = database, .kind = Hold::ReadOnly};
  return hold_doubts(maintenance, held, is_own).empty() ? MayHold::Yes : MayHold::No;
}

std::string_view ways_out(MayHold may_hold) {
  return may_hold == MayHold::Yes ? kTwoWays : kNoHold;
}

void require_undo_possible(const RunContext& context, const GateQuestion& question) {
  if (!question.swap) return;
  const std::string broken = !question.copy_is_kept ? std::string()
                             : question.copy
                                 ? swap::seal_broken(context.maintenance, *question.copy)
                                 : std::string("it was not kept");
  if (!broken.empty()) {
    throw util::Error(util::Kind::Proof,
                      cat("the copy for an undo cannot be used any more: ", broken),
                      {.hint = "Start the run again.", .sqlstate = {}});
  }
  const std::vector<std::string> blockers =
      swap::swap_blockers(context.maintenance, context.database.database());
  if (!blockers.empty()) {
    throw util::Error(util::Kind::Preflight,
                      cat("an undo would be blocked by ", util::join(blockers, "; ")),
                      {.hint = "End what is listed, then start the run again.", .sqlstate = {}});
  }
}

void require_young(const Options& options, const GateQuestion& question) {
  if (question.proof_age <= options.max_proof_age) return;
  throw util::Error(
      util::Kind::Proof,
      cat("the proof is ", util::show_duration(question.proof_age), " old, at most ",
          util::show_duration(options.max_proof_age), " is allowed"),
      {.hint = "Start the run again, or allow more with --max-proof-age.", .sqlstate = {}});
}

std::vector<check::TableRows> table_rows(const archive::Manifest& manifest) {
  std::vector<check::TableRows> rows;
  for (const archive::TableRecord& table : manifest.tables) {
    rows.push_back({.name = {table.schema, table.table}, .rows = table.fingerprint.rows});
  }
  return rows;
}

// Looks until what the counter says can be explained, or it is clear that it will not be.
Judgement judge_patiently(pg::Connection& watcher, const std::string& database,
                          const Sighting& before, const IsOwn& is_own, std::uint64_t own,
                          Sighting& now) {
  for (int look_number = 1;; ++look_number) {
    now = look(watcher, database, is_own);
    Judgement judgement = judge(before, now, own);
    const bool late = before.sessions && now.sessions &&
                      (now.clients.empty() || same_idle_pool(before, now)) &&
                      *now.sessions >= *before.sessions && *now.sessions - *before.sessions < own;
    if (judgement.none() || !late || look_number == kLooks) return judgement;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

// Case 1: a hold stands. Whatever moved since everybody was kept out was moved by somebody who
// overrode it.
std::vector<std::string> doubts_of_hold(const RunContext& context, const GateQuestion& question,
                                        const WriteMarks& now) {
  std::vector<std::string> reasons;
  if (now.counters.exact &&
      now.counters.stats_reset == question.hold->base().counters.stats_reset) {
    reasons = question.hold->changed_since_base(now);
  } else {
    for (const archive::Finding& finding :
         verify::compare_content({question.manifest}, context.database, context.names.application,
                                 context.jobs, context.reporter, {})) {
      if (finding.severity == archive::Severity::Damage)
        reasons.push_back(cat("changed under the hold: ", finding.text));
    }
  }
  for (std::string& doubt : question.hold->doubts(context.maintenance))
    reasons.push_back(std::move(doubt));
  return reasons;
}

// Cases 2 to 4: who is there, and who was.
void judge_others(const RunContext& context, const GateQuestion& question, SessionLedger& ledger,
                  Gate& gate) {
  const std::string database = context.database.database();
  wait_gone(context.maintenance, database, ledger.own(), kOwnPatience);
  gate.own = ledger.counted();
  const Judgement judgement =
      judge_patiently(context.maintenance, database, question.at_snapshot, ledger.own(),
                      gate.own - question.own_at_snapshot, gate.sighting);
  gate.reasons.insert(gate.reasons.end(), judgement.reasons.begin(), judgement.reasons.end());
  // Sessions that no counter counts (F5) leave their traces in those of the tables (15+).
  if (question.marks_at_snapshot == nullptr) return;
  for (const std::string& what : changed_between(*question.marks_at_snapshot, gate.marks))
    gate.reasons.push_back(cat("changed since the backup: ", what));
}

// Large objects can be written in a read-only transaction before 16 (F4).
constexpr int kReadOnlyBindsLargeObjects = 16;
std::optional<std::string> large_objects_moved(const RunContext& context, const Gate& gate) {
  if (context.maintenance.server_major() >= kReadOnlyBindsLargeObjects) return std::nullopt;
  pg::Connection live = pg::Connection::open(context.database, context.names.application);
  const std::pair<std::string, std::string> name{"pg_catalog", "pg_largeobject"};
  const pg::ChangeCounters now = pg::change_counters(live);
  const auto is = now.tables.find(name);
  const auto was = gate.marks.counters.tables.find(name);
  const bool same = is != now.tables.end() && was != gate.marks.counters.tables.end() &&
                    is->second == was->second;
  if (same) return std::nullopt;
  return "large objects changed, which a read-only session can write on this server";
}

Gate judged_gate(const RunContext& context, const Options& options, const GateQuestion& question,
                 SessionLedger& ledger) {
  context.lock->probe();
  require_young(options, question);
  require_undo_possible(context, question);
  record_cluster(context);
  Gate gate{.hold = question.hold, .may_hold = question.may_hold};
  {
    pg::Connection live = pg::Connection::open(context.database, context.names.application);
    ledger.opened("gate", "gate",
                  {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    gate.marks = read_marks(live);
    gate.before = check::capture(live, table_rows(question.manifest));
    if (!own_pid_is_true(live)) gate.reasons.emplace_back(kPooler);
  }
  if (question.hold != nullptr) {
    const std::vector<std::string> doubts = doubts_of_hold(context, question, gate.marks);
    gate.reasons.insert(gate.reasons.end(), doubts.begin(), doubts.end());
  } else {
    judge_others(context, question, ledger, gate);
  }
  if (gate.reasons.empty()) return gate;
  gate.others = true;
  if (options.hold == Hold::None) return gate;
  const MayHold may_hold =
      binding(context.maintenance, context.database.database(), ledger.own(), question.may_hold);
  const WithOthers answer =
      options.questions.with_others
          ? options.questions.with_others(gate.reasons, may_hold).value_or(WithOthers::Stop)
          : WithOthers::Stop;
  if (answer == WithOthers::Stop)
    not_confirmed(gate.reasons, gate.hold != nullptr ? kHoldOverridden : ways_out(may_hold));
  gate.hold_wanted = answer == WithOthers::HoldReadOnly;
  return gate;
}

}  // namespace

Gate open_gate(const RunContext& context, const Options& options, const GateQuestion& question,
               SessionLedger& ledger) {
  context.journal.begin("gate");
  try {
    Gate gate = judged_gate(context, options, question, ledger);
    context.journal.end("gate", {{"result", "ok"}});
    return gate;
  } catch (util::Error& error) {
    context.journal.failed("gate", error);
    throw;
  }
}

void pass_gate(pg::Connection& watcher, const Gate& gate, const std::string& database,
               const SessionLedger& ledger, Hold hold) {
  if (gate.others || hold == Hold::None) return;  // chosen already
  if (gate.hold != nullptr) {
    if (const auto doubts = gate.hold->doubts(watcher); !doubts.empty())
      not_confirmed(doubts, kHoldOverridden);
    return;
  }
  const auto stop = [&](const std::vector<std::string>& reasons) {
    not_confirmed(reasons, ways_out(binding(watcher, database, ledger.own(), gate.may_hold)));
  };
  if (!ledger.all_direct()) stop({std::string(kPooler)});
  Sighting now;
  const Judgement judgement = judge_patiently(watcher, database, gate.sighting, ledger.own(),
                                              ledger.counted() - gate.own, now);
  if (!judgement.none()) stop(judgement.reasons);
}

Judgement judge_since(const RunContext& context, const Gate& gate, const SessionLedger& ledger) {
  const std::string database = context.database.database();
  wait_gone(context.maintenance, database, ledger.own(), kOwnPatience);
  if (gate.hold != nullptr) {
    Judgement judgement{.reasons = gate.hold->doubts(context.maintenance)};
    if (auto moved = large_objects_moved(context, gate)) judgement.reasons.push_back(*moved);
    if (gate.others)
      judgement.reasons.insert(judgement.reasons.end(), gate.reasons.begin(), gate.reasons.end());
    return judgement;
  }
  Sighting now;
  Judgement judgement = judge_patiently(context.maintenance, database, gate.sighting, ledger.own(),
                                        ledger.counted() - gate.own, now);
  if (!ledger.all_direct()) judgement.reasons.emplace_back(kPooler);
  if (gate.others)
    judgement.reasons.insert(judgement.reasons.end(), gate.reasons.begin(), gate.reasons.end());
  return judgement;
}

void journal_gate(const RunContext& context, const Gate& gate) {
  context.journal.fact(
      "gate", "gate",
      {{"others", gate.others ? "some" : "none"},
       {"reasons", util::join(gate.reasons, "; ")},
       {"counted", gate.sighting.sessions ? cat(*gate.sighting.sessions) : std::string()},
       {"stats_reset", gate.sighting.stats_reset},
       {"server_started", gate.sighting.server_started},
       {"idle", idle_identities(gate.sighting)},
       {"own", cat(gate.own)}});
}

}  // namespace guard
