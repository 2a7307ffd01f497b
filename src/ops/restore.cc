#include "ops/restore.h"

#include "ops/backup.h"
#include "pg/connection.h"
#include "pg/server_facts.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"
#include "verify/verify.h"

namespace ops {
namespace {

using util::cat;
using util::Error;
using util::Kind;

// What the backup is of must be what is replaced, unless the operator named the target
// (contracts.md K7).
void require_same_database(const RestoreOptions& options, pg::Connection& maintenance) {
  if (options.named) return;
  const archive::Manifest& manifest = options.backup.manifest;
  if (manifest.database != options.database) {
    throw Error(Kind::Usage,
                cat("backup ", manifest.name, " is of database ", manifest.database, ", not of ",
                    options.database),
                {.hint = cat("To restore it there all the same, say so: --to ", options.database),
                 .sqlstate = {}});
  }
  const pg::ServerFacts facts = pg::server_facts(maintenance);
  if (facts.system_identifier != manifest.system_identifier) {
    throw Error(Kind::Usage,
                cat("backup ", manifest.name, " is of another server (system identifier ",
                    manifest.system_identifier, ", this one has ", facts.system_identifier, ")"),
                {.hint = cat("To restore it here all the same, say so: --to ", options.database),
                 .sqlstate = {}});
  }
}

// A follow-up alone would give a database with most of its tables empty.
void require_whole(const backup::Backup& backup) {
  if (!backup.manifest.follows) return;
  throw Error(Kind::Usage,
              cat("backup ", backup.manifest.name, " holds only what had changed since ",
                  backup.manifest.follows->name),
              {.hint = "Restore that one; manifest.txt of this one says how to add what is in it.",
               .sqlstate = {}});
}

void ask(const RestoreOptions& options, const std::string& kept) {
  const archive::Manifest& manifest = options.backup.manifest;
  const std::vector<std::string> lines{
      cat("Database ", options.database, " on ", options.server.display(),
          " will be replaced by backup ", manifest.name),
      cat("(made ", manifest.created_at, ", ", util::show_counted(manifest.tables.size(), "table"),
          ", ", util::show_counted(manifest.rows(), "row"), ")."),
      cat("What is written there until then stays in the replaced database, which is kept as ",
          kept, "."),
      "Its sessions will be ended."};
  if (options.confirm && options.confirm(lines)) return;
  throw Error(Kind::NotConfirmed, cat("restore of ", options.database, " was not confirmed"),
              {.hint = "Type the database's name at a terminal, or give --yes.", .sqlstate = {}});
}

}  // namespace

RestoreResult run_restore(const RestoreOptions& options, util::Reporter& reporter,
                          std::stop_token stop) {
  require_whole(options.backup);
  const std::string name = options.database;
  const SideNames names = proof_names(
      name, options.dir, cat("restore of ", options.backup.manifest.name), util::Clock::now());
  const std::string application = cat("pgbelay-", names.key);
  pg::Connection maintenance = swap::open_maintenance(options.server.with_database(name),
                                                      options.maintenance_db, application, stop);
  require_same_database(options, maintenance);
  swap::DatabaseLock lock(maintenance, name);
  const bool replaces = pg::database_exists(maintenance, name);
  const std::string kept =
      replaces ? swap::side_name(name, swap::Purpose::Replaced, names.key) : "";
  if (replaces) {
    const std::vector<std::string> blockers = swap::swap_blockers(maintenance, name);
    if (!blockers.empty()) {
      throw Error(
          Kind::Preflight,
          cat("database ", name, " cannot be replaced: ", util::join(blockers, "; ")),
          {.hint = "End these first, or restore under another name with --to.", .sqlstate = {}});
    }
    ask(options, kept);
  }

  const util::Stopwatch watch;
  reporter.step("restore", util::StepState::Begin, "");
  const verify::Proof proof =
      verify::prove(options.backup,
                    {.level = archive::Level::Proven,
                     .server = options.server,
                     .maintenance_db = options.maintenance_db,
                     .application_name = application,
                     .side_database = names.database,
                     .side_comment = names.comment,
                     .copy = verify::Copy::KeepSealed,
                     .jobs = options.jobs,
                     .version = options.version,
                     .accept_superuser_functions = options.accept_superuser_functions},
                    reporter, stop);
  reporter.step(
      "restore", util::StepState::Ok,
      cat("proven · ", util::show_duration(watch.elapsed()), " · the copy equals the snapshot"));

  lock.probe();
  const util::Stopwatch swap_watch;
  const swap::SwapPlan plan{.live = name,
                            .copy = names.database,
                            .kept = kept,
                            .properties = verify::properties_of(options.backup.manifest),
                            .kept_comment = cat(names.comment, " (replaced)")};
  if (replaces) {
    swap::run(maintenance, plan);
  } else {
    swap::place(maintenance, plan);
  }
  reporter.step(
      replaces ? "swap" : "place", util::StepState::Ok,
      replaces
          ? cat(util::show_duration(swap_watch.elapsed()), " · replaced database kept as ", kept)
          : cat(util::show_duration(swap_watch.elapsed()), " · database ", name, " made"));
  return {name, kept, options.backup.manifest.tables.size(), options.backup.manifest.rows()};
}

}  // namespace ops
