#include "load/statements.h"

#include <algorithm>

#include "archive/entry_sql.h"
#include "pg/ident.h"
#include "util/text.h"

namespace load {
namespace {

using archive::Toc;
using archive::TocEntry;
using util::cat;

// "text;\n" -> "text"
std::string_view without_semicolon(std::string_view text) {
  text = util::trim(text);
  if (text.ends_with(';')) text.remove_suffix(1);
  return text;
}

std::string large_objects_sql(const std::vector<std::string>& oids) {
  std::string all;
  for (const std::string& oid : oids) all += cat("SELECT pg_catalog.lo_create('", oid, "');\n");
  return all;
}

// The grants of a group of large objects name its first one and hold for each.
std::string grouped_acl(const Toc& toc, const TocEntry& entry) {
  const std::string& text = *entry.definition;
  const TocEntry* const group =
      entry.dependencies.empty() ? nullptr : toc.find(entry.dependencies.front());
  if (group == nullptr || group->desc != "BLOB METADATA") return text;
  const std::vector<std::string> oids = archive::large_object_oids(*group);
  if (oids.size() < 2) return text;
  std::string all;
  for (const std::string& oid : oids) {
    all += util::replace_all(text, cat("LARGE OBJECT ", oids.front(), " "),
                             cat("LARGE OBJECT ", oid, " "));
  }
  return all;
}

// Current minor releases mark columns with an internal option, which pg_dump writes and no older
// minor release takes. The server makes its own.
std::string without_column_marks(std::string definition) {
  constexpr std::string_view kMark = " SET (pg_attver=";
  constexpr std::string_view kEnd = ");\n";
  std::size_t mark = 0;
  while ((mark = definition.find(kMark, mark)) != std::string::npos) {
    const std::size_t end = definition.find(kEnd, mark);
    const std::size_t before = definition.rfind(";\n", mark);
    if (end == std::string::npos || before == std::string::npos) break;
    const std::size_t begin = definition.find_first_not_of('\n', before + 1);
    const bool whole = definition.compare(begin, 6, "ALTER ") == 0 &&
                       definition.find(',', mark) > end;  // the one option that it sets
    if (whole) definition.erase(begin, end + kEnd.size() - begin);
    mark = whole ? begin : end;
  }
  return definition;
}

std::string definition_sql(const Toc& toc, const TocEntry& entry, const Options& options) {
  if (const std::vector<std::string> oids = archive::large_object_oids(entry); !oids.empty()) {
    return large_objects_sql(oids);
  }
  if (!entry.definition) return {};
  if (entry.desc == "ACL") return grouped_acl(toc, entry);
  if (entry.desc == "EXTENSION") {
    const std::optional<std::string> version = wanted_version(entry.tag, options);
    if (version) return with_version(*entry.definition, *version);
  }
  // template0 has it, unless the source lacks it; then it is made by an entry, or not at all.
  if (entry.desc == "SCHEMA" && entry.tag == "public") {
    return util::replace_all(*entry.definition, "CREATE SCHEMA public;",
                             "CREATE SCHEMA IF NOT EXISTS public;");
  }
  return without_column_marks(*entry.definition);
}

}  // namespace

std::string restoring_sql(const Toc& toc, const TocEntry& entry, const Options& options) {
  const std::string definition = definition_sql(toc, entry, options);
  if (definition.empty()) return {};
  std::string sql = cat(archive::storage_settings(entry), definition, "\n");
  if (const std::optional<std::string> method = archive::access_method_statement(entry))
    sql += *method;
  if (!options.owners) return sql;
  if (const std::optional<std::string> owner = archive::owner_statement(entry)) sql += *owner;
  return sql;
}

std::optional<std::string> wanted_version(const std::string& extension, const Options& options) {
  const auto found =
      std::find_if(options.extensions.begin(), options.extensions.end(),
                   [&](const ExtensionVersion& row) { return row.name == extension; });
  if (found == options.extensions.end()) return std::nullopt;
  return found->version;
}

std::string with_version(std::string_view definition, const std::string& version) {
  return cat(without_semicolon(definition), " VERSION ", pg::quote_literal(version), ";\n");
}

std::optional<std::string> not_valid(const TocEntry& foreign_key) {
  if (foreign_key.desc != "FK CONSTRAINT" || !foreign_key.definition) return std::nullopt;
  const std::string_view text = without_semicolon(*foreign_key.definition);
  if (text.ends_with(" NOT VALID")) return std::nullopt;
  return cat(text, " NOT VALID;\n");
}

std::optional<std::string> commented_extension(const TocEntry& entry) {
  constexpr std::string_view kBefore = "EXTENSION ";
  if (entry.desc != "COMMENT" || !entry.tag.starts_with(kBefore)) return std::nullopt;
  std::string name = entry.tag.substr(kBefore.size());
  if (name.size() >= 2 && name.starts_with('"') && name.ends_with('"')) {
    name = util::replace_all(name.substr(1, name.size() - 2), "\"\"", "\"");
  }
  return name;
}

bool same_comment(std::string_view definition, std::string_view existing) {
  const std::string literal = cat("'", util::replace_all(std::string(existing), "'", "''"), "'");
  return without_semicolon(definition).ends_with(cat(" IS ", literal));
}

}  // namespace load
