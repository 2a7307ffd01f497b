// extract: rows out of a backup, to stdout or into files.
#include "cli/commands.h"
#include "extract/extract.h"
#include "ops/named.h"
#include "util/error.h"
#include "util/text.h"

namespace cli {
namespace {

using util::cat;

extract::Query query_of(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  extract::Query query{.table = settings.text("table"),
                       .where = settings.list("where"),
                       .grep = settings.text("grep"),
                       .columns = settings.list("columns"),
                       .limit = std::nullopt};
  if (query.table.empty()) {
    throw util::Error(util::Kind::Usage, "no table is named",
                      {.hint = "Give --table NAME.", .sqlstate = {}});
  }
  if (settings.given("limit")) query.limit = settings.count("limit");
  const std::string format = invocation.json() ? "json" : settings.text("format");
  if (format == "sql") query.format = extract::Format::Sql;
  if (format == "json") query.format = extract::Format::Json;
  if (settings.flag("upsert")) query.upsert = extract::Upsert::Yes;
  return query;
}

}  // namespace

int print_losses(const ops::Named& from, const std::vector<extract::Loss>& lost) {
  if (!from.warning.empty()) print_err(cat("pgbelay: warning: ", from.warning, "\n"));
  if (lost.empty()) return from.warning.empty() ? 0 : util::info(util::Kind::Damage).exit_code;
  print_err("pgbelay: lost:\n");
  for (const extract::Loss& loss : lost) print_err(cat("  ", util::printable(loss.text), "\n"));
  return util::info(util::Kind::Damage).exit_code;
}

int run_extract(const Invocation& invocation) {
  const ops::Named named =
      ops::find_named(invocation.settings.path("dir"), invocation.argument("BACKUP"),
                      invocation.database_name_if_given(), ops::Unreadable::UseArchive);
  const extract::Options options{.source = named.source(),
                                 .query = query_of(invocation),
                                 .folder = invocation.settings.path("output"),
                                 .jobs = invocation.settings.count("jobs")};
  const extract::Report report = extract::run(options, print_rows, invocation.stop);
  for (const std::string& note : report.notes) print_err(cat("pgbelay: warning: ", note, "\n"));
  return print_losses(named, report.lost);
}

}  // namespace cli
