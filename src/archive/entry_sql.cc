#include "archive/entry_sql.h"

#include <algorithm>
#include <array>

#include "util/text.h"

namespace archive {

namespace {
using util::cat;

// Kinds whose owner is set by name; the keywords after ALTER are the kind's own.
constexpr std::array<std::string_view, 12> kOwnedInSchema{"COLLATION",
                                                          "CONVERSION",
                                                          "DOMAIN",
                                                          "FOREIGN TABLE",
                                                          "MATERIALIZED VIEW",
                                                          "SEQUENCE",
                                                          "STATISTICS",
                                                          "TABLE",
                                                          "TEXT SEARCH CONFIGURATION",
                                                          "TEXT SEARCH DICTIONARY",
                                                          "TYPE",
                                                          "VIEW"};
constexpr std::array<std::string_view, 7> kOwnedByName{
    "EVENT TRIGGER", "FOREIGN DATA WRAPPER", "PROCEDURAL LANGUAGE", "PUBLICATION", "SCHEMA",
    "SERVER",        "SUBSCRIPTION"};
// Kinds whose tag does not name the object for SQL (argument types, access methods): the drop
// statement does.
constexpr std::array<std::string_view, 6> kOwnedAsDropped{
    "AGGREGATE", "FUNCTION", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY", "PROCEDURE"};

template <std::size_t Size>
bool holds(const std::array<std::string_view, Size>& kinds, std::string_view desc) {
  return std::ranges::find(kinds, desc) != kinds.end();
}

std::string qualified_tag(const TocEntry& entry) {
  if (!entry.schema || entry.schema->empty()) return archive::quoted(entry.tag);
  return cat(archive::quoted(*entry.schema), ".", archive::quoted(entry.tag));
}

// "s.f(a integer)" of "DROP FUNCTION s.f(a integer);\n", kind included.
std::string dropped_object(std::string_view drop) {
  constexpr std::string_view kDrop = "DROP ";
  std::string_view object = util::trim(drop);
  if (!object.starts_with(kDrop)) return {};
  object.remove_prefix(kDrop.size());
  if (object.ends_with(';')) object.remove_suffix(1);
  return std::string(util::trim(object));
}

// What stands between ALTER and OWNER TO; empty for kinds without owners.
std::string owned_object(const TocEntry& entry) {
  if (holds(kOwnedInSchema, entry.desc)) return cat(entry.desc, " ", qualified_tag(entry));
  if (holds(kOwnedByName, entry.desc)) return cat(entry.desc, " ", archive::quoted(entry.tag));
  if (holds(kOwnedAsDropped, entry.desc)) return dropped_object(*entry.drop);
  return {};
}

std::string shown(const std::optional<std::string>& name) {
  return name && !name->empty() ? util::printable(*name) : "-";
}
}  // namespace

std::string quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
  return out;
}

std::optional<std::string> owner_statement(const TocEntry& entry) {
  if (!entry.owner || entry.owner->empty()) return std::nullopt;
  if (!entry.drop || entry.drop->empty()) return std::nullopt;
  const std::string owner = cat(" OWNER TO ", archive::quoted(*entry.owner), ";\n");
  if (const std::vector<std::string> oids = large_object_oids(entry); !oids.empty()) {
    std::string all;
    for (const std::string& oid : oids) all += cat("ALTER LARGE OBJECT ", oid, owner);
    return all;
  }
  const std::string object = owned_object(entry);
  if (object.empty()) return std::nullopt;
  return cat("ALTER ", object, owner);
}

std::string storage_settings(const TocEntry& entry) {
  std::string out;
  if (entry.tablespace) {
    out += entry.tablespace->empty()
               ? std::string("SET default_tablespace = '';\n")
               : cat("SET default_tablespace = ", archive::quoted(*entry.tablespace), ";\n");
  }
  if (entry.table_access_method && !entry.table_access_method->empty() && entry.relkind != 'p') {
    out += cat("SET default_table_access_method = ", archive::quoted(*entry.table_access_method),
               ";\n");
  }
  return out;
}

std::optional<std::string> access_method_statement(const TocEntry& entry) {
  if (entry.relkind != 'p' || !entry.table_access_method || entry.table_access_method->empty())
    return std::nullopt;
  return cat("ALTER TABLE ", qualified_tag(entry), " SET ACCESS METHOD ",
             archive::quoted(*entry.table_access_method), ";\n");
}

std::string comment_block(const TocEntry& entry) {
  const std::string_view prefix = entry.section == Section::Data ? "Data for Name: " : "Name: ";
  return cat("\n--\n-- ", prefix, util::printable(entry.tag),
             "; Type: ", util::printable(entry.desc), "; Schema: ", shown(entry.schema),
             "; Owner: ", shown(entry.owner), "\n--\n\n");
}

std::vector<std::string> large_object_oids(const TocEntry& entry) {
  const auto is_oid = [](std::string_view text) {
    const std::optional<std::uint64_t> oid = util::parse_u64(text);
    return oid && *oid > 0 && *oid <= 0xFFFFFFFFU;
  };
  std::vector<std::string> oids;
  if (entry.desc == "BLOB" && is_oid(entry.tag)) oids.push_back(entry.tag);
  if (entry.desc != "BLOB METADATA" || !entry.definition) return oids;
  for (const std::string_view line : util::split(*entry.definition, '\n')) {
    if (const std::string_view oid = util::trim(line); is_oid(oid)) oids.emplace_back(oid);
  }
  return oids;
}

bool is_large_object_related(const TocEntry& entry) {
  if (entry.desc == "BLOB" || entry.desc == "BLOB METADATA" || entry.desc == "BLOBS") return true;
  if (entry.desc != "ACL" && entry.desc != "COMMENT" && entry.desc != "SECURITY LABEL")
    return false;
  return entry.tag.starts_with("LARGE OBJECT ") || entry.tag.starts_with("LARGE OBJECTS ");
}

bool is_special(const TocEntry& entry) {
  return entry.desc == "ENCODING" || entry.desc == "STDSTRINGS" || entry.desc == "SEARCHPATH";
}

}  // namespace archive
