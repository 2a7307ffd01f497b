#include "guard/gate.h"

#include <thread>

#include "guard/sql_guard.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

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
    "Choose one: stop the application (or whoever is connected) and run it again, or accept it "
    "with --hold none; a "
    "failed migration that has committed anything is then not undone by itself, and rows that "
    "others write and "
    "this migration then removes or rewrites cannot be recovered.";

[[noreturn]] void not_confirmed(const std::vector<std::string>& reasons) {
  throw util::Error(util::Kind::NotConfirmed,
                    cat("others may write while it migrates: ", util::join(reasons, "; ")),
                    {.hint = std::string(kTwoWays), .sqlstate = {}});
}

void require_undo_possible(const RunContext& context, const GateQuestion& question) {
  if (!question.swap) return;
  const std::string broken = !question.copy_is_kept ? std::string()
                             : question.proof.copy()
                                 ? swap::seal_broken(context.maintenance, *question.proof.copy())
                                 : std::string("it was not kept");
  if (!broken.empty()) {
    throw util::Error(util::Kind::Proof, cat("the proven copy cannot be used any more: ", broken),
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
    const bool late = before.sessions && now.sessions && now.clients.empty() &&
                      *now.sessions >= *before.sessions && *now.sessions - *before.sessions < own;
    if (judgement.none() || !late || look_number == kLooks) return judgement;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

Gate open_gate(const RunContext& context, const Options& options, const GateQuestion& question,
               SessionLedger& ledger) {
  const std::string database = context.database.database();
  context.lock->probe();
  require_young(options, question);
  require_undo_possible(context, question);
  record_cluster(context);
  Gate gate;
  {
    pg::Connection live = pg::Connection::open(context.database, context.names.application);
    ledger.opened("gate", "gate",
                  {.pid = live.backend_pid(), .backend_start = own_backend_start(live)});
    gate.marks = read_marks(live);
    gate.before = check::capture(live, table_rows(question.manifest));
    if (!own_pid_is_true(live)) gate.reasons.emplace_back(kPooler);
  }
  wait_gone(context.maintenance, database, ledger.own(), kOwnPatience);
  gate.own = ledger.counted();
  const Judgement judgement =
      judge_patiently(context.maintenance, database, question.at_snapshot, ledger.own(),
                      gate.own - question.own_at_snapshot, gate.sighting);
  gate.reasons.insert(gate.reasons.end(), judgement.reasons.begin(), judgement.reasons.end());
  if (gate.reasons.empty()) return gate;
  gate.others = true;
  if (options.hold == Hold::None) return gate;
  const std::optional<bool> answer = options.questions.go_on_with_others
                                         ? options.questions.go_on_with_others(gate.reasons)
                                         : std::nullopt;
  if (!answer.value_or(false)) not_confirmed(gate.reasons);
  return gate;
}

void pass_gate(pg::Connection& watcher, const Gate& gate, const std::string& database,
               const SessionLedger& ledger, Hold hold) {
  if (gate.others || hold == Hold::None) return;  // chosen already
  if (!ledger.all_direct()) not_confirmed({std::string(kPooler)});
  Sighting now;
  const Judgement judgement = judge_patiently(watcher, database, gate.sighting, ledger.own(),
                                              ledger.counted() - gate.own, now);
  if (!judgement.none()) not_confirmed(judgement.reasons);
}

Judgement judge_since(const RunContext& context, const Gate& gate, const SessionLedger& ledger) {
  const std::string database = context.database.database();
  wait_gone(context.maintenance, database, ledger.own(), kOwnPatience);
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
       {"own", cat(gate.own)}});
}

}  // namespace guard
