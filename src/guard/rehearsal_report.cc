#include "guard/rehearsal_report.h"

#include <algorithm>
#include <array>

#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::array<std::string_view, 5> kLockNames{
    "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"};
constexpr std::array<std::string_view, 5> kLockMeanings{
    "others read and write; no other DDL, VACUUM or ANALYZE", "others read, but cannot write",
    "others read, but cannot write", "others read, but cannot write or lock rows",
    "nobody else reads or writes"};

std::string rewrite_text(const RehearsalReport& report) {
  std::vector<std::string> tables;
  for (const Rewrite& rewrite : report.rewrites) {
    if (rewrite.what == Rewrite::What::Rewritten) tables.push_back(rewrite.relation);
  }
  if (tables.empty()) return "no rewrite";
  const std::string size = util::show_size(report.rewritten_bytes());
  return tables.size() == 1 ? cat("rewrite of ", tables.front(), ", ", size)
                            : cat(tables.size(), " tables rewritten, ", size);
}

LimitVerdict lock_verdict(const RehearsalReport& report) {
  const HeldLock* const lock = report.worst_lock();
  const util::Seconds held = lock == nullptr ? util::Seconds(0) : lock->held();
  return {.name = "max_lock",
          .allowed = util::show_duration(*report.limits.max_lock),
          .measured = util::show_duration(held),
          .text = lock == nullptr ? std::string("no lock that keeps readers or writers out")
                                  : cat(lock_name(lock->mode), " on ", lock->relation, " was held"),
          .kept = held <= *report.limits.max_lock};
}

LimitVerdict duration_verdict(const RehearsalReport& report) {
  return {.name = "max_duration",
          .allowed = util::show_duration(*report.limits.max_duration),
          .measured = util::show_duration(report.took),
          .text = "the migration took",
          .kept = report.took <= *report.limits.max_duration};
}

LimitVerdict rewrite_verdict(const RehearsalReport& report) {
  return {.name = "max_rewrite_bytes",
          .allowed = util::show_size(*report.limits.max_rewrite_bytes),
          .measured = util::show_size(report.rewritten_bytes()),
          .text = "tables written anew:",
          .kept = report.rewritten_bytes() <= *report.limits.max_rewrite_bytes};
}

void outside_reasons(const RehearsalReport& report, std::vector<std::string>& reasons) {
  for (const std::string& statement : report.refused)
    reasons.push_back(cat("refused, because it reaches beyond the copy: ", statement));
  for (const OutsideChange& change : report.outside) {
    if (change.fate == OutsideChange::Fate::PutBack) {
      if (report.shared == SharedObjects::Refuse)
        reasons.push_back(cat("outside the copy, ", change.text, "; it was put back"));
      continue;
    }
    reasons.push_back(
        cat("outside the copy, ", change.text, "; it remains (", change.reason, ")",
            change.statement.empty() ? std::string() : cat("; to reverse it: ", change.statement)));
  }
}

}  // namespace

std::string_view lock_name(LockMode mode) { return kLockNames[static_cast<std::size_t>(mode)]; }
std::string_view lock_meaning(LockMode mode) {
  return kLockMeanings[static_cast<std::size_t>(mode)];
}
bool keeps_out(LockMode mode) { return mode != LockMode::ShareUpdateExclusive; }

bool RehearsalReport::passed() const { return succeeded && stop_reasons(*this).empty(); }

const HeldLock* RehearsalReport::worst_lock() const {
  const HeldLock* worst = nullptr;
  for (const HeldLock& lock : locks) {
    if (keeps_out(lock.mode) && (worst == nullptr || lock.held() > worst->held())) worst = &lock;
  }
  return worst;
}

std::uint64_t RehearsalReport::rewritten_bytes() const {
  std::uint64_t sum = 0;
  for (const Rewrite& rewrite : rewrites) {
    if (rewrite.what == Rewrite::What::Rewritten) sum += rewrite.bytes_after;
  }
  return sum;
}

Estimate estimate(const RehearsalReport& report) {
  const double larger = report.bytes_before == 0
                            ? 1.0
                            : std::max(1.0, static_cast<double>(report.live_bytes) /
                                                static_cast<double>(report.bytes_before));
  const auto scaled = [&](std::uint64_t bytes) {
    return static_cast<std::uint64_t>(static_cast<double>(bytes) * larger);
  };
  const std::uint64_t peak = std::max(report.bytes_peak, report.bytes_after);
  const std::uint64_t growth = peak > report.bytes_before ? peak - report.bytes_before : 0;
  Estimate out{.at_least = report.took, .at_most = report.took * larger, .wal_bytes = {}};
  if (report.wal_bytes) out.wal_bytes = scaled(*report.wal_bytes);
  out.disk_bytes = scaled(growth) + out.wal_bytes.value_or(0);
  return out;
}

std::vector<LimitVerdict> judge_limits(const RehearsalReport& report) {
  std::vector<LimitVerdict> out;
  if (report.limits.max_lock) out.push_back(lock_verdict(report));
  if (report.limits.max_duration) out.push_back(duration_verdict(report));
  if (report.limits.max_rewrite_bytes) out.push_back(rewrite_verdict(report));
  return out;
}

std::vector<std::string> stop_reasons(const RehearsalReport& report) {
  std::vector<std::string> reasons;
  outside_reasons(report, reasons);
  for (const std::string& check : report.failed_checks) reasons.push_back(cat("check ", check));
  if (report.on_limit == OnLimit::Warn) return reasons;
  for (const LimitVerdict& verdict : judge_limits(report)) {
    if (verdict.kept) continue;
    reasons.push_back(cat("above the limit rehearsal.", verdict.name, " = ", verdict.allowed, ": ",
                          verdict.text, " ", verdict.measured));
  }
  if (report.limits.max_lock && !report.locks_complete)
    reasons.emplace_back(
        "the locks could not be watched to the end, so rehearsal.max_lock cannot "
        "be judged");
  return reasons;
}

std::string stop_remedy(const RehearsalReport& report) {
  if (!report.refused.empty() || !report.outside.empty()) {
    return "What belongs to the whole cluster cannot be rehearsed on a copy: do it before the "
           "migration, or allow it with --shared-objects allow, or choose --no-rehearse.";
  }
  if (!report.failed_checks.empty())
    return "If that is meant, say so with --allow-destructive; the database is as it was.";
  return "Change the migration, raise the limit, or go on all the same with --on-limit warn.";
}

std::string report_line(const RehearsalReport& report) {
  std::vector<std::string> parts{util::show_duration(report.took)};
  const HeldLock* const lock = report.worst_lock();
  parts.push_back(lock == nullptr ? std::string("nobody is kept out")
                                  : cat(lock_name(lock->mode), " on ", lock->relation, " ",
                                        util::show_duration(lock->held())));
  parts.push_back(rewrite_text(report));
  parts.push_back(report.objects.empty()
                      ? std::string("no object changes")
                      : cat(util::show_counted(report.objects.size(), "object"),
                            report.objects.size() == 1 ? " changes" : " change"));
  return cat(util::join(parts, " · "), report.place);
}

}  // namespace guard
