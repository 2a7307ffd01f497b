// The one table of options: parser, environment, configuration file, help and reference page come
// from it. Defaults stand nowhere else (style 9.1).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "config/commands.h"

namespace config {

enum class OptionType { Flag, Text, Path, Count, Duration, Size, List, Choice };

struct OptionSpec {
  std::string_view name;  // --name
  char letter = 0;        // -x
  std::string_view env;   // variable; empty: none
  OptionType type = OptionType::Text;
  std::string_view value;     // name of the value in the help
  std::string_view fallback;  // default; empty: none
  std::string_view choices;   // "a|b|c" for Choice
  std::uint32_t commands = kAll;
  std::string_view help;
  std::string_view key = {};  // in the file, for one of a group: "hooks.before_hold"; else the name
};

// A table: one option a line where it fits.
// clang-format off
constexpr std::uint32_t kDatabase = kRehearse | kBackup | kVerify | kRestore | kMigrate | kUndo | kClose | kStatus | kDoctor | kRuns | kList | kShow | kExtract | kDiff | kRescue | kResume | kDrift | kPrune;
constexpr std::uint32_t kAsks = kRestore | kMigrate | kUndo | kClose | kRescue | kResume | kPrune;
constexpr std::uint32_t kTakesBack = kMigrate | kUndo | kClose | kResume;
constexpr std::uint32_t kReads = kRehearse | kBackup | kVerify | kRestore | kMigrate | kExtract | kDiff;

constexpr std::array kOptions{
    OptionSpec{.name = "database", .letter = 'd', .env = "DATABASE_URL", .value = "URL", .commands = kDatabase,
               .help = "the database: postgresql://user@host/db, a conninfo string, or the PG* variables"},
    OptionSpec{.name = "maintenance-db", .env = "PGBELAY_MAINTENANCE_DB", .value = "NAME",
               .commands = kVerify | kRestore | kMigrate | kRehearse | kUndo | kClose | kResume | kStatus | kDoctor | kBackup | kDrift | kRuns | kPrune,
               .help = "database to work from while others are renamed (else postgres, then template1)"},
    OptionSpec{.name = "replicas", .type = OptionType::List, .value = "URL",
               .commands = kMigrate | kUndo | kResume | kDoctor,
               .help = "a standby server, whose sessions of the database are ended after an undo; may be repeated"},
    OptionSpec{.name = "dir", .env = "PGBELAY_DIR", .type = OptionType::Path, .value = "BACKUPS", .fallback = "backups",
               .commands = kDatabase, .help = "where backups and runs live"},
    OptionSpec{.name = "config", .env = "PGBELAY_CONFIG", .type = OptionType::Path, .value = "FILE",
               .help = "configuration file (else pgbelay.toml in this folder or a parent)"},
    OptionSpec{.name = "env-file", .type = OptionType::Path, .value = "FILE", .fallback = ".env", .commands = kDatabase,
               .help = "file with variables such as DATABASE_URL; the real environment wins"},
    OptionSpec{.name = "no-env-file", .type = OptionType::Flag, .commands = kDatabase, .help = "do not read .env"},
    OptionSpec{.name = "json", .type = OptionType::Flag, .help = "stdout is JSON"},
    OptionSpec{.name = "quiet", .letter = 'q', .type = OptionType::Flag, .help = "only results and errors"},
    OptionSpec{.name = "verbose", .letter = 'v', .type = OptionType::Flag, .help = "the log on stderr, too"},
    OptionSpec{.name = "log-file", .env = "PGBELAY_LOG_FILE", .type = OptionType::Path, .value = "FILE",
               .help = "append a log there"},
    OptionSpec{.name = "jobs", .letter = 'j', .env = "PGBELAY_JOBS", .type = OptionType::Count, .value = "N", .fallback = "0",
               .commands = kReads | kUndo | kResume, .help = "connections that read or load at once; 0: as many as cores, at most 8"},
    OptionSpec{.name = "rate", .env = "PGBELAY_RATE", .type = OptionType::Size, .value = "SIZE",
               .commands = kBackup | kMigrate | kRehearse, .help = "read at most so much a second from the live database, e.g. 50MB (else as fast as it can)"},
    OptionSpec{.name = "max-load", .env = "PGBELAY_MAX_LOAD", .type = OptionType::Count, .value = "N", .fallback = "0",
               .commands = kBackup | kMigrate | kRehearse,
               .help = "pause reading while more than N sessions of others are executing statements on the server; 0: never"},
    OptionSpec{.name = "nice", .env = "PGBELAY_NICE", .type = OptionType::Count, .value = "N", .fallback = "0",
               .commands = kBackup | kMigrate | kRehearse,
               .help = "make and prove the backup at a priority of this machine that is lower by N (1 to 19)"},
    OptionSpec{.name = "snapshot-warning", .env = "PGBELAY_SNAPSHOT_WARNING", .type = OptionType::Duration, .value = "DUR", .fallback = "30m",
               .commands = kBackup | kMigrate | kRehearse,
               .help = "warn when the backup has kept VACUUM back for so long, and at every doubling; 0s: never"},
    OptionSpec{.name = "pg-dump", .env = "PGBELAY_PG_DUMP", .type = OptionType::Path, .value = "PROGRAM",
               .commands = kBackup | kMigrate | kRehearse | kDoctor, .help = "the pg_dump to read the schema with (else looked for)"},
    OptionSpec{.name = "schema-from", .env = "PGBELAY_SCHEMA_FROM", .type = OptionType::Choice, .value = "WHICH", .fallback = "auto",
               .choices = "auto|pg_dump|catalog", .commands = kBackup | kMigrate | kRehearse | kDoctor,
               .help = "who reads the schema: pg_dump, or pgbelay itself; auto: pg_dump if one fits the server"},
    OptionSpec{.name = "formats", .type = OptionType::Text, .value = "LIST", .fallback = "dump,sql,csv",
               .commands = kBackup | kMigrate | kRehearse, .help = "what to write; dump always"},
    OptionSpec{.name = "compress", .env = "PGBELAY_COMPRESS", .value = "HOW", .fallback = "gzip",
               .commands = kBackup | kMigrate | kRehearse,
               .help = "archive and SQL file: gzip, or zstd[:LEVEL], level 1 (default) to 19, for servers from 16 on"},
    OptionSpec{.name = "sql-owners", .type = OptionType::Flag, .commands = kBackup | kMigrate | kRehearse,
               .help = "set owners in the SQL file"},
    OptionSpec{.name = "sql-acls", .type = OptionType::Flag, .commands = kBackup | kMigrate | kRehearse,
               .help = "grant privileges in the SQL file"},
    OptionSpec{.name = "proof", .type = OptionType::Choice, .value = "LEVEL", .choices = "written|read-back|restored|proven",
               .commands = kBackup | kMigrate | kRehearse,
               .help = "the level to reach (backup: read-back, migrate: proven)"},
    OptionSpec{.name = "level", .type = OptionType::Choice, .value = "LEVEL", .fallback = "read-back",
               .choices = "written|read-back|restored|proven", .commands = kVerify, .help = "the level to reach"},
    OptionSpec{.name = "to", .type = OptionType::Text, .value = "NAME|URL", .commands = kRestore,
               .help = "the database to restore into: a name on the same server, or a URL"},
    OptionSpec{.name = "salvage", .type = OptionType::Flag, .commands = kRestore,
               .help = "restore what can be read of a damaged backup under a new name (--to), and list the rest"},
    OptionSpec{.name = "table", .letter = 't', .type = OptionType::Text, .value = "PATTERN", .commands = kExtract | kDiff,
               .help = "the table: name or schema.name, with * and ? as wildcards; \"quotes\" keep capitals"},
    OptionSpec{.name = "table", .letter = 't', .type = OptionType::List, .value = "PATTERN", .commands = kRestore,
               .help = "only this table, into the database as it is, as NAME__restored; may be repeated"},
    OptionSpec{.name = "in-place", .type = OptionType::Flag, .commands = kRestore,
               .help = "with --table: replace the table's rows; those that were there are kept as NAME__replaced_…"},
    OptionSpec{.name = "table", .letter = 't', .type = OptionType::List, .value = "PATTERN", .commands = kRescue,
               .help = "only this table: name or schema.name, with * and ? as wildcards; may be repeated"},
    OptionSpec{.name = "apply", .type = OptionType::Flag, .commands = kRescue,
               .help = "put the rows back, in one transaction; those that are certainly others'"},
    OptionSpec{.name = "unknown", .type = OptionType::Flag, .commands = kRescue,
               .help = "with --apply: also rows that others or the migration wrote"},
    OptionSpec{.name = "where", .type = OptionType::List, .value = "COLUMN=VALUE", .commands = kExtract,
               .help = "only rows with this value (NULL: without one; 'NULL' in quotes: the text); may be repeated"},
    OptionSpec{.name = "grep", .type = OptionType::Text, .value = "EXPRESSION", .commands = kExtract,
               .help = "only rows whose COPY text (fields divided by tabs) has a match; syntax of RE2"},
    OptionSpec{.name = "columns", .type = OptionType::List, .value = "LIST", .commands = kExtract,
               .help = "only these columns, in this order"},
    OptionSpec{.name = "limit", .type = OptionType::Count, .value = "N", .commands = kExtract,
               .help = "at most so many rows of each table"},
    OptionSpec{.name = "format", .type = OptionType::Choice, .value = "FORMAT", .fallback = "csv", .choices = "csv|sql|json",
               .commands = kExtract, .help = "of the output; json is one object a line, with numbers, booleans and documents as such"},
    OptionSpec{.name = "upsert", .type = OptionType::Flag, .commands = kExtract,
               .help = "with --format sql: update rows whose primary key is there already"},
    OptionSpec{.name = "output", .type = OptionType::Path, .value = "FOLDER", .commands = kExtract,
               .help = "a file for each table there, instead of stdout"},
    OptionSpec{.name = "label", .type = OptionType::Text, .value = "LABEL", .commands = kMigrate | kRehearse, .help = "a name for the run"},
    OptionSpec{.name = "undo", .env = "PGBELAY_UNDO", .type = OptionType::Choice, .value = "STRATEGY", .fallback = "auto",
               .choices = "auto|swap|clone|replace|none", .commands = kMigrate,
               .help = "how a failed migration is undone; replace: in place, where no database may be created"},
    OptionSpec{.name = "no-failed-backup", .type = OptionType::Flag, .commands = kMigrate | kUndo | kResume,
               .help = "an undo in place (replace) does not back up the failed state first"},
    OptionSpec{.name = "sequences", .type = OptionType::Choice, .value = "WHERE", .fallback = "further", .choices = "further|exact",
               .commands = kMigrate | kUndo | kResume,
               .help = "where an undo puts sequences that others may have drawn from: on as far as they had come, or back exactly; undo RUN: as the run was told"},
    OptionSpec{.name = "keep-undo", .env = "PGBELAY_KEEP_UNDO", .type = OptionType::Duration, .value = "DUR", .fallback = "24h",
               .commands = kMigrate, .help = "how long the old state is kept after a success, for undo RUN; 0s: not at all"},
    OptionSpec{.name = "hold", .env = "PGBELAY_HOLD", .type = OptionType::Choice, .value = "HOLD", .fallback = "auto",
               .choices = "auto|none|read-only|exclusive", .commands = kMigrate,
               .help = "what to do about others who are connected; auto asks at a terminal, else stops; read-only and exclusive go with any undo but none and clone"},
    OptionSpec{.name = "blue-green", .type = OptionType::Flag, .commands = kMigrate,
               .help = "migrate the copy under a read-only hold, check it, and swap it in; the database is not touched until then"},
    OptionSpec{.name = "on-foreign-writes", .type = OptionType::Choice, .value = "WHAT", .fallback = "ask",
               .choices = "ask|undo|keep", .commands = kMigrate | kUndo | kResume,
               .help = "when a migration failed and others may have written; ask: at a terminal"},
    OptionSpec{.name = "server-free", .env = "PGBELAY_SERVER_FREE", .type = OptionType::Size, .value = "SIZE",
               .commands = kMigrate | kRehearse | kDoctor | kRestore, .help = "free space on the server's disk, where it cannot be seen from here"},
    OptionSpec{.name = "proof-at", .env = "PGBELAY_PROOF_AT", .value = "local|URL", .commands = kMigrate | kRehearse,
               .help = "prove on a private server started here (local) or on another of the same major version; an undo then takes a restore"},
    OptionSpec{.name = "max-proof-age", .type = OptionType::Duration, .value = "DUR", .fallback = "1h", .commands = kMigrate,
               .help = "the proof may be this old when the migration begins"},
    OptionSpec{.name = "lock-timeout", .type = OptionType::Duration, .value = "DUR", .fallback = "0s", .commands = kMigrate | kRehearse,
               .help = "give up a lock that is not to be had within this time; for files and commands; 0s: none"},
    OptionSpec{.name = "lock-retries", .type = OptionType::Count, .value = "N", .fallback = "5", .commands = kMigrate | kRehearse,
               .help = "how often files try again after the lock timeout, after pauses that double"},
    OptionSpec{.name = "concurrently-timeout", .type = OptionType::Duration, .value = "DUR", .fallback = "0s", .commands = kMigrate | kRehearse,
               .help = "limit of CONCURRENTLY statements; those of files have no lock timeout; 0s: none"},
    OptionSpec{.name = "max-waiting", .type = OptionType::Count, .value = "N", .fallback = "20", .commands = kMigrate,
               .help = "undo the migration when so many sessions wait for it (see --max-wait); 0: never"},
    OptionSpec{.name = "max-wait", .type = OptionType::Duration, .value = "DUR", .fallback = "30s", .commands = kMigrate,
               .help = "how long so many may wait"},
    OptionSpec{.name = "allow-destructive", .type = OptionType::Flag, .commands = kMigrate | kRehearse,
               .help = "tables may vanish or shrink"},
    OptionSpec{.name = "accept-superuser-functions", .type = OptionType::Flag, .commands = kMigrate | kRehearse | kVerify | kRestore | kBackup | kDoctor,
               .help = "restore as superuser although functions of others would run"},
    OptionSpec{.name = "no-tap", .type = OptionType::Flag, .commands = kMigrate,
               .help = "give the command the original URL; its sessions then count as others'"},
    OptionSpec{.name = "url-env", .type = OptionType::List, .value = "NAME", .commands = kMigrate | kRehearse,
               .help = "a further variable that holds the database's URL; may be repeated"},
    OptionSpec{.name = "rehearse", .type = OptionType::Flag, .commands = kMigrate,
               .help = "rehearse on a clone of the copy first (files: where there is room; a command: only if asked)"},
    OptionSpec{.name = "no-rehearse", .type = OptionType::Flag, .commands = kMigrate, .help = "do not rehearse"},
    OptionSpec{.name = "max-lock", .type = OptionType::Duration, .value = "DUR", .commands = kMigrate | kRehearse,
               .help = "stop if the rehearsal held a lock that keeps readers or writers out for longer",
               .key = "rehearsal.max_lock"},
    OptionSpec{.name = "max-duration", .type = OptionType::Duration, .value = "DUR", .commands = kMigrate | kRehearse,
               .help = "stop if the rehearsal took longer",
               .key = "rehearsal.max_duration"},
    OptionSpec{.name = "max-rewrite-bytes", .type = OptionType::Size, .value = "SIZE", .commands = kMigrate | kRehearse,
               .help = "stop if tables of more than this size were written anew",
               .key = "rehearsal.max_rewrite_bytes"},
    OptionSpec{.name = "on-limit", .type = OptionType::Choice, .value = "WHAT", .fallback = "stop", .choices = "stop|warn",
               .commands = kMigrate | kRehearse, .help = "what a rehearsal above one of these limits means",
               .key = "rehearsal.on_limit"},
    OptionSpec{.name = "shared-objects", .type = OptionType::Choice, .value = "WHAT", .fallback = "refuse",
               .choices = "refuse|allow", .commands = kMigrate | kRehearse,
               .help = "statements of a rehearsal on roles, other databases, settings of the server",
               .key = "rehearsal.shared_objects"},
    OptionSpec{.name = "plan", .letter = 'n', .type = OptionType::Flag, .commands = kMigrate,
               .help = "print what would happen and stop"},
    OptionSpec{.name = "dry-run", .letter = 'n', .type = OptionType::Flag, .commands = kPrune,
               .help = "only list what would be dropped, and why"},
    OptionSpec{.name = "older-than", .type = OptionType::Duration, .value = "DUR", .fallback = "24h", .commands = kPrune,
               .help = "keep databases with the state before an undo or a restore for so long"},
    OptionSpec{.name = "before-hold", .value = "LINE", .commands = kMigrate,
               .help = "shell line before writers are kept out, e.g. to stop the application; if it fails the run ends unbegun",
               .key = "hooks.before_hold"},
    OptionSpec{.name = "after-release", .value = "LINE", .commands = kTakesBack,
               .help = "shell line when nothing keeps the application out any more, whatever the outcome",
               .key = "hooks.after_release"},
    OptionSpec{.name = "on-failure", .value = "LINE", .commands = kTakesBack,
               .help = "shell line after a run that did not succeed; PGBELAY_OUTCOME says how it ended",
               .key = "hooks.on_failure"},
    OptionSpec{.name = "hook-timeout", .type = OptionType::Duration, .value = "DUR", .fallback = "1m", .commands = kTakesBack,
               .help = "a hook is ended after this time", .key = "hooks.timeout"},
    OptionSpec{.name = "health-command", .value = "LINE", .commands = kMigrate,
               .help = "shell line that must succeed after the migration, or it is undone", .key = "health.command"},
    OptionSpec{.name = "health-url", .value = "URL", .commands = kMigrate,
               .help = "must answer with a status 2xx after the migration, or it is undone", .key = "health.url"},
    OptionSpec{.name = "health-timeout", .type = OptionType::Duration, .value = "DUR", .fallback = "30s", .commands = kMigrate,
               .help = "how long the application may take to be well", .key = "health.timeout"},
    OptionSpec{.name = "notify-url", .env = "PGBELAY_NOTIFY_URL", .value = "URL", .commands = kTakesBack,
               .help = "webhook that gets the news of a run as JSON (its \"text\" as Slack reads it)", .key = "notify.url"},
    OptionSpec{.name = "notify-command", .value = "LINE", .commands = kTakesBack,
               .help = "shell line for the news of a run: PGBELAY_OUTCOME, and PGBELAY_TEXT as JSON", .key = "notify.command"},
    OptionSpec{.name = "stuck-after", .type = OptionType::Duration, .value = "DUR", .fallback = "10m", .commands = kMigrate,
               .help = "a migration that runs longer is news; 0s: never", .key = "notify.stuck_after"},
    OptionSpec{.name = "recheck", .type = OptionType::Flag, .commands = kUndo,
               .help = "read the copy once more before it is swapped in"},
    OptionSpec{.name = "yes", .letter = 'y', .type = OptionType::Flag, .commands = kAsks, .help = "do not ask"},
    OptionSpec{.name = "keep", .type = OptionType::Flag, .commands = kDemo, .help = "leave the demo's server running"},
    OptionSpec{.name = "rows", .type = OptionType::Count, .value = "N", .fallback = "100000", .commands = kDemo,
               .help = "members in the demo's database"},
    OptionSpec{.name = "schema", .type = OptionType::Flag, .commands = kDiff,
               .help = "the schemas only: every object with all that makes it up"},
    OptionSpec{.name = "rows", .type = OptionType::Flag, .commands = kDiff,
               .help = "tell which rows were added, changed, deleted"},
    OptionSpec{.name = "only", .type = OptionType::Choice, .value = "CHANGE", .choices = "added|changed|deleted",
               .commands = kDiff, .help = "only rows to which this happened; with them"},
    OptionSpec{.name = "as-sql", .type = OptionType::Flag, .commands = kDiff | kDrift,
               .help = "the statements that turn A's rows into B's; with --schema, and of drift, A's schema"},
    OptionSpec{.name = "against", .type = OptionType::Path, .value = "MIGRATIONS", .commands = kDrift,
               .help = "compare with what these files make of an empty database instead"},
    OptionSpec{.name = "exit-code", .type = OptionType::Flag, .commands = kDiff,
               .help = "exit 9 if anything differs"},
};
// clang-format on
constexpr const OptionSpec* find_option(std::string_view name) {
  for (const OptionSpec& option : kOptions) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

// The table of the file that an option of a group stands in; empty for all others.
constexpr std::string_view group_of(const OptionSpec& option) {
  return option.key.substr(0, option.key.find('.'));
}

}  // namespace config
