#include "cli/commands.h"
#include "cli/json.h"
#include "ops/restore.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using util::cat;

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.find('=') != std::string_view::npos;
}

// The server to restore on and the database's name there.
void set_target(const Invocation& invocation, ops::RestoreOptions& options) {
  const std::string to = invocation.settings.text("to");
  options.named = !to.empty();
  options.server = is_url(to) ? pg::ConnInfo::parse(to) : invocation.database();
  options.database = to.empty() || is_url(to) ? options.server.database() : to;
}

}  // namespace

int run_restore(const Invocation& invocation) {
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  ops::RestoreOptions options{
      .backup = backup::find(invocation.settings.path("dir"), invocation.argument("BACKUP"),
                             invocation.database_name_if_given()),
      .maintenance_db = invocation.settings.text("maintenance-db"),
      .dir = invocation.settings.path("dir"),
      .jobs = invocation.settings.count("jobs"),
      .version = PGBELAY_VERSION,
      .accept_superuser_functions = invocation.settings.flag("accept-superuser-functions")};
  set_target(invocation, options);
  const bool yes = invocation.settings.flag("yes");
  options.confirm = [&](const std::vector<std::string>& lines) {
    return yes ||
           confirm(lines, cat("Type the database's name to go on (", options.database, "): "),
                   options.database);
  };
  const ops::RestoreResult result = ops::run_restore(options, reporter, invocation.stop);
  if (invocation.json()) {
    print_out(restore_document(options.backup.manifest.name, result.database, result.kept));
  } else {
    print_out(cat("restored ", result.database, ": ", result.tables, " tables, ",
                  util::show_count(result.rows), " rows, equal to backup ",
                  options.backup.manifest.name, "\n"));
  }
  return 0;
}

}  // namespace cli
