#include "cli/commands.h"
#include "util/error.h"
#include "util/priority.h"
#include "util/text.h"

namespace cli {

using util::cat;
using util::Error;
using util::Kind;

TerminalReporter::Style Invocation::style(bool json_lines) const {
  if (json())
    return json_lines ? TerminalReporter::Style::JsonLines : TerminalReporter::Style::Quiet;
  return settings.flag("quiet") ? TerminalReporter::Style::Quiet : TerminalReporter::Style::Text;
}

const std::string& Invocation::argument(std::string_view name) const {
  if (arguments.size() == 1) return arguments.front();
  throw Error(Kind::Usage,
              arguments.empty() ? cat(name, " is missing")
                                : cat("one ", name, " at a time: ", util::join(arguments, " ")),
              {.hint = "See: pgbelay help", .sqlstate = {}});
}

std::string Invocation::optional_argument() const {
  return arguments.empty() ? std::string() : argument("argument");
}

pg::ConnInfo Invocation::database() const {
  const std::string text = settings.text("database");
  if (text.empty() && !settings.variable("PGDATABASE") && !settings.variable("PGSERVICE") &&
      !settings.variable("PGHOST")) {
    throw Error(Kind::Usage, "no database is named",
                {.hint = "Set DATABASE_URL, or give --database postgresql://user@host/name.",
                 .sqlstate = {}});
  }
  return pg::ConnInfo::parse(text);
}

std::string Invocation::database_name_if_given() const {
  const std::string text = settings.text("database");
  return text.empty() ? std::string() : pg::ConnInfo::parse(text).database();
}

std::vector<pg::ConnInfo> Invocation::replicas() const {
  std::vector<pg::ConnInfo> out;
  for (const std::string& url : settings.list("replicas")) out.push_back(pg::ConnInfo::parse(url));
  return out;
}

dump::SchemaFrom Invocation::schema_from() const {
  const std::string from = settings.text("schema-from");
  if (from == "catalog") return dump::SchemaFrom::Catalog;
  return from == "pg_dump" ? dump::SchemaFrom::PgDump : dump::SchemaFrom::Auto;
}

backup::Options Invocation::backup_options() const {
  backup::Options options;
  options.dir = settings.path("dir");
  options.dump.jobs = settings.count("jobs");
  options.dump.rate = settings.size("rate").value_or(0);
  options.dump.max_load = settings.count("max-load");
  options.dump.snapshot_warning = settings.duration("snapshot-warning");
  options.nice = nice();
  options.dump.compress = compress();
  options.dump.pg_dump = settings.path("pg-dump");
  options.dump.schema_from = schema_from();
  options.dump.formats = {.sql = false, .csv = false};
  const std::string formats = settings.text("formats");
  for (const std::string_view format : util::split(formats, ',')) {
    const std::string_view word = util::trim(format);
    if (word == "sql") {
      options.dump.formats.sql = true;
    } else if (word == "csv") {
      options.dump.formats.csv = true;
    } else if (word != "dump") {
      throw Error(Kind::Usage, cat("unknown format ", util::printable(word)),
                  {.hint = "Formats are dump, sql, csv; dump is always written.", .sqlstate = {}});
    }
  }
  options.dump.sql.owners =
      settings.flag("sql-owners") ? archive::Include::Yes : archive::Include::No;
  options.dump.sql.acls = settings.flag("sql-acls") ? archive::Include::Yes : archive::Include::No;
  return options;
}

// gzip, zstd, zstd:LEVEL.
codec::PieceFormat Invocation::compress() const {
  const std::string text = settings.text("compress");
  if (text == "gzip") return {};
  const std::string_view how(text);
  const std::size_t colon = how.find(':');
  const std::optional<std::uint64_t> level = colon == std::string_view::npos
                                                 ? std::optional<std::uint64_t>(1)
                                                 : util::parse_u64(how.substr(colon + 1));
  if (how.substr(0, colon) == "zstd" && level && *level >= 1 && *level <= codec::kMostZstdLevel)
    return {.method = codec::Method::Zstd, .level = static_cast<int>(*level)};
  throw Error(Kind::Usage, cat("--compress ", util::printable(text), " is unknown"),
              {.hint = "Give gzip, zstd or zstd:LEVEL with a level from 1 to 19.", .sqlstate = {}});
}

int Invocation::nice() const {
  const std::uint64_t by = settings.count("nice");
  if (by <= util::kLowestPriority) return static_cast<int>(by);
  throw Error(Kind::Usage, cat("--nice ", by, " is no priority"),
              {.hint = "Give a number from 1 to 19; 19 leaves most to others.", .sqlstate = {}});
}

guard::OutsideOptions Invocation::outside_options() const {
  return {.before_hold = settings.text("before-hold"),
          .after_release = settings.text("after-release"),
          .on_failure = settings.text("on-failure"),
          .hook_timeout = settings.duration("hook-timeout"),
          .health_command = settings.text("health-command"),
          .health_url = settings.text("health-url"),
          .health_timeout = settings.duration("health-timeout"),
          .notify_url = settings.text("notify-url"),
          .notify_command = settings.text("notify-command"),
          .stuck_after = settings.duration("stuck-after")};
}

}  // namespace cli
