#include "guard/proof_place.h"

#include "guard/journal.h"
#include "pg/connection.h"
#include "pg/ident.h"
#include "pg/server_facts.h"
#include "util/error.h"
#include "util/secret.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;
using util::Kind;

constexpr std::string_view kFact = "private_server";

// Nothing of it has to survive a crash.
const std::vector<std::string> kSettings{"fsync = off",
                                         "full_page_writes = off",
                                         "synchronous_commit = off",
                                         "max_wal_size = '4GB'",
                                         "maintenance_work_mem = '256MB'",
                                         "autovacuum = off",
                                         "wal_level = minimal",
                                         "max_wal_senders = 0"};

int major_of(const backup::Backup& backup) {
  const std::string_view text = backup.manifest.server_version;
  return static_cast<int>(
      util::parse_u64(text.substr(0, text.find_first_not_of("0123456789"))).value_or(0));
}

// A password of hexadecimal digits needs no quoting.
std::string as_login(pg::Connection& control, const std::string& role,
                     const std::string& password) {
  const bool there =
      control.query("select from pg_catalog.pg_roles where rolname = $1", {role}).row_count() > 0;
  return cat(there ? "ALTER" : "CREATE", " ROLE ", pg::quote_ident(role),
             " LOGIN NOSUPERUSER CREATEDB PASSWORD '", password, "'");
}

}  // namespace

ProofPlace::ProofPlace(const RunContext& context, const Options& options,
                       const backup::Backup& backup)
    : server_(context.database), maintenance_db_(context.maintenance_db) {
  if (options.proof_at.empty()) return;
  maintenance_db_.clear();
  if (options.proof_at == kProofAtLocal) {
    start_private(context, backup);
    return;
  }
  server_ = pg::ConnInfo::parse(options.proof_at);
  require_same_major(context.names.application, backup);
  text_ = cat(" at ", server_.display());
}

ProofPlace::~ProofPlace() = default;

void ProofPlace::require_same_major(const std::string& application,
                                    const backup::Backup& backup) const {
  const pg::Connection there = pg::Connection::open(server_, application);
  if (there.server_major() == major_of(backup)) return;
  throw util::Error(
      Kind::Preflight,
      cat("the proof cannot be made at ", server_.display(), ": it is PostgreSQL ",
          there.server_version_text(), ", the backup is of ", backup.manifest.server_version),
      {.hint = "Name a server of the same major version with --proof-at.", .sqlstate = {}});
}

void ProofPlace::start_private(const RunContext& context, const backup::Backup& backup) {
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
  context.journal.fact("proof", kFact,
                       {{"folder", folder_->path().string()}, {"binaries", binaries->string()}});
  const std::string password = util::random_secret(16).reveal();
  private_ =
      std::make_unique<pg::PrivateServer>(pg::PrivateServerOptions{.folder = folder_->path(),
                                                                   .bin_directory = *binaries,
                                                                   .settings = kSettings,
                                                                   .password = password});
  pg::Connection control = pg::Connection::open(private_->conninfo(), context.names.application);
  control.execute(util::read_text(backup.path / "globals.sql"));
  server_ = private_->conninfo(context.database.database());
  // As the role that would have to restore it on the live server; functions of others then run with
  // no more rights than there (S17).
  const pg::RoleFacts role = pg::role_facts(context.maintenance);
  if (!role.superuser) {
    control.execute(as_login(control, role.name, password));
    server_ = server_.with_option("user", role.name);
  }
  text_ = cat(" on a private PostgreSQL ", control.server_version_text());
}

void remove_private_server(const std::filesystem::path& run_folder) {
  const RunRecord record = read_run(run_folder);
  const Event* const left = record.last_fact(kFact);
  if (left == nullptr) return;
  pg::remove_abandoned_server(left->get("folder"), left->get("binaries"));
}

}  // namespace guard
