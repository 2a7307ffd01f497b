// The undo itself, as a run and a later process do it: sessions ended, the copy's evidence looked
// at, swapped, and what a swap does not undo told. Repeatable after a crash at any moment.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "guard/foreign.h"
#include "guard/journal.h"
#include "guard/live_database.h"
#include "guard/names.h"
#include "guard/server_room.h"
#include "guard/shared_catalog.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "swap/swap.h"
#include "util/reporter.h"
#include "verify/verify.h"

namespace guard {

// What every step works with. The references outlive it.
struct RunContext {
  const RunNames& names;
  const pg::ConnInfo& database;  // live.now(): as the guarded one is called at this moment
  LiveDatabase& live;
  const std::string& maintenance_db;
  const std::string& version;  // of pgbelay
  std::size_t jobs = 0;
  bool accept_superuser_functions = false;
  std::vector<pg::ConnInfo> replicas = {};  // standbys whose sessions end after a swap (S7)
  ServerRoom room = {};                     // of the server that the database is on
  pg::Connection& maintenance;
  std::unique_ptr<swap::DatabaseLock>& lock;  // of `maintenance`; taken anew if that was lost
  Journal& journal;
  util::Reporter& reporter;
};

// For making, and making up to date, the copy of the run.
verify::Options copy_options(const RunContext& context);

// The mutex of the database. Whoever died a moment ago may hold it until the server notices: waits
// a little.
std::unique_ptr<swap::DatabaseLock> take_lock(pg::Connection& maintenance,
                                              const std::string& database);

// The record of the copy, for the journal and out of it.
Fields seal_fields(const swap::SealRecord& record);
std::optional<swap::SealRecord> seal_from(const Event* event);

// Ends those that still live and waits until they are gone. Kind::NotUndone naming those that stay.
void end_run_sessions(const RunContext& context, const std::vector<OwnSession>& sessions);

enum class Recheck { No, Yes };
struct TakeBack {
  const backup::Backup& backup;
  std::optional<swap::SealRecord> copy;  // as it was journalled; nothing: it has to be made again
  Recheck recheck = Recheck::No;
  bool others = false;  // may have drawn numbers: sequences keep the further position (M7)
};
struct TakenBack {
  std::string kept;                   // name of the failed database
  std::vector<SharedChange> cluster;  // what remains changed outside the database (S2)
};
// Prints and journals the step "undo". Throws Kind::NotUndone (or Connect) if the old state is not
// back.
TakenBack take_back(const RunContext& context, const TakeBack& what);

// The record of shared objects at the snapshot, in the run's folder; nothing changed if there is
// none.
void record_cluster(const RunContext& context);
std::vector<SharedChange> cluster_changes(const RunContext& context);

// "2 cluster-wide changes remain: …" and the statements, for people; empty without changes.
std::vector<std::string> cluster_lines(const std::vector<SharedChange>& changes);

}  // namespace guard
