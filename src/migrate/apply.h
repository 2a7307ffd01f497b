// Runs migration files, statement by statement, each file in one transaction with its line of the
// history.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/files.h"
#include "migrate/target.h"
#include "pg/connection.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/reporter.h"

namespace migrate {

// The runner's own statements (settings of the session, the history) begin with it: whoever watches
// the session can tell them from those of the files.
constexpr std::string_view kOwnStatement = "/* pgbelay */";

// A statement that the server has answered.
struct RanStatement {
  int backend_pid = 0;
  std::string_view text;  // as sent
  util::Clock::time_point begin, end;
  std::string_view tag = {};       // UPDATE 500; empty after an error, or if it is not known
  std::uint64_t rows = 0;          // that it wrote; 0, too, if that is in the tag
  std::string_view sqlstate = {};  // of the error that ended it; empty: none
};

struct ApplyOptions {
  std::string run;                            // id, for the history
  std::chrono::milliseconds lock_timeout{0};  // 0: the server's
  // How often what ran into the lock timeout is tried again, after pauses that double: a file in a
  // transaction as a whole, a statement outside of one by itself.
  unsigned lock_retries = 0;
  std::chrono::milliseconds first_pause{500};
  // Statements with CONCURRENTLY outside of a transaction wait for every older transaction, and
  // what they leave when they give up is an invalid index: they have this limit instead. 0: none.
  std::chrono::milliseconds concurrently_timeout{0};
  // Another session on the same database, when the connection was lost during a commit: asked what
  // became of it, and the one that the next file runs in. Empty: such a commit is in doubt.
  std::function<pg::Connection()> reconnect = {};
  // Called when a statement of a file, or the COMMIT behind it, is over; must not throw.
  std::function<void(const RanStatement&)> on_finished = {};
};

struct Outcome {
  std::vector<std::string> applied;  // files whose line of the history is committed
  std::uint64_t statements = 0;      // that succeeded, in all files
  bool committed = false;            // anything may have been committed, of a failed file too
  // What ended it: "statement 4 of 7, 20261120_quotas.sql:18: column "limit" does not exist", with
  // the SQLSTATE. Kind::InDoubt if the connection was lost during a commit and the server did not
  // say what became of it, Kind::Interrupted after a stop.
  std::optional<util::Error> failure;
};

// Applies `files` in their order; the first failure ends it. Every file begins with the session's
// own settings (DISCARD ALL). `connection` may be another one afterwards (ApplyOptions::reconnect).
// Throws nothing but Kind::Bug: a migration that fails is an outcome.
Outcome apply(const Target& target, pg::Connection& connection, const std::vector<File>& files,
              const ApplyOptions& options, util::Reporter& reporter, std::stop_token stop);

}  // namespace migrate
