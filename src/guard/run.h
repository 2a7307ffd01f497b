// The guarded run: preflight → mutex → backup → proof → confirm → gate → migrate → check → release
// or undo. The order of the steps, the lock and the point of no return are on one page in run.cc.
//
// Guarantees: nothing reaches the live database without a verify::Proof; once the migration step
// has begun the outcome is Done, Undone or NotUndone (contracts.md K4), and the journal says which
// after a crash.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "archive/evidence.h"
#include "backup/run.h"
#include "guard/rehearsal_options.h"
#include "pg/conninfo.h"
#include "util/clock.h"
#include "util/reporter.h"
#include "util/secret.h"

namespace guard {

enum class Hold { Auto, None, ReadOnly, Exclusive };
// Whether others are kept out, and a copy is caught up meanwhile.
constexpr bool keeps_out(Hold hold) { return hold == Hold::ReadOnly || hold == Hold::Exclusive; }
constexpr std::string_view hold_name(Hold hold) {
  switch (hold) {
    case Hold::Auto:
      return "auto";
    case Hold::None:
      return "none";
    case Hold::ReadOnly:
      return "read-only";
    case Hold::Exclusive:
      return "exclusive";
  }
  return {};
}
enum class Undo { Auto, Swap, Clone, Replace, None };
enum class OnForeignWrites { Ask, Undo, Keep };
// Where an undo puts a sequence that others may have drawn from: sequences.h.
enum class Sequences { Further, Exact };

enum class WithOthers { GoOn, HoldReadOnly, Stop };
enum class MayHold { No, Yes };  // whether there is what a hold needs

// Whether an undo is to take away what others may have written, too: asked where that was not
// chosen. It stays unless the answer is true.
using AskAboutWrites = std::function<bool(const std::vector<std::string>& reasons)>;

// What the operator is asked. Without a terminal the front end answers No, unless --yes was given.
struct Questions {
  // "yes" to go on; gets the plan's lines.
  std::function<bool(const std::vector<std::string>& plan)> confirm;
  // Others may write and nothing was chosen. nullopt: nobody to ask (exit 6).
  std::function<std::optional<WithOthers>(const std::vector<std::string>& reasons, MayHold hold)>
      with_others;
  AskAboutWrites undo_all_the_same;  // empty: nobody to ask
};

struct CommandSpec {
  std::vector<std::string> argv;
  std::vector<std::string> url_variables;  // DATABASE_URL first; each is set to the tap's URL
  std::vector<std::pair<std::string, std::string>>
      urls;                    // variable and its original value, for redirecting in its own form
  bool inherit_stdin = false;  // where that is no terminal
};

// What is done outside of the database (outside.h). Lines for /bin/sh and URLs; empty: none.
struct OutsideOptions {
  std::string before_hold, after_release, on_failure;
  std::chrono::milliseconds hook_timeout = std::chrono::minutes(1);
  std::string health_command, health_url;
  std::chrono::milliseconds health_timeout = std::chrono::seconds(30);
  std::string notify_url, notify_command;
  std::chrono::milliseconds stuck_after = std::chrono::minutes(10);  // 0: never said
};

struct Options {
  pg::ConnInfo database;
  std::string maintenance_db;
  std::vector<pg::ConnInfo> replicas;  // standbys whose sessions an undo ends (S7)
  std::filesystem::path dir;           // backups; runs live in dir/runs
  backup::Options
      backup;  // dump jobs, formats, pg_dump …; database, dir, label, run are set by run()
  std::string label;
  // One of the two: a command, or a folder of *.sql files.
  std::optional<CommandSpec> command;
  std::filesystem::path migrations;
  archive::Level proof = archive::Level::Proven;
  std::string proof_at;  // "": beside the database; "local"; else a URL: proof_place.h
  std::chrono::milliseconds max_proof_age = std::chrono::hours(1);
  Undo undo = Undo::Auto;
  bool failed_backup = true;  // before a replace restores over the failed state
  Sequences sequences = Sequences::Further;
  std::chrono::milliseconds keep_undo{0};  // after a success: kept_copy.h
  Hold hold = Hold::Auto;
  bool blue_green = false;  // blue_green.h
  OnForeignWrites on_foreign_writes = OnForeignWrites::Ask;
  std::optional<std::uint64_t> server_free;  // bytes, if the operator states it (F9)
  bool allow_destructive = false;
  bool tap = true;
  RehearsalOptions rehearsal;
  bool rehearse_only = false;  // the command `rehearse`: nothing after that step
  bool plan_only = false;
  bool accept_superuser_functions = false;
  std::chrono::milliseconds lock_timeout{0};  // for files and commands; 0: none
  unsigned lock_retries = 0;                  // for files
  std::chrono::milliseconds concurrently_timeout{0};
  std::uint64_t max_waiting = 0;  // sessions that wait for it; 0: not watched
  std::chrono::milliseconds max_wait{0};
  std::size_t jobs = 0;
  std::string version;  // of pgbelay
  OutsideOptions outside;
  Questions questions;
  util::Now now = util::Clock::now;
};

enum class Outcome { Planned, NothingToDo, Rehearsed, Done, Undone, NotUndone };

struct Result {
  Outcome outcome = Outcome::Done;
  std::string run;     // id
  std::string backup;  // name
  std::string cause;   // of a failure, several lines
  std::string kept;    // database that was kept, if any
  int exit_code = 0;   // cli.md
  std::filesystem::path folder;
};

// Errors before the migration step come as util::Error with their exit codes; from then on as a
// Result.
Result run(const Options& options, util::Reporter& reporter, std::stop_token stop);

}  // namespace guard
