// manifest.txt: the backup explained to a person who has nothing but this folder.
#include <algorithm>
#include <chrono>

#include "archive/entry_sql.h"
#include "archive/manifest.h"
#include "archive/sql_file_name.h"
#include "util/text.h"
#include "util/units.h"

namespace archive {

namespace {
using util::cat;

// As one word of a POSIX shell.
std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:=@%+,";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos)
    return std::string(text);
  return cat("'", util::replace_all(std::string(text), "'", "'\\''"), "'");
}

std::string padded_left(std::string_view text, std::size_t width) {
  return cat(std::string(width > text.size() ? width - text.size() : 0, ' '), text);
}

std::string padded_right(std::string_view text, std::size_t width) {
  return cat(text, std::string(width > text.size() ? width - text.size() : 0, ' '));
}

std::string plural(std::uint64_t count, std::string_view one, std::string_view many) {
  return cat(util::show_count(count), " ", count == 1 ? one : many);
}

void line(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out += cat(padded_right(name, 20), util::printable(value), "\n");
}

bool has_format(const Manifest& manifest, std::string_view format) {
  return std::ranges::find(manifest.formats, format) != manifest.formats.end();
}

std::string about(const Manifest& manifest) {
  std::string out = cat("Backup ", util::printable(manifest.name), "\n\n");
  line(out, "Database", manifest.database);
  line(out, "Taken at", manifest.created_at);
  line(out, "Took", util::show_duration(std::chrono::duration<double>(manifest.duration_s)));
  line(out, "From", manifest.source);
  line(out, "Server",
       manifest.server_version.empty() ? "" : cat("PostgreSQL ", manifest.server_version));
  line(out, "System identifier", manifest.system_identifier);
  line(out, "Encoding", manifest.encoding);
  line(out, "Label", manifest.label);
  line(out, "Run", manifest.run);
  if (manifest.follows) {
    line(out, "Follow-up of",
         cat(manifest.follows->name,
             ": holds only what had changed since. Restore that one first, "
             "then empty the tables below and load them from here (pg_restore --data-only)"));
  }
  line(out, "Made by",
       cat("pgbelay ", manifest.pgbelay_version,
           manifest.pg_dump_version.empty()
               ? std::string(", which read the schema from the catalogues")
               : cat(", pg_dump ", manifest.pg_dump_version)));
  line(out, "Holds",
       cat(plural(manifest.tables.size(), "table", "tables"), ", ",
           plural(manifest.rows(), "row", "rows"), ", ",
           plural(manifest.sequences.size(), "sequence", "sequences"), ", ",
           plural(manifest.large_objects.size(), "large object", "large objects"), "; ",
           util::show_size(manifest.bytes()), " in ",
           plural(manifest.files.size(), "file", "files")));
  std::vector<std::string> extensions;
  for (const ExtensionRecord& extension : manifest.extensions) {
    extensions.push_back(cat(extension.name, " ", extension.version));
  }
  line(out, "Extensions", util::join(extensions, ", "));
  if (!manifest.applied_migrations.empty())
    line(out, "Last migration", manifest.applied_migrations.back());
  return out;
}

std::string createdb(const Manifest& manifest) {
  const DatabaseRecord& database = manifest.properties;
  std::string out = "createdb -T template0";
  const auto option = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) out += cat(" ", name, "=", shell_word(value));
  };
  option("--encoding", database.encoding);
  option("--lc-collate", database.collate);
  option("--lc-ctype", database.ctype);
  if (database.locale_provider == "i") {
    option("--locale-provider", "icu");
    option("--icu-locale", database.icu_locale);
    option("--icu-rules", database.icu_rules);
  } else if (database.locale_provider == "b") {
    option("--locale-provider", "builtin");
    option("--builtin-locale", database.icu_locale);
  }
  return out + " NEW";
}

// The oldest pg_restore that reads an archive of this version.
std::string_view oldest_reader(std::string_view archive_version) {
  if (archive_version == "1.16") return "17";
  return archive_version == "1.15" ? "16" : "12";
}

void restore_with_pg_restore(std::string& out, const Manifest& manifest) {
  out +=
      cat("\nWith pg_restore, in this folder (version ", oldest_reader(manifest.archive_version),
          " or later):\n"
          "  psql -X -d postgres -f globals.sql      # roles that are missing; says so where one "
          "exists\n  ",
          createdb(manifest),
          "\n  pg_restore --exit-on-error -j 4 -d NEW full_backup.dump\n"
          "  (--no-owner --no-privileges if the roles are not wanted)\n");
}

