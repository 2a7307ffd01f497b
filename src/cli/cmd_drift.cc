// drift: what changed in the schema since the last guarded run, or what is otherwise than migration
// files make it.
#include "cli/commands.h"
#include "cli/schema_text.h"
#include "ops/replay.h"
#include "ops/schema_diff.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

namespace cli {
namespace {

ops::SchemaDiff since_last_run(const Invocation& invocation, const pg::ConnInfo& database) {
  const std::string application = util::cat("pgbelay-", util::key_time(util::Clock::now()));
  ops::SchemaSide before = ops::schema_of_last_run(invocation.settings.path("dir"), database);
  return ops::compare_schemas(std::move(before), ops::schema_of(database, application),
                              application);
}

ops::SchemaDiff against_files(const Invocation& invocation, const pg::ConnInfo& database) {
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  return ops::compare_with_replay({.database = database,
                                   .maintenance_db = invocation.settings.text("maintenance-db"),
                                   .migrations = invocation.settings.path("against")},
                                  reporter, invocation.stop);
}

}  // namespace

int run_drift(const Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    throw util::Error(util::Kind::Usage, "drift takes no argument",
                      {.hint = "To compare with migrations: pgbelay drift --against MIGRATIONS; "
                               "with a backup: pgbelay diff BACKUP --schema",
                       .sqlstate = {}});
  }
  const pg::ConnInfo database = invocation.database();
  const ops::SchemaDiff diff = invocation.settings.path("against").empty()
                                   ? since_last_run(invocation, database)
                                   : against_files(invocation, database);
  print_schema_diff(invocation, "drift", diff);
  return diff.changes.empty() ? 0 : util::info(util::Kind::Findings).exit_code;
}

}  // namespace cli
