#include "extract/statements.h"

#include <algorithm>
#include <optional>

#include "archive/entry_sql.h"
#include "archive/identifiers.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using archive::TocEntry;
using util::cat;
using util::Error;
using util::Kind;

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string list_of(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const std::string& name : names) quoted.push_back(archive::quoted(name));
  return util::join(quoted, ", ");
}

// What follows "ALTER TABLE [ONLY] schema.table" of this very table.
std::optional<std::string_view> alteration(const TocEntry& entry, const Table& table) {
  if (!entry.definition) return std::nullopt;
  std::string_view text = *entry.definition;
  if (!archive::take_word(text, "ALTER TABLE")) return std::nullopt;
  archive::take_word(text, "ONLY ");
  const std::optional<std::string> schema = archive::take_identifier(text);
  if (schema != table.copy.schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  if (archive::take_identifier(text) != table.copy.table) return std::nullopt;
  return text;
}

// Columns whose values the server insists on making itself.
std::vector<std::string> identity_columns(const archive::Toc& toc, const Table& table) {
  std::vector<std::string> columns;
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc != "SEQUENCE") continue;
    std::optional<std::string_view> text = alteration(entry, table);
    if (!text || !archive::take_word(*text, "ALTER COLUMN")) continue;
    std::optional<std::string> column = archive::take_identifier(*text);
    if (column && archive::take_word(*text, "ADD GENERATED ALWAYS"))
      columns.push_back(*std::move(column));
  }
  return columns;
}

// Without its definition nobody knows which columns the server makes; naming its values anyway is
// no error where it makes none.
bool is_defined(const archive::Toc& toc, const Table& table) {
  return std::any_of(toc.entries.begin(), toc.entries.end(), [&](const TocEntry& entry) {
    return entry.desc == "TABLE" && entry.tag == table.copy.table &&
           entry.schema == table.copy.schema;
  });
}

// Its identity columns may be those of the table above.
bool is_partition(const archive::Toc& toc, const Table& table) {
  return std::any_of(toc.entries.begin(), toc.entries.end(), [&](const TocEntry& entry) {
    return entry.desc == "TABLE ATTACH" && entry.tag == table.copy.table &&
           entry.schema == table.copy.schema;
  });
}

struct Key {
  std::vector<std::string> columns;
  std::string rest;  // of its definition
};

std::optional<Key> primary_key(const archive::Toc& toc, const Table& table) {
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc != "CONSTRAINT") continue;
    std::optional<std::string_view> text = alteration(entry, table);
    if (!text || !archive::take_word(*text, "ADD CONSTRAINT") || !archive::take_identifier(*text) ||
        !archive::take_word(*text, "PRIMARY KEY"))
      continue;
    if (std::optional<std::vector<std::string>> columns = archive::take_identifier_list(*text))
      return Key{*std::move(columns), std::string(*text)};
  }
  return std::nullopt;
}

}  // namespace

std::string insert_begin(const archive::Toc& toc, const Table& table,
                         const std::vector<std::string>& columns) {
  const std::string into = cat("INSERT INTO ", archive::quoted(table.copy.schema), ".",
                               archive::quoted(table.copy.table), " ");
  if (columns.empty()) return cat(into, "DEFAULT VALUES");
  const bool overriding =
      is_partition(toc, table) || !is_defined(toc, table) || !identity_columns(toc, table).empty();
  return cat(into, "(", list_of(columns), ") ", overriding ? "OVERRIDING SYSTEM VALUE " : "",
             "VALUES (");
}

std::string upsert_end(const archive::Toc& toc, const Table& table,
                       const std::vector<std::string>& columns) {
  const auto refuse = [&table](std::string_view why, std::string hint) {
    throw Error(Kind::Usage, cat("--upsert: table ", util::printable(table.display()), " ", why),
                {.hint = std::move(hint), .sqlstate = {}});
  };
  const std::optional<Key> key = primary_key(toc, table);
  if (!key)
    refuse("has no primary key in the archive", "Leave --upsert out, or delete rows first.");
  if (key->rest.find("DEFERRABLE") != std::string::npos ||
      key->columns.back().find("WITHOUT OVERLAPS") != std::string::npos)
    refuse("has a primary key that cannot decide conflicts", "Leave --upsert out.");
  std::vector<std::string> others;
  const std::vector<std::string> made_by_server = identity_columns(toc, table);
  for (const std::string& column : columns) {
    if (contains(key->columns, column) || contains(made_by_server, column)) continue;
    others.push_back(cat(archive::quoted(column), " = excluded.", archive::quoted(column)));
  }
  for (const std::string& column : key->columns) {
    if (!contains(columns, column))
      refuse(cat("has ", util::printable(column), " in its primary key"), "Add it to --columns.");
  }
  return cat(") ON CONFLICT (", list_of(key->columns), ") DO ",
             others.empty() ? "NOTHING" : cat("UPDATE SET ", util::join(others, ", ")), ";\n");
}

std::vector<std::string> primary_key_columns(const archive::Toc& toc, const Table& table) {
  std::optional<Key> key = primary_key(toc, table);
  return key ? std::move(key->columns) : std::vector<std::string>();
}

std::string script_head(std::string_view encoding) {
  return cat("BEGIN;\nSET LOCAL client_encoding = '", encoding,
             "';\nSET LOCAL standard_conforming_strings = on;\nSET LOCAL datestyle = 'ISO';\n"
             "SET LOCAL intervalstyle = 'postgres';\nSET LOCAL xmloption = 'content';\n");
}

std::string_view script_tail() { return "COMMIT;\n"; }

}  // namespace extract
