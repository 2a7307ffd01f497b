// The tap of a rehearsal: whoever asks for the guarded database gets the clone, nobody gets another
// database, and statements that reach beyond the clone do not go through (F10).
//
// Threads: its callbacks run on the tap's; every method may be called from any.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "guard/command_env.h"
#include "guard/ledger.h"
#include "guard/rehearsal_report.h"
#include "guard/sampler.h"
#include "guard/take_back.h"
#include "pg/conninfo.h"
#include "tap/tap.h"
#include "util/mutex.h"

namespace guard {

struct RehearsalTapOptions {
  const RunContext& context;
  SessionLedger& ledger;
  SharedObjects shared = SharedObjects::Refuse;
  util::Scrubber scrubber;  // of what must not stand in the report
};

class RehearsalTap {
 public:
  explicit RehearsalTap(const RehearsalTapOptions& options);

  Redirect redirect() const;      // for a command
  pg::ConnInfo conninfo() const;  // for our own runner
  // Its sessions are over at the server, too.
  void end();

  const Sampler& sampler() const noexcept { return sampler_; }
  std::size_t sessions() const { return tap_.sessions().size(); }
  std::vector<tap::SessionRecord> records() const { return tap_.sessions(); }
  std::size_t statement_count() const noexcept { return count_; }
  std::vector<RehearsedStatement> statements() const;  // finished ones, with times
  std::uint64_t left_out() const;                      // beyond what is kept
  std::vector<std::string> refused() const;            // without repetitions
  std::optional<tap::FailedStatement> last_failure() const { return tap_.last_failure(); }

 private:
  std::string database_for(const std::string& name) const;
  void entered(const tap::SessionRecord& record);
  void before(std::string_view statement);
  void finished(const tap::FinishedStatement& statement);
  std::vector<int> pids() const;

  const RunContext& context_;
  SessionLedger& ledger_;
  const SharedObjects shared_;
  const util::Scrubber scrubber_;
  std::atomic<std::size_t> count_ = 0;
  mutable util::Mutex mutex_;
  std::vector<int> pids_ PGBELAY_GUARDED_BY(mutex_);
  std::vector<RehearsedStatement> statements_ PGBELAY_GUARDED_BY(mutex_);
  std::uint64_t left_out_ PGBELAY_GUARDED_BY(mutex_) = 0;
  std::size_t kept_bytes_ PGBELAY_GUARDED_BY(mutex_) = 0;
  std::vector<std::string> refused_ PGBELAY_GUARDED_BY(mutex_);
  pg::Connection control_;  // of the sampler
  Sampler sampler_;
  tap::Tap tap_;  // its threads use the others
  RootCertificate root_;
};

}  // namespace guard
