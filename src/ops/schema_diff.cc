#include "ops/schema_diff.h"

#include <chrono>
#include <optional>
#include <utility>

#include "codec/sha256.h"
#include "guard/journal.h"
#include "guard/undo.h"
#include "pg/connection.h"
#include "pg/session.h"
#include "schema/json.h"
#include "schema/read.h"
#include "schema/reparse.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "verify/verify.h"

namespace ops {
namespace {

namespace fs = std::filesystem;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::chrono::seconds kPatience{30};
constexpr std::uint64_t kMostModelBytes = 4ULL << 30U;

pg::Connection open_pinned(const pg::ConnInfo& database, const std::string& application_name) {
  pg::Connection connection = pg::Connection::open(database, application_name);
  pg::pin_settings(connection, pg::database_encoding(connection));
  return connection;
}

// What the run wrote, or Kind::Damage: a file that somebody changed would tell a drift that is
// none, and hide one that is.
std::string recorded_text(const guard::RunInfo& run) {
  const fs::path path = run.folder / schema::kModelFileName;
  std::string text = util::read_text(path, kMostModelBytes);
  const guard::RunRecord record = guard::read_run(run.folder);
  const guard::Event* const fact = record.last_fact("schema");
  const std::string recorded = fact == nullptr ? std::string() : fact->get("sha256");
  const std::string now = codec::sha256_of(text);
  if (recorded == now) return text;
  throw Error(Kind::Damage,
              cat(util::printable(path.string()), " is not what run ", util::printable(run.run),
                  " wrote: its SHA-256 is ", now, ", the journal says ",
                  recorded.empty() ? std::string("nothing of it") : util::printable(recorded)),
              {.hint = cat("Compare with the run's backup: pgbelay diff ",
                           run.backup.empty() ? std::string("BACKUP") : run.backup,
                           " --schema; the next guarded run records the schema anew."),
               .sqlstate = {}});
}

int major(const SchemaSide& side) { return side.model.server_version / 10000; }

}  // namespace

void settle_in_live(SchemaDiff& diff, const std::string& application_name) {
  const std::optional<pg::ConnInfo>& database = diff.b.database ? diff.b.database : diff.a.database;
  if (!database || diff.changes.empty()) return;
  pg::Connection connection = open_pinned(*database, application_name);
  schema::settle_texts(diff.changes, connection, schema::Database::Live);
}

SchemaSide schema_of(const backup::Backup& backup) {
  std::optional<schema::Model> model = verify::recorded_model(backup);
  if (!model) {
    throw Error(
        Kind::Usage,
        cat("backup ", util::printable(backup.manifest.name), " has no ", schema::kModelFileName),
        {.hint = "It was made by an older pgbelay: compare objects and rows, without --schema.",
         .sqlstate = {}});
  }
  return {.display = cat("backup ", util::printable(backup.manifest.name)),
          .model = *std::move(model),
          .database = {}};
}

SchemaSide schema_of(const pg::ConnInfo& database, const std::string& application_name) {
  pg::Connection connection = open_pinned(database, application_name);
  return {.display = cat("database ", database.display()),
          .model = schema::read_patiently(connection, kPatience),
          .database = database};
}

SchemaSide schema_of_last_run(const fs::path& dir, const pg::ConnInfo& database) {
  std::optional<guard::RunInfo> last;
  std::error_code absent;
  for (guard::RunInfo& run : guard::list_runs(dir)) {
    const bool recorded = fs::exists(run.folder / schema::kModelFileName, absent);
    if (recorded && run.database == database.database()) last = std::move(run);
  }
  if (!last) {
    throw Error(Kind::Usage,
                cat("no run on database ", util::printable(database.database()), " in ",
                    util::printable(dir.string()), " has recorded a schema"),
                {.hint = "Each guarded run records it at its end. To compare with a backup: "
                         "pgbelay diff BACKUP --schema",
                 .sqlstate = {}});
  }
  const std::string file = (last->folder / schema::kModelFileName).string();
  return {.display = cat("run ", util::printable(last->run)),
          .model = schema::from_json(recorded_text(*last), file),
          .database = {}};
}

SchemaDiff compare_schemas(SchemaSide a, SchemaSide b, const std::string& application_name) {
  if (major(a) != major(b)) {
    throw Error(Kind::Usage,
                cat(a.display, " is of PostgreSQL ", major(a), ", ", b.display, " of ", major(b),
                    ": different versions describe the same objects in different words"),
                {.hint = "Compare sides of one major version; after an upgrade, make a guarded run "
                         "or a backup first.",
                 .sqlstate = {}});
  }
  SchemaDiff diff(std::move(a), std::move(b));
  diff.changes = schema::compare(diff.a.model, diff.b.model);
  settle_in_live(diff, application_name);
  return diff;
}

}  // namespace ops
