// drift: what changed in the schema since the last guarded run.
#include "cli/commands.h"
#include "cli/schema_text.h"
#include "ops/schema_diff.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

namespace cli {

int run_drift(const Invocation& invocation) {
  if (!invocation.arguments.empty()) {
    throw util::Error(
        util::Kind::Usage, "drift takes no argument",
        {.hint = "To compare with a backup: pgbelay diff BACKUP --schema", .sqlstate = {}});
  }
  const pg::ConnInfo database = invocation.database();
  const std::string application = util::cat("pgbelay-", util::key_time(util::Clock::now()));
  ops::SchemaSide before = ops::schema_of_last_run(invocation.settings.path("dir"), database);
  const ops::SchemaDiff diff =
      ops::compare_schemas(std::move(before), ops::schema_of(database, application), application);
  print_schema_diff(invocation, "drift", diff);
  return diff.changes.empty() ? 0 : util::info(util::Kind::Findings).exit_code;
}

}  // namespace cli
