#include "cli/commands.h"
#include "cli/json.h"
#include "ops/restore.h"
#include "ops/restore_archive.h"
#include "ops/restore_tables.h"
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
template <typename Options>
void set_target(const Invocation& invocation, Options& options) {
  const std::string to = invocation.settings.text("to");
  options.server = is_url(to) ? pg::ConnInfo::parse(to) : invocation.database();
  options.database = to.empty() || is_url(to) ? options.server.database() : to;
}

// An archive without fingerprints, or what is left of a damaged backup.
int restore_unproven(const Invocation& invocation, ops::Named named) {
  const bool salvage = invocation.settings.flag("salvage");
  if (invocation.settings.text("to").empty()) {
    throw util::Error(util::Kind::Usage,
                      salvage ? cat("--salvage restores what is left of ", named.name(),
                                    ", which cannot be proven: under a new name only")
                              : cat(named.name(),
                                    " was not made by pgbelay backup and has no "
                                    "fingerprints: it cannot be proven, and is "
                                    "restored under a new name only"),
                      {.hint = "Give --to NEWNAME.", .sqlstate = {}});
  }
  ops::ArchiveRestoreOptions options{
      .from = std::move(named),
      .damaged = salvage ? ops::Damaged::Save : ops::Damaged::Refuse,
      .maintenance_db = invocation.settings.text("maintenance-db"),
      .dir = invocation.settings.path("dir"),
      .jobs = invocation.settings.count("jobs"),
      .accept_superuser_functions = invocation.settings.flag("accept-superuser-functions")};
  set_target(invocation, options);
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  const ops::ArchiveRestoreResult result = ops::restore_archive(options, reporter, invocation.stop);
  for (const std::string& note : result.notes) reporter.note(util::printable(note));
  if (invocation.json()) {
    print_out(restore_document(options.from.name(), options.database, ""));
  } else {
    print_out(cat("restored ", options.database, " from ", options.from.name(), ": ",
                  util::show_counted(result.tables, "table"), ", ",
                  util::show_counted(result.rows, "row"),
                  "; NOT proven: nothing was compared with the source\n"));
  }
  return print_losses(options.from, result.lost);
}

// Single tables, into a database that lives on.
int restore_tables(const Invocation& invocation, ops::Named named) {
  if (invocation.settings.flag("salvage")) {
    throw util::Error(util::Kind::Usage, "--table and --salvage do not go together",
                      {.hint = "extract BACKUP --table NAME --format sql gives what can be read.",
                       .sqlstate = {}});
  }
  const std::string to = invocation.settings.text("to");
  const pg::ConnInfo server = is_url(to) ? pg::ConnInfo::parse(to) : invocation.database();
  const bool yes = invocation.settings.flag("yes");
  const bool in_place = invocation.settings.flag("in-place");
  ops::TableRestoreOptions options{
      .from = std::move(named),
      .tables = invocation.settings.list("table"),
      .placement = in_place ? ops::Placement::InPlace : ops::Placement::Beside,
      .server = to.empty() || is_url(to) ? server : server.with_database(to),
      .maintenance_db = invocation.settings.text("maintenance-db"),
      .dir = invocation.settings.path("dir"),
      .accept_superuser_functions = invocation.settings.flag("accept-superuser-functions")};
  const std::string database = options.server.database();
  options.confirm = [&](const std::vector<std::string>& lines) {
    return yes ||
           confirm(lines, cat("Type the database's name to go on (", database, "): "), database);
  };
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  const ops::TableRestoreResult result = ops::restore_tables(options, reporter, invocation.stop);
  for (const std::string& note : result.notes) reporter.note(util::printable(note));
  if (invocation.json()) {
    print_out(restored_tables_document(options.from.name(), result));
    return 0;
  }
  for (const ops::RestoredTable& table : result.tables) {
    print_out(cat(
        "restored ", table.restored.display(), ": ", util::show_counted(table.rows, "row"), " of ",
        table.table.display(), result.proven ? ", equal to backup " : "; NOT proven: archive ",
        options.from.name(),
        table.kept.empty() ? ""
                           : cat("; the rows of before are in ",
                                 pg::QualifiedName{table.restored.schema, table.kept}.display()),
        "\n"));
  }
  return 0;
}

}  // namespace

int run_restore(const Invocation& invocation) {
  ops::Named named = ops::find_named(
      invocation.settings.path("dir"), invocation.argument("BACKUP"),
      invocation.database_name_if_given(),
      invocation.settings.flag("salvage") ? ops::Unreadable::UseArchive : ops::Unreadable::Refuse);
  if (!invocation.settings.list("table").empty())
    return restore_tables(invocation, std::move(named));
  if (invocation.settings.flag("in-place")) {
    throw util::Error(util::Kind::Usage, "--in-place is for single tables",
                      {.hint = "Give --table NAME, or leave --in-place away: a whole database is "
                               "restored beside the live one and swapped in.",
                       .sqlstate = {}});
  }
  if (!named.backup || invocation.settings.flag("salvage"))
    return restore_unproven(invocation, std::move(named));
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  ops::RestoreOptions options{
      .backup = *std::move(named.backup),
      .named = !invocation.settings.text("to").empty(),
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
    print_out(cat("restored ", result.database, ": ", util::show_counted(result.tables, "table"),
                  ", ", util::show_counted(result.rows, "row"), ", equal to backup ",
                  options.backup.manifest.name, "\n"));
  }
  return 0;
}

}  // namespace cli
