// Proof levels (architecture.md §4). The only maker of Proof: nothing reaches a live database
// without one (contracts.md K2).
#pragma once

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/evidence.h"
#include "backup/backup.h"
#include "pg/connection.h"
#include "pg/conninfo.h"
#include "pg/database_properties.h"
#include "schema/model.h"
#include "swap/swap.h"
#include "util/reporter.h"
#include "verify/proof.h"

namespace verify {

enum class Copy { Drop, KeepSealed };

struct Options {
  archive::Level level = archive::Level::ReadBack;
  pg::ConnInfo server;  // for restored and proven: the side database is made beside this one
  std::string maintenance_db;
  std::string application_name;
  std::string side_database;  // its name
  std::string side_comment;
  Copy copy = Copy::Drop;
  int nice = 0;  // all of it on this machine at a priority lower by so much
  std::size_t jobs = 0;
  std::string version;                      // of pgbelay
  bool accept_superuser_functions = false;  // S17
};

struct Verified {
  archive::Evidence evidence;
  std::optional<Proof> proof;  // nothing if there is damage
};

// Shows the level asked for, records it as evidence beside the backup, and gives the Proof. Damage
// and differences are findings in the evidence (and no Proof); only being unable to look is an
// error.
Verified run(const backup::Backup& backup, const Options& options, util::Reporter& reporter,
             std::stop_token stop);

// run() that insists: throws Kind::Proof naming the first findings. A side database that is not
// kept is gone.
Proof prove(const backup::Backup& backup, const Options& options, util::Reporter& reporter,
            std::stop_token stop);

// Brings the sealed copy of `proven` to the state of `follow_up`, which follows its backup: what it
// holds is replaced, compared with what was read, and the copy is sealed again. Kind::Proof if that
// cannot be shown; the copy is then of no use any more. Of `options`, the copy's name and how it is
// reached count.
Proof catch_up(const Proof& proven, const backup::Backup& follow_up, const Options& options,
               util::Reporter& reporter, std::stop_token stop);

// In a new process: checks proof.json, the sums and the seal of `copy` again. Throws Kind::Proof if
// any fails.
Proof recall(const backup::Backup& backup, const std::optional<swap::SealRecord>& copy,
             pg::Connection* maintenance);

// What a database is compared with.
struct Expected {
  const archive::Manifest& manifest;
  const schema::Model* model = nullptr;  // without one, objects are compared by name
};

// The model at the snapshot: schema.json, which backups of earlier versions do not have.
std::optional<schema::Model> recorded_model(const backup::Backup& backup);

// Compares the content of a database with what was recorded at the snapshot; with a follow-up's
// manifest only what is in it.
std::vector<archive::Finding> compare_content(const Expected& expected,
                                              const pg::ConnInfo& database,
                                              const std::string& application_name, std::size_t jobs,
                                              util::Reporter& reporter, std::stop_token stop);

// The same by one connection, within the transaction that is open on it: what that did counts.
std::vector<archive::Finding> compare_within(const Expected& expected, pg::Connection& connection,
                                             util::Reporter& reporter, std::stop_token stop);

// Functions of non-superusers that definitions would run as us (S17): identities, if we are
// superuser.
std::vector<std::string> superuser_traps(pg::Connection& connection);

// Maps between the manifest's record and pg's properties.
pg::DatabaseProperties properties_of(const archive::Manifest& manifest);

}  // namespace verify
