// The migration step: the command behind the tap, or the files by our own runner, and the checks
// after it. Whatever goes wrong from here on is an outcome, not an error (contracts.md K4).
#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "check/check.h"
#include "guard/check_record.h"
#include "guard/gate.h"
#include "migrate/apply.h"
#include "migrate/command.h"
#include "migrate/files.h"
#include "migrate/mentions.h"
#include "tap/tap.h"
#include "util/error.h"
#include "verify/proof.h"

namespace guard {

struct Attempt {
  bool succeeded = false;
  std::string summary;  // one line, for the printed list
  std::string cause;    // of a failure, several lines, without secrets
  std::optional<util::Error>
      refused;  // the gate stayed shut: nothing of the command reached the database
  std::vector<std::string> left_open = {};  // a line for each session, without secrets
  std::vector<std::string> slowest = {};    // statements, a line each, without secrets
  // What its files or its statements through the tap say; nothing: its statements were not seen.
  std::optional<migrate::Mentions> said = {};
};

struct AttemptInput {
  const RunContext& context;
  const Options& options;
  const verify::Proof& proof;
  const Gate& gate;
  SessionLedger& ledger;
  const std::vector<migrate::File>& files;  // without a command
  const pg::ConnInfo* copy = nullptr;       // --blue-green: migrated instead of the live database
  const pg::ConnInfo& migrated() const { return copy != nullptr ? *copy : context.database; }
};

// How a command that ended is judged, on the live database and in a rehearsal.
Attempt judged_command(const migrate::CommandOutcome& outcome,
                       const std::optional<tap::FailedStatement>& failure,
                       const util::Scrubber& scrubber);
// The files that ended, likewise.
migrate::ApplyOptions apply_options(const RunContext& context, const Options& options);
Attempt judged_files(const migrate::Outcome& outcome);
Attempt failed_by(const util::Error& error);
// What it may remove: by its files' statements, or because everything is allowed.
check::Announced announced(const Options& options, const std::vector<migrate::File>& files);

// Prints and journals the step "migrate". Throws nothing that the run could not survive: Kind::Bug
// only.
Attempt attempt(const AttemptInput& input, std::stop_token stop);

// Prints and journals the step "check". The findings that fail, as a cause; empty if all is well.
std::string check_after(const AttemptInput& input, std::stop_token stop);
// The same by a later process, of what a migration has left in `database`.
std::string check_now(const RunContext& context, const pg::ConnInfo& database,
                      SessionLedger& ledger, const CheckRecord& record, std::stop_token stop);

}  // namespace guard
