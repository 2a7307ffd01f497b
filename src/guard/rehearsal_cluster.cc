#include "guard/rehearsal_cluster.h"

#include <algorithm>
#include <filesystem>
#include <thread>

#include "guard/sql_rehearsal.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr std::string_view kFile = "rehearsal-cluster.txt";
constexpr int kLooks = 20;  // for sessions that have ended a moment ago to be counted
constexpr auto kBetweenLooks = 25ms;

// Of the guarded database, too: its settings are as live as any.
std::vector<SharedObject> everything(const RunContext& context) {
  return shared_objects(context.maintenance, "");
}

// Whether the change is back: not among those that are left.
bool is_left(const std::vector<SharedChange>& left, const SharedChange& change) {
  return std::any_of(left.begin(), left.end(),
                     [&](const SharedChange& other) { return other.text == change.text; });
}

}  // namespace

ClusterWatch::ClusterWatch(const RunContext& context, bool live)
    : context_(context), before_(everything(context)) {
  if (live) util::publish_text(context.names.folder / kFile, to_text(before_));
  const ServerSessions seen = server_sessions(context.maintenance, context.names.application);
  sessions_before_ = seen.counted;
  alone_before_ = seen.others == 0;
}

void ClusterWatch::saw(std::vector<RehearsedStatement> statements) {
  statements_ = std::move(statements);
}

// As in the gate (F5): identities now, and the counter for those who came and went.
bool ClusterWatch::alone() {
  if (!alone_before_ || !sessions_before_) return false;
  for (int look = 0; look < kLooks; ++look) {
    const ServerSessions now = server_sessions(context_.maintenance, context_.names.application);
    if (now.others > 0 || !now.counted || *now.counted < *sessions_before_) return false;
    const std::uint64_t opened = *now.counted - *sessions_before_;
    if (opened > own_) return false;
    if (opened == own_) return true;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return false;
}

bool ClusterWatch::named(const SharedChange& change) const {
  return !change.name.empty() &&
         std::any_of(statements_.begin(), statements_.end(),
                     [&](const RehearsedStatement& statement) {
                       return statement.text.find(change.name) != std::string::npos;
                     });
}

std::string ClusterWatch::whose(const SharedChange& change) const {
  if (change.uncounted)
    return "replication connections of others are not counted, it may be theirs";
  return sessions_before_ ? "others are connected to the server, it may be theirs"
                          : "before PostgreSQL 15 it cannot be known whether others were "
                            "connected to the server, it may be theirs";
}

std::vector<OutsideChange> ClusterWatch::settle() {
  const std::vector<SharedChange> changes = compare_shared(before_, everything(context_));
  if (changes.empty()) return {};
  const bool nobody_else = alone();
  std::vector<OutsideChange> out;
  for (const SharedChange& change : changes) {
    OutsideChange& entry = out.emplace_back();
    entry.text = change.text;
    entry.statement = change.statement;
    if (change.statement.empty()) {
      entry.reason = "there is no statement that reverses it";
    } else if ((change.uncounted || !nobody_else) && !named(change)) {
      entry.reason = whose(change);
    } else {
      context_.journal.fact("rehearsal", "put back",
                            {{"change", change.text}, {"statement", change.statement}});
      try {
        context_.maintenance.execute(change.statement);
        entry.fate = OutsideChange::Fate::PutBack;
      } catch (const util::Error& error) {
        if (error.kind() == util::Kind::Connect) throw;
        entry.reason = error.message();
      }
    }
  }
  const std::vector<SharedChange> left = compare_shared(before_, everything(context_));
  for (std::size_t n = 0; n < out.size(); ++n) {
    if (out[n].fate != OutsideChange::Fate::PutBack || !is_left(left, changes[n])) continue;
    out[n].fate = OutsideChange::Fate::Remains;
    out[n].reason = "the statement did not reverse it in full";
  }
  return out;
}

void tell_unsettled(pg::Connection& maintenance, const RunRecord& run, util::Reporter& reporter) {
  const std::filesystem::path file = run.folder / kFile;
  if (!run.begun("rehearsal") || run.last_end("rehearsal") != nullptr ||
      !std::filesystem::exists(file))
    return;
  for (const SharedChange& change :
       compare_shared(shared_from_text(util::read_text(file)), shared_objects(maintenance, ""))) {
    reporter.warning(
        cat("changed in the cluster since the rehearsal began: ", change.text,
            change.statement.empty() ? "" : cat("; to reverse it: ", change.statement)));
  }
}

}  // namespace guard
