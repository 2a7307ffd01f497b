#include "guard/proof_place.h"

#include "guard/journal.h"
#include "guard/rehearsal.h"
#include "guard/sql_guard.h"
#include "pg/connection.h"
#include "pg/ident.h"
#include "pg/server_facts.h"
#include "swap/swap.h"
#include "util/error.h"
#include "util/secret.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr std::string_view kFact = "private_server";

// Nothing of it has to survive a crash. A rehearsal measures the WAL, of which there is less where
// tables are not logged that a transaction makes or writes anew.
std::vector<std::string> settings_for(const Options& options) {
  return {"fsync = off",
          "full_page_writes = off",
          "synchronous_commit = off",
          "max_wal_size = '4GB'",
          "maintenance_work_mem = '256MB'",
          "autovacuum = off",
          rehearses(options) ? "wal_level = replica" : "wal_level = minimal",
          "max_wal_senders = 0"};
}

int major_of(const backup::Backup& backup) {
  const std::string_view text = backup.manifest.server_version;
  return static_cast<int>(
      util::parse_u64(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0));
}

// Whatever keeps the role from logging in with a password on the live server. One of hexadecimal
// digits needs no quoting.
std::string as_login(pg::Connection& control, const pg::RoleFacts& role,
                     const std::string& password) {
  const bool there =
      control.query("select from pg_catalog.pg_roles where rolname = $1", {role.name}).row_count() >
      0;
  return cat(there ? "ALTER" : "CREATE", " ROLE ", pg::quote_ident(role.name), " LOGIN ",
             role.superuser ? "SUPERUSER" : "NOSUPERUSER CREATEDB",
             " CONNECTION LIMIT -1 VALID UNTIL 'infinity' PASSWORD '", password, "'");
}

}  // namespace

ProofPlace::ProofPlace(const RunContext& context, const Options& options,
                       const backup::Backup& backup)
    : context_(context), server_(context.database), maintenance_db_(context.maintenance_db) {
  if (options.proof_at.empty()) return;
  maintenance_db_.clear();
  if (options.proof_at == kProofAtLocal) {
    start_private(options, backup);
    return;
  }
  server_ = pg::ConnInfo::parse(options.proof_at);
  require_same_major(backup);
  text_ = cat(" at ", server_.display());
}

ProofPlace::~ProofPlace() {
  if (!elsewhere() || private_) return;
  const std::string& copy = context_.names.copy;
  try {
    pg::Connection there =
        swap::open_maintenance(server_, maintenance_db_, context_.names.application, {});
    if (database_oid(there, copy) != 0) swap::drop_side(there, copy);
  } catch (const std::exception& error) {
    context_.reporter.warning(
        cat("database ", copy, " remains at ", server_.display(), ": ", error.what()));
  }
}

void ProofPlace::require_same_major(const backup::Backup& backup) const {
  const pg::Connection there = pg::Connection::open(server_, context_.names.application);
  if (there.server_major() == major_of(backup)) return;
  throw util::Error(
      Kind::Preflight,
      cat("the proof cannot be made at ", server_.display(), ": it is PostgreSQL ",
          there.server_version_text(), ", the backup is of ", backup.manifest.server_version),
      {.hint = "Name a server of the same major version with --proof-at.", .sqlstate = {}});
}

void ProofPlace::start_private(const Options& options, const backup::Backup& backup) {
  const int major = major_of(backup);
  const std::optional<std::filesystem::path> binaries = pg::bin_directory_of(major);
  if (!binaries) {
    throw util::Error(Kind::Preflight,
                      cat("no PostgreSQL ", major, " is installed here to make the proof on"),
                      {.hint = cat("Install its server (Debian: apt install postgresql-", major,
                                   "), or name another server with --proof-at URL."),
                       .sqlstate = {}});
  }
  folder_ = std::make_unique<util::TempDir>("pgbelay-proof-");
  context_.journal.fact("proof", kFact,
                        {{"folder", folder_->path().string()}, {"binaries", binaries->string()}});
  const std::string password = util::random_secret(16).reveal();
  private_ = std::make_unique<pg::PrivateServer>(
      pg::PrivateServerOptions{.folder = folder_->path(),
                               .bin_directory = *binaries,
                               .settings = settings_for(options),
                               .password = password});
  pg::Connection control = pg::Connection::open(private_->conninfo(), context_.names.application);
  control.execute(util::read_text(backup.path / "globals.sql"));
  // As the role that would have to restore it on the live server; functions of others then run with
  // no more rights than there (S17).
  const pg::RoleFacts role = pg::role_facts(context_.maintenance);
  control.execute(as_login(control, role, password));
  server_ = private_->conninfo(context_.database.database()).with_option("user", role.name);
  text_ = cat(" on a private PostgreSQL ", control.server_version_text());
}

void remove_private_server(const std::filesystem::path& run_folder) {
  const RunRecord record = read_run(run_folder);
  const Event* const left = record.last_fact(kFact);
  if (left == nullptr) return;
  pg::remove_abandoned_server(left->get("folder"), left->get("binaries"));
}

}  // namespace guard
