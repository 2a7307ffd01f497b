#include "verify/untouched.h"

#include <chrono>

#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "verify/differences.h"
#include "verify/reading.h"

namespace verify {
namespace {

using util::cat;

constexpr std::chrono::seconds kClosePatience{10};

[[noreturn]] void touched(const std::string& what) {
  throw util::Error(
      util::Kind::Proof, cat("somebody changed ", what, " in the copy while it was being compared"),
      {.hint =
           "Keep other roles, superusers too, away from databases named …__proof_…, then run it "
           "again.",
       .sqlstate = {}});
}

}  // namespace

Untouched::Untouched(pg::Connection& copy, const std::string& application_name) {
  wait_for_end_of_sessions(copy, application_name);
  catalogs_ = pg::catalog_digests(copy);
  counters_ = pg::change_counters(copy);
}

void Untouched::require(pg::Connection& copy, const archive::Manifest& manifest) const {
  if (!compare_sequences(manifest, copy).empty()) touched("a sequence");
  for (const auto& [name, digest] : pg::catalog_digests(copy)) {
    const auto was = catalogs_.find(name);
    if (was == catalogs_.end() || was->second != digest) touched(cat("catalogue ", name));
  }
  const pg::ChangeCounters now = pg::change_counters(copy);
  if (!counters_.exact || !now.exact) return;
  for (const auto& [name, counted] : now.tables) {
    const auto was = counters_.tables.find(name);
    if (was == counters_.tables.end() || was->second != counted)
      touched(cat("table ", shown(name.first, name.second)));
  }
}

void close_copy(pg::Connection& maintenance, const std::string& copy, int spare) {
  const std::vector<std::string> left =
      swap::close_to_others(maintenance, copy, spare, kClosePatience);
  if (left.empty()) return;
  throw util::Error(util::Kind::Proof,
                    cat("sessions of others in the copy cannot be ended: ", util::join(left, "; ")),
                    {.hint = "End them as a role that may, then run it again.", .sqlstate = {}});
}

}  // namespace verify