void restore_with_psql(std::string& out, const Manifest& manifest) {
  out += cat("\nWith psql, in this folder:\n  ", createdb(manifest), " && ",
             unpack_command(sql_file_name(manifest)),
             " | psql -X -1 -v ON_ERROR_STOP=1 -d NEW\n"
             "Over the existing database, all or nothing (never without -1: it would stop half-way "
             "and leave a ruin):\n"
             "  ",
             unpack_command(sql_file_name(manifest)), " | psql -X -1 -v ON_ERROR_STOP=1 -d ",
             shell_word(util::printable(manifest.database)),
             "\nIt stops, and leaves everything, if objects are there that depend on those of the "
             "backup.\n");
  const bool owners = manifest.sql.owners == Include::Yes;
  const bool acls = manifest.sql.acls == Include::Yes;
  out += cat("The file has ", owners ? "" : "no ", "owners and ", acls ? "" : "no ",
             "privileges in it.\n");
}

bool is_plain(const TableRecord& table) {
  const auto plain = [](std::string_view text) { return util::printable(text) == text; };
  return !table.csv_file.empty() && !table.columns.empty() && plain(table.schema) &&
         plain(table.table) && std::ranges::all_of(table.columns, plain);
}

// One table as the example for all.
void restore_from_csv(std::string& out, const Manifest& manifest) {
  const auto table = std::ranges::find_if(manifest.tables, is_plain);
  if (table == manifest.tables.end()) return;
  std::vector<std::string> columns;
  for (const std::string& column : table->columns) columns.push_back(archive::quoted(column));
  const std::string copy =
      cat("\\copy ", archive::quoted(table->schema), ".", archive::quoted(table->table), " (",
          util::join(columns, ", "), ") from pstdin csv header");
  out +=
      cat("\nOne table from CSV, into a table that exists and is empty (NULL is nothing, the empty "
          "string is \"\"):\n"
          "  gunzip -c ",
          shell_word(table->csv_file), " | PGCLIENTENCODING=", shell_word(manifest.encoding),
          " psql -X -d NEW -c ", shell_word(copy), "\n");
}

std::string how_to_restore(const Manifest& manifest) {
  const std::string name = shell_word(manifest.name);
  std::string out =
      cat("\nIs it whole?\n  sha256sum -c SHA256SUMS      pgbelay verify .\n"
          "What has been proven of it, when and how, is in proof.json if there is one.\n"
          "\nHow to restore it\n\nWith pgbelay (restored beside the database, compared, then "
          "swapped in):\n"
          "  pgbelay restore ",
          name, "\n  pgbelay restore ", name, " --to NEW\n");
  if (has_format(manifest, "dump")) restore_with_pg_restore(out, manifest);
  if (has_format(manifest, "sql")) restore_with_psql(out, manifest);
  if (has_format(manifest, "csv")) restore_from_csv(out, manifest);
  return out;
}

std::string tables(const Manifest& manifest) {
  std::string out = "\nTables\n";
  for (const TableRecord& table : manifest.tables) {
    const std::string filter =
        table.filter.empty() ? "" : cat("  (", util::printable(table.filter), ")");
    out += cat(padded_left(util::show_count(table.fingerprint.rows), 15), " rows ",
               padded_left(util::show_size(table.raw_bytes), 10), "  ",
               util::printable(table.schema), ".", util::printable(table.table), filter, "\n");
  }
  if (manifest.tables.empty()) out += "  none\n";
  return out;
}

std::string files(const Manifest& manifest) {
  std::string out = "\nFiles\n";
  for (const FileRecord& file : manifest.files) {
    const std::string description =
        file.description.empty() ? "" : cat("  ", util::printable(file.description));
    out += cat("  ", file.sha256, " ", padded_left(util::show_size(file.bytes), 10), "  ",
               util::printable(file.name), description, "\n");
  }
  return out;
}
}  // namespace

std::string to_text(const Manifest& manifest) {
  return about(manifest) + how_to_restore(manifest) + tables(manifest) + files(manifest);
}

}  // namespace archive
