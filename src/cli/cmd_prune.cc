// prune: the databases that pgbelay made on the server, and away with those that no run needs.
#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/json.h"
#include "ops/prune.h"
#include "util/error.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

using ops::MadeDatabase;
using util::cat;

bool is_to_drop(const MadeDatabase& one) { return one.what == ops::Prune::Drop; }

std::string age_of(const MadeDatabase& one) {
  const auto made_at = util::parse_rfc3339(one.made_at);
  if (!made_at) return "?";
  return util::show_duration(
      std::chrono::duration_cast<std::chrono::seconds>(util::Clock::now() - *made_at));
}

std::string line_of(const MadeDatabase& one) {
  return fmt::format("{}  {} · {} · {} old{} · {}", is_to_drop(one) ? "drop" : "keep",
                     util::printable(one.name), util::show_size(one.bytes), age_of(one),
                     one.run.empty() ? "" : cat(" · run ", one.run), util::printable(one.reason));
}

std::vector<std::string> lines_of(const std::vector<MadeDatabase>& databases) {
  std::vector<std::string> lines;
  for (const MadeDatabase& one : databases) lines.push_back(line_of(one));
  return lines;
}

void require_yes(const Invocation& invocation, const std::vector<MadeDatabase>& databases) {
  if (invocation.settings.flag("yes")) return;
  std::vector<std::string> lines = lines_of(databases);
  const auto count = static_cast<std::uint64_t>(std::ranges::count_if(databases, is_to_drop));
  lines.push_back(cat(util::show_counted(count, "database"), " will be dropped."));
  if (confirm(lines, "Type yes to go on: ", "yes")) return;
  throw util::Error(util::Kind::NotConfirmed, "not confirmed",
                    {.hint = "Type yes at a terminal, or give --yes.", .sqlstate = {}});
}

}  // namespace

int run_prune(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  const ops::PruneOptions options{.server = invocation.database(),
                                  .maintenance_db = settings.text("maintenance-db"),
                                  .dir = settings.path("dir"),
                                  .keep = settings.duration("older-than")};
  std::vector<MadeDatabase> databases = ops::made_databases(options, invocation.stop);
  const bool any = std::ranges::any_of(databases, is_to_drop);
  if (any && !settings.flag("dry-run")) {
    require_yes(invocation, databases);
    ops::prune(options, databases, invocation.stop);
  }
  if (invocation.json()) {
    print_out(prune_document(databases));
  } else {
    if (databases.empty()) print_err("pgbelay has made no database on this server\n");
    for (const std::string& line : lines_of(databases)) print_out(line + "\n");
  }
  const bool failed = std::ranges::any_of(databases, &MadeDatabase::failed);
  return failed ? util::info(util::Kind::Query).exit_code : 0;
}

}  // namespace cli
