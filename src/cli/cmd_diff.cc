// diff: what is different from A to B.
#include <memory>
#include <utility>

#include "cli/commands.h"
#include "cli/diff_text.h"
#include "cli/json.h"
#include "cli/schema_text.h"
#include "compare/compare.h"
#include "compare/sql_script.h"
#include "ops/schema_diff.h"
#include "util/clock.h"
#include "util/error.h"
#include "util/text.h"

namespace cli {
namespace {

using compare::Change;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kUndefinedDatabase = "3D000";

bool is_url(std::string_view text) {
  return text.find("://") != std::string_view::npos || text.find('=') != std::string_view::npos;
}

// Until both are known it is not known in which encoding rows are compared.
struct Named {
  std::optional<backup::Backup> backup;
  std::optional<pg::ConnInfo> database;
};

bool has_database(const pg::ConnInfo& database) {
  try {
    pg::Connection::open(database, "pgbelay");
  } catch (const Error& failure) {
    if (failure.sqlstate() == kUndefinedDatabase) return false;
    throw;
  }
  return true;
}

// A URL; the name of the database that is configured; a backup; the name of another database on
// that server.
Named find(const Invocation& invocation, const std::string& word) {
  if (is_url(word)) return {std::nullopt, pg::ConnInfo::parse(word)};
  const std::string own = invocation.database_name_if_given();
  if (word.empty() || word == own) return {std::nullopt, invocation.database()};
  try {
    return {backup::find(invocation.settings.path("dir"), word, own), std::nullopt};
  } catch (Error& failure) {
    const bool name = word.find('/') == std::string::npos && word != "latest";
    if (failure.kind() != Kind::Usage || own.empty() || !name) throw;
    pg::ConnInfo database = invocation.database().with_database(word);
    if (has_database(database)) return {std::nullopt, std::move(database)};
    throw failure.attach(cat("nor is there a database ", database.display()));
  }
}

std::unique_ptr<compare::Side> open(Named named, const compare::SideOptions& options,
                                    util::Reporter& reporter, const std::stop_token& stop) {
  if (named.backup) return compare::open_backup(*std::move(named.backup), options, reporter);
  return compare::open_database(*named.database, options, stop);
}

std::optional<Change> only(const config::Settings& settings) {
  const std::string word = settings.text("only");
  if (word == "added") return Change::Added;
  if (word == "changed") return Change::Changed;
  if (word == "deleted") return Change::Deleted;
  return std::nullopt;
}

struct Sides {
  std::unique_ptr<compare::Side> a, b;
};

std::pair<Named, Named> find_both(const Invocation& invocation) {
  const std::vector<std::string>& words = invocation.arguments;
  if (words.empty() || words.size() > 2) {
    throw Error(Kind::Usage,
                words.empty() ? "nothing to compare is named" : "more than two are named",
                {.hint = "Give A and B: backups or databases; without B, A is compared with the "
                         "database.",
                 .sqlstate = {}});
  }
  return {find(invocation, words[0]),
          find(invocation, words.size() == 2 ? words[1] : std::string())};
}

// A database's rows are read in the backup's encoding, else both in the first one's.
Sides open_sides(const Invocation& invocation, util::Reporter& reporter) {
  auto [a, b] = find_both(invocation);
  compare::SideOptions options{
      .jobs = invocation.settings.count("jobs"),
      .application_name = cat("pgbelay-", util::key_time(util::Clock::now())),
      .encoding = {}};
  if (a.backup) options.encoding = a.backup->manifest.encoding;
  if (!a.backup && b.backup) options.encoding = b.backup->manifest.encoding;
  Sides sides;
  sides.a = open(std::move(a), options, reporter, invocation.stop);
  options.encoding = sides.a->encoding();
  sides.b = open(std::move(b), options, reporter, invocation.stop);
  return sides;
}

compare::Report as_sql(const Sides& sides, compare::Options options, const Invocation& invocation,
                       util::Reporter& reporter) {
  options.order = compare::Order::ReferringFirst;
  compare::SqlScript script(print_rows, sides.a->encoding(), only(invocation.settings));
  compare::Report report =
      compare::run(*sides.a, *sides.b, options, &script, reporter, invocation.stop);
  script.finish(report);
  return report;
}

compare::Report as_json(const Sides& sides, const compare::Options& options,
                        const Invocation& invocation, util::Reporter& reporter) {
  JsonRows rows(only(invocation.settings));
  compare::Report report =
      compare::run(*sides.a, *sides.b, options, &rows, reporter, invocation.stop);
  rows.finish();
  print_rows(diff_document(sides.a->display(), sides.b->display(), report,
                           options.detail == compare::Detail::Rows));
  return report;
}

compare::Report as_text(const Sides& sides, const compare::Options& options,
                        const Invocation& invocation, util::Reporter& reporter) {
  print_rows(cat("A: ", sides.a->display(), "\nB: ", sides.b->display(), "\n"));
  TextRows rows(only(invocation.settings));
  compare::Report report =
      compare::run(*sides.a, *sides.b, options, &rows, reporter, invocation.stop);
  rows.finish();
  print_rows(diff_summary(report));
  return report;
}

ops::SchemaSide schema_side(const Named& named, const std::string& application) {
  return named.backup ? ops::schema_of(*named.backup)
                      : ops::schema_of(*named.database, application);
}

int diff_schemas(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  if (settings.flag("rows"))
    throw Error(Kind::Usage, "--schema is about no rows, --rows is: give one");
  const std::string application = cat("pgbelay-", util::key_time(util::Clock::now()));
  const auto [a, b] = find_both(invocation);
  const ops::SchemaDiff diff =
      ops::compare_schemas(schema_side(a, application), schema_side(b, application), application);
  print_schema_diff(invocation, "diff-schema", diff);
  const bool tell = settings.flag("exit-code") && !diff.changes.empty();
  return tell ? util::info(Kind::Findings).exit_code : 0;
}

}  // namespace

int run_diff(const Invocation& invocation) {
  const config::Settings& settings = invocation.settings;
  if (settings.flag("schema")) return diff_schemas(invocation);
  TerminalReporter reporter(invocation.style(/*json_lines=*/false));
  compare::Options options{.table = settings.text("table")};
  const bool sql = settings.flag("as-sql");
  if (sql && invocation.json())
    throw Error(Kind::Usage, "--as-sql is SQL, --json is not: give one");
  if (sql || settings.flag("rows") || only(settings)) options.detail = compare::Detail::Rows;
  const Sides sides = open_sides(invocation, reporter);
  const compare::Report report = sql ? as_sql(sides, options, invocation, reporter)
                                 : invocation.json()
                                     ? as_json(sides, options, invocation, reporter)
                                     : as_text(sides, options, invocation, reporter);
  const bool tell = settings.flag("exit-code") && !report.equal();
  return tell ? util::info(Kind::Findings).exit_code : 0;
}

}  // namespace cli
