#include "archive/evidence.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "ops/backup.h"
#include "util/text.h"

namespace cli {

int run_backup(const Invocation& invocation) {
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  ops::BackupOptions options;
  options.backup = invocation.backup_options();
  options.backup.label = invocation.arguments.empty() ? "manual" : invocation.argument("LABEL");
  options.backup.dump.source = invocation.database();
  options.backup.dump.application_name = util::cat("pgbelay-", util::key_time(util::Clock::now()));
  options.maintenance_db = invocation.settings.text("maintenance-db");
  options.version = PGBELAY_VERSION;
  options.accept_superuser_functions = invocation.settings.flag("accept-superuser-functions");
  if (const std::string level = invocation.settings.text("proof"); !level.empty()) {
    options.level = archive::parse_level(level).value_or(options.level);
  }
  options.backup.read_back =
      options.level == archive::Level::Written ? backup::ReadBack::No : backup::ReadBack::Yes;
  const backup::Backup made = ops::run_backup(options, reporter, invocation.stop);
  print_out(invocation.json() ? backup_end_event(made) : util::cat(made.manifest.name, "\n"));
  return 0;
}

}  // namespace cli
