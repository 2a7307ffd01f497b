// rescue: rows that others wrote before an undo took them away.
#include "cli/commands.h"
#include "cli/json.h"
#include "guard/rescue.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using util::cat;

std::string text_of(const std::vector<guard::SavedTable>& tables) {
  std::string out;
  for (const guard::SavedTable& table : tables) {
    out += cat(table.name.display(), ": ", util::show_counted(table.certain, "row"),
               " of others for certain, ", util::show_count(table.unknown),
               " of others or of the migration\n  ", table.sql.string(), "\n  ", table.csv.string(),
               "\n");
  }
  return out;
}

void require_yes(const Invocation& invocation, const guard::RescueOptions& options,
                 const std::vector<guard::SavedTable>& tables) {
  if (invocation.settings.flag("yes")) return;
  std::uint64_t rows = 0;
  for (const guard::SavedTable& table : tables)
    rows += table.certain + (options.unknown ? table.unknown : 0);
  const std::vector<std::string> lines{
      cat(util::show_counted(rows, "row"), " of ", util::show_counted(tables.size(), "table"),
          " will be put back into ", options.database.display(), ", all or none.")};
  if (confirm(lines, "Type yes to go on: ", "yes")) return;
  throw util::Error(util::Kind::NotConfirmed, "not confirmed",
                    {.hint = "Type yes at a terminal, or give --yes.", .sqlstate = {}});
}

}  // namespace

int run_rescue(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  guard::RescueOptions options{.database = {},
                               .dir = settings.path("dir"),
                               .reference = invocation.argument("RUN"),
                               .tables = settings.list("table"),
                               .unknown = settings.flag("unknown")};
  const std::vector<guard::SavedTable> tables = guard::rescued(options);
  if (!settings.flag("apply")) {
    print_out(invocation.json() ? rescue_document(tables) : text_of(tables));
    return 0;
  }
  options.database = invocation.database();
  require_yes(invocation, options, tables);
  TerminalReporter reporter(invocation.style(/*json_lines=*/true));
  guard::put_back(options, reporter, invocation.stop);
  return 0;
}

}  // namespace cli
