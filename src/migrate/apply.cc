#include "migrate/apply.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "migrate/history.h"
#include "migrate/lost_commit.h"
#include "util/clock.h"
#include "util/pause.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace migrate {
namespace {

using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kLockNotAvailable = "55P03";
constexpr std::string_view kQueryCanceled = "57014";
constexpr std::chrono::milliseconds kLongestPause{30'000};

std::uint64_t milliseconds(util::Seconds seconds) {
  return static_cast<std::uint64_t>(std::llround(seconds.count() * 1000));
}

// What a server says that a person can do something about.
std::string hint_for(const Error& error, const File& file) {
  if (error.sqlstate() == "25001" && file.in_transaction) {  // active_sql_transaction
    return "Put \"-- pgbelay: no-transaction\" in the file's first lines: this statement cannot "
           "run inside a "
           "transaction.";
  }
  if (error.sqlstate() == kLockNotAvailable)
    return "Somebody held a lock for longer than the lock timeout; try again.";
  return error.hint();
}

class Runner {
 public:
  Runner(const Target& target, pg::Connection& connection, const ApplyOptions& options,
         util::Reporter& reporter, std::stop_token stop)
      : target_(target),
        connection_(connection),
        options_(options),
        reporter_(reporter),
        stop_(std::move(stop)) {}

  Outcome apply_all(const std::vector<File>& files) {
    cancel_.emplace(connection_, stop_);
    try {
      for (const File& file : files) {
        file.in_transaction ? apply_until_locked(file) : apply_plain(file);
        outcome_.applied.push_back(file.name);
      }
      if (!lost_) own("discard all");
    } catch (const Error& error) {
      if (error.kind() == Kind::Bug) throw;
      outcome_.failure = stop_.stop_requested() ? interrupted(error) : error;
    }
    return std::move(outcome_);
  }

 private:
  void own(std::string_view sql) { connection_.execute(cat(kOwnStatement, " ", sql)); }

  // Nothing that the file before has set reaches this one.
  void prepare_session() {
    if (lost_) reconnect();
    util::throw_if_stopped(stop_);
    own("discard all");
    own("set client_encoding to 'UTF8'");
    own("set standard_conforming_strings to on");
    if (options_.lock_timeout.count() > 0) {
      own(cat("set lock_timeout to ", options_.lock_timeout.count()));
    }
    connection_.take_notices();
  }

  void reconnect() {
    cancel_.reset();
    connection_ = options_.reconnect();
    cancel_.emplace(connection_, stop_);
    require_session_on(target_, connection_);
    lost_ = false;
  }

  // A lock that was not to be had in time was given up, so that whoever had queued up behind us
  // could go on; then the file begins again.
  void apply_until_locked(const File& file) {
    for (unsigned retry = 0;; ++retry) {
      const std::uint64_t statements = outcome_.statements;
      try {
        apply_in_transaction(file);
        return;
      } catch (const Error& error) {
        if (error.sqlstate() != kLockNotAvailable || retry == options_.lock_retries) throw;
        outcome_.statements = statements;
        wait_for_lock(file, retry);
      }
    }
  }

  void wait_for_lock(const File& file, unsigned retry) {
    const auto pause = std::min<std::chrono::milliseconds>(
        options_.first_pause * (1U << std::min(retry, 10U)), kLongestPause);
    reporter_.note(cat(file.name, ": a lock was not to be had within ",
                       util::show_duration(options_.lock_timeout), "; again in ",
                       util::show_duration(pause), " (", retry + 1, " of ", options_.lock_retries,
                       ")"));
    util::pause(pause, stop_);
    util::throw_if_stopped(stop_);
  }

  void apply_in_transaction(const File& file) {
    prepare_session();
    const util::Stopwatch watch;
    pg::Transaction transaction(connection_);
    run_statements(file);
    // The file may have become another role, which need not be able to write the history.
    own("reset session authorization; reset role");
    record(file, watch.elapsed());
    commit(transaction, file);
    applied(file, watch.elapsed());
  }

  void apply_plain(const File& file) {
    prepare_session();
    const util::Stopwatch watch;
    outcome_.committed =
        true;  // each statement may commit, a failing one too (CREATE INDEX CONCURRENTLY)
    run_statements(file);
    if (connection_.in_transaction()) {
      connection_.execute("rollback");
      throw Error(Kind::Query, cat(file.name, ": the file ends inside a transaction that it began"),
                  {.hint = "Add the COMMIT that is missing.", .sqlstate = {}});
    }
    own("reset session authorization; reset role");
    pg::Transaction transaction(connection_);
    record(file, watch.elapsed());
    commit(transaction, file);
    applied(file, watch.elapsed());
  }

  void record(const File& file, util::Seconds took) {
    try {
      create_history(connection_);
      record_applied(connection_, file, milliseconds(took), options_.run);
    } catch (Error& error) {
      throw error.while_doing(cat("recording ", file.name, " in pgbelay.migrations"));
    }
  }

  void commit(pg::Transaction& transaction, const File& file) {
    const std::string id = own_transaction(connection_);
    try {
      timed("COMMIT", [&] {
        transaction.commit();
        return std::uint64_t{0};
      });
    } catch (const Error& error) {  // a deferred constraint speaks here
      if (error.kind() == Kind::InDoubt) return answer_was_lost(file, id, error);
      throw Error(error.kind(), cat("commit of ", file.name, ": ", error.message()),
                  {.hint = error.hint(), .sqlstate = error.sqlstate()});
    }
    outcome_.committed = true;
  }

  // Committed: as if the answer had come; another file begins on a new connection.
  void answer_was_lost(const File& file, const std::string& transaction, const Error& error) {
    lost_ = true;
    const CommitFate fate = fate_of_commit(options_.reconnect, transaction, stop_);
    if (fate == CommitFate::Aborted) {
      throw Error(Kind::Connect, cat("commit of ", file.name,
                                     ": the connection was lost, and the server says that ",
                                     "it was not committed: ", error.message()));
    }
    outcome_.committed = true;
    if (fate == CommitFate::Committed) {
      reporter_.warning(cat("commit of ", file.name,
                            ": the connection was lost; the server says that it was committed"));
      return;
    }
    throw Error(Kind::InDoubt, cat("commit of ", file.name, ": ", error.message()),
                {.hint = error.hint(), .sqlstate = error.sqlstate()});
  }

  void applied(const File& file, util::Seconds took) {
    reporter_.note(cat(file.name, ": ", file.statements.size(),
                       file.statements.size() == 1 ? " statement" : " statements", " in ",
                       util::show_duration(took)));
  }

  void run_statements(const File& file) {
    for (std::size_t n = 0; n < file.statements.size(); ++n) {
      util::throw_if_stopped(stop_);
      reporter_.working(cat(file.name, ": statement ", n + 1, " of ", file.statements.size()));
      const Statement& statement = file.statements[n];
      try {
        execute(file, statement);
      } catch (const Error& error) {
        show_notices(file, statement);
        throw failed(error, file, n);
      }
      show_notices(file, statement);
      ++outcome_.statements;
    }
  }

  void execute(const File& file, const Statement& statement) {
    const bool alone = !file.in_transaction && !connection_.in_transaction();
    if (alone && concurrently(statement)) {
      own("set lock_timeout to 0");
      own(cat("set statement_timeout to ", options_.concurrently_timeout.count()));
      execute_concurrently(statement);
      own(cat("reset statement_timeout; set lock_timeout to ", options_.lock_timeout.count()));
      return;
    }
    for (unsigned retry = 0;; ++retry) {
      try {
        run(statement);
        return;
      } catch (const Error& error) {
        const bool locked = error.sqlstate() == kLockNotAvailable;
        if (!alone || !locked || connection_.in_transaction() || retry == options_.lock_retries)
          throw;
        wait_for_lock(file, retry);
      }
    }
  }

  void run(const Statement& statement) {
    timed(statement.text, [&] { return connection_.execute(statement.text); });
  }

  // Tells when it was run; not of one that was never answered.
  template <typename Step>
  void timed(std::string_view text, const Step& step) {
    if (!options_.on_finished) return void(step());
    RanStatement ran{
        .backend_pid = connection_.backend_pid(), .text = text, .begin = util::Clock::now()};
    try {
      ran.rows = step();
      ran.end = util::Clock::now();
      options_.on_finished(ran);
    } catch (const Error& error) {
      ran.end = util::Clock::now();
      ran.sqlstate = error.sqlstate();
      if (!error.sqlstate().empty()) options_.on_finished(ran);
      throw;
    }
  }

  // It waits until all transactions are over that were open when it began, one after the other.
  void execute_concurrently(const Statement& statement) {
    try {
      run(statement);
    } catch (const Error& error) {
      if (error.sqlstate() != kQueryCanceled || options_.concurrently_timeout.count() == 0) throw;
      throw Error(error.kind(), error.message(),
                  {.hint = cat("It waits for every transaction that was open when it began, here "
                               "longer than ",
                               util::show_duration(options_.concurrently_timeout),
                               " (--concurrently-timeout): end them, or allow more."),
                   .sqlstate = error.sqlstate()});
    }
  }

  bool concurrently(const Statement& statement) const {
    const bool limited =
        options_.lock_timeout.count() > 0 || options_.concurrently_timeout.count() > 0;
    return limited && works_concurrently(statement.text);
  }

  Error failed(const Error& error, const File& file, std::size_t n) const {
    return {error.kind(),
            cat("statement ", n + 1, " of ", file.statements.size(), ", ", file.name, ":",
                file.statements[n].line, ": ", error.message()),
            {.hint = hint_for(error, file), .sqlstate = error.sqlstate()}};
  }

  // As psql shows them.
  void show_notices(const File& file, const Statement& statement) {
    for (const pg::Notice& notice : connection_.take_notices()) {
      reporter_.output(
          cat(file.name, ":", statement.line, ": ", notice.severity, ":  ", notice.message, "\n"));
    }
  }

  static Error interrupted(const Error& error) {
    if (error.kind() == Kind::InDoubt) return error;
    return {Kind::Interrupted, cat("interrupted: ", error.message())};
  }

  const Target& target_;
  pg::Connection& connection_;
  const ApplyOptions& options_;
  util::Reporter& reporter_;
  std::stop_token stop_;
  std::optional<pg::CancelOnStop> cancel_;
  Outcome outcome_;
  bool lost_ = false;  // the connection, after a commit
};

}  // namespace

Outcome apply(const Target& target, pg::Connection& connection, const std::vector<File>& files,
              const ApplyOptions& options, util::Reporter& reporter, std::stop_token stop) {
  require_session_on(target, connection);
  return Runner(target, connection, options, reporter, std::move(stop)).apply_all(files);
}

}  // namespace migrate
