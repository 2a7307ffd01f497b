#include "archive/sql_script.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "archive/attachments.h"
#include "archive/entry_sql.h"
#include "archive/sql_file_name.h"
#include "archive/sql_text.h"
#include "util/text.h"

namespace archive {

namespace {
using util::cat;

// Settings of the session that reads the file; valid on every server from 13 on. Those that not
// every server has are set through pg_settings.
constexpr std::string_view kSettings =
    "SET statement_timeout = 0;\n"
    "SET lock_timeout = 0;\n"
    "SET idle_in_transaction_session_timeout = 0;\n"
    "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings"
    " WHERE name IN ('idle_session_timeout', 'transaction_timeout');\n"
    "SET check_function_bodies = off;\n"
    "SET xmloption = content;\n"
    "SET client_min_messages = warning;\n"
    "SET row_security = off;\n"
    "SET default_tablespace = '';\n"
    "SET default_table_access_method = heap;\n";

// How the rows were written, where that matters for reading them (M1). Taken back behind the data:
// a materialised view must be filled under the database's own settings.
constexpr std::string_view kDataSettings =
    "\nSET lc_monetary = 'C';\nSET array_nulls = on;\nSET datestyle = 'ISO';\nSET intervalstyle = "
    "'postgres';\n";
constexpr std::string_view kDataSettingsBack =
    "\nRESET lc_monetary;\nRESET array_nulls;\nRESET datestyle;\nRESET intervalstyle;\n";

bool is_note(const TocEntry& entry) {
  return entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL";
}
bool is_privilege(const TocEntry& entry) {
  return entry.desc == "ACL" || entry.desc == "DEFAULT ACL" || entry.desc == "ACL LANGUAGE";
}

std::string with_newline(std::string_view sql) {
  return sql.ends_with('\n') ? std::string(sql) : cat(sql, '\n');
}

std::string special(const Toc& toc, std::string_view desc, std::string_view otherwise) {
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc == desc && entry.definition) return with_newline(*entry.definition);
  }
  return with_newline(otherwise);
}

std::string schema_and_name(const TocEntry& entry, std::string_view name) {
  return cat(entry.schema.value_or(""), '\0', name);
}

// Indexes that are attached to that of the partitioned table, and constraints that have such an
// index: they cannot be dropped by themselves and go with it, or with their table. (pg_dump has no
// drop statement for such an index since 14.)
bool is_attached(const TocEntry& entry, const std::set<std::string>& attached) {
  if (entry.desc == "INDEX") return attached.contains(schema_and_name(entry, entry.tag));
  if (entry.desc != "CONSTRAINT") return false;
  const std::size_t blank =
      entry.tag.find(' ');  // "table constraint", where either may hold blanks
  for (std::size_t at = blank; at != std::string::npos; at = entry.tag.find(' ', at + 1)) {
    if (attached.contains(schema_and_name(entry, entry.tag.substr(at + 1)))) return true;
  }
  return false;
}

// The privileges of a group are written for one of its objects and hold for all of them. Lines
// without an object say in whose name the next one is granted.
std::string for_large_object(std::string_view grants, std::string_view oid) {
  constexpr std::string_view kOn = " ON LARGE OBJECT ";
  std::string out;
  for (const std::string_view line : util::split(grants, '\n')) {
    const std::size_t at = line.find(kOn);
    if (at == std::string_view::npos) {
      if (!line.empty()) out += cat(line, '\n');
      continue;
    }
    const std::size_t digits = at + kOn.size();
    const std::size_t end = std::min(line.find_first_not_of("0123456789", digits), line.size());
    out += cat(line.substr(0, digits), oid, line.substr(end), '\n');
  }
  return out;
}

std::string qualified(const TocEntry& entry) {
  return cat(archive::quoted(entry.schema.value_or("")), ".", archive::quoted(entry.tag));
}

std::string regclass(const TocEntry& table) {
  return cat("pg_catalog.to_regclass(", sql_literal(qualified(table)), ")");
}
}  // namespace

SqlScript::SqlScript(const Toc& toc, SqlFileOptions options, TextSink sink)
    : toc_(toc), options_(options), sink_(std::move(sink)), access_method_("heap") {
  Section section = Section::PreData;
  for (const TocEntry& entry : toc.entries) {
    if (entry.section != Section::None) section = entry.section;
    parts_.push_back(part_of(entry, section));
  }
}

// `section` is the entry's own, or that of the nearest entry before it that has one.
SqlScript::Part SqlScript::part_of(const TocEntry& entry, Section section) const {
  if (is_special(entry) || entry.desc == "DATABASE" || entry.desc == "DATABASE PROPERTIES")
    return Part::Nowhere;
  if (entry.desc == "STATISTICS DATA" || entry.desc == "pg_largeobject") return Part::Nowhere;
  if ((is_note(entry) || entry.desc == "ACL") && entry.tag.starts_with("DATABASE "))
    return Part::Nowhere;
  if (is_privilege(entry)) return options_.acls == Include::Yes ? Part::Privileges : Part::Nowhere;
  if (entry.desc == "MATERIALIZED VIEW DATA" || entry.desc == "EVENT TRIGGER") return Part::Last;
  if (is_note(entry) && entry.tag.starts_with("EVENT TRIGGER ")) return Part::Last;
  if (section == Section::PreData) return Part::PreData;
  if (section == Section::PostData) return Part::PostData;
  // The comment on a large object stands among the data; whoever writes the data does not know it.
  return is_note(entry) ? Part::PostData : Part::Data;
}

void SqlScript::before_data() {
  head();
  drops();
  all_of(Part::PreData);
  sink_(kDataSettings);
}

void SqlScript::head() {
  sink_(cat("-- PostgreSQL database backup, written by pgbelay\n--\n-- Database: ",
            util::printable(toc_.database.value_or("-")),
            "\n-- Server version: ", util::printable(toc_.server_version),
            toc_.dumper_version.starts_with("pgbelay ") ? "\n-- Schema read by "
                                                        : "\n-- Schema read by pg_dump: ",
            util::printable(toc_.dumper_version),
            "\n--\n-- Into a new database, or all or nothing over the existing one:\n"
            "--   ",
            unpack_command(sql_file_name(toc_.compression)),
            " | psql -X -1 -v ON_ERROR_STOP=1 -d DATABASE\n\n"));
  sink_(special(toc_, "ENCODING", "SET client_encoding = 'UTF8';"));
  sink_(special(toc_, "STDSTRINGS", "SET standard_conforming_strings = 'on';"));
  sink_(special(toc_, "SEARCHPATH", "SELECT pg_catalog.set_config('search_path', '', false);"));
  sink_(kSettings);
}

// In reverse order of the contents, so that what depends on something goes before it; event
// triggers first of all, because they would see the other drops. Nothing cascades: an object that
// the backup does not know, but that depends on one it knows, stops the restore (S16).
void SqlScript::drops() {
  sink_("\n--\n-- What is there already\n--\n\n");
  refuse_unknown_partitions();
  std::set<std::string> attached;
  for (const TocEntry& entry : toc_.entries) {
    if (entry.desc == "INDEX ATTACH") attached.insert(schema_and_name(entry, entry.tag));
  }
  for (const bool event_triggers : {true, false}) {
    for (std::size_t n = toc_.entries.size(); n-- > 0;) {
      const TocEntry& entry = toc_.entries[n];
      if ((entry.desc == "EVENT TRIGGER") != event_triggers || parts_[n] == Part::Nowhere) continue;
      if (is_attached(entry, attached)) continue;
      if (const auto drop = drop_if_exists_statement(entry)) sink_(*drop);
    }
  }
}

// A partitioned table takes its partitions along without being asked, also those that the backup
// does not have.
void SqlScript::refuse_unknown_partitions() {
  std::map<int, std::vector<const TocEntry*>> partitions;
  for (const TocEntry& entry : toc_.entries) {
    if (entry.desc != "TABLE ATTACH" && entry.desc != "TABLE") continue;
    for (const int id : entry.dependencies) {
      const TocEntry* parent = toc_.find(id);
      if (parent == nullptr || parent->desc != "TABLE" || &entry == parent) continue;
      const bool attached = entry.desc == "TABLE ATTACH"
                                ? parent->tag != entry.tag || parent->schema != entry.schema
                                : attaches_to(entry, *parent);
      if (attached) partitions[id].push_back(&entry);
    }
  }
  for (const auto& [id, known] : partitions) {
    const TocEntry& parent = *toc_.find(id);
    std::vector<std::string> names;
    for (const TocEntry* partition : known) names.push_back(regclass(*partition));
    const std::string message =
        cat("table ", qualified(parent), " has a partition that the backup does not know");
    sink_(sql_do_block(
        cat("IF EXISTS (SELECT FROM pg_catalog.pg_inherits WHERE inhparent = ", regclass(parent),
            " AND NOT (inhrelid = ANY (pg_catalog.array_remove(ARRAY[", util::join(names, ", "),
            "], NULL)))) THEN RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',"
            " MESSAGE = ",
            sql_literal(message), "; END IF;")));
  }
}

void SqlScript::data_statement(const TocEntry& entry) {
  if (entry.desc != "STATISTICS DATA") this->entry(entry);
}

void SqlScript::after_data() {
  sink_(kDataSettingsBack);
  all_of(Part::PostData);
  all_of(Part::Privileges);
  all_of(Part::Last);
  sink_("\n--\n-- End of the backup\n--\n");
}

void SqlScript::all_of(Part part) {
  for (std::size_t n = 0; n < toc_.entries.size(); ++n) {
    if (parts_[n] == part) entry(toc_.entries[n]);
  }
}

void SqlScript::entry(const TocEntry& entry) {
  const auto owner = options_.owners == Include::Yes ? owner_statement(entry) : std::nullopt;
  const bool defined = entry.definition && !entry.definition->empty();
  if (!defined && !owner) return;
  sink_(comment_block(entry));
  if (defined) definition(entry);
  if (owner) sink_(*owner);
}

void SqlScript::definition(const TocEntry& entry) {
  const std::string method = entry.relkind == 'p' ? "" : entry.table_access_method.value_or("");
  if (!method.empty() && method != access_method_) {
    sink_(cat("SET default_table_access_method = ", archive::quoted(method), ";\n"));
    access_method_ = method;
  }
  if (entry.desc == "BLOB METADATA") {
    for (const std::string& oid : large_object_oids(entry))
      sink_(cat("SELECT pg_catalog.lo_create('", oid, "');\n"));
    return;
  }
  const TocEntry* group =
      entry.dependencies.empty() ? nullptr : toc_.find(entry.dependencies.front());
  if (entry.desc == "ACL" && group != nullptr && group->desc == "BLOB METADATA") {
    for (const std::string& oid : large_object_oids(*group))
      sink_(for_large_object(*entry.definition, oid));
    return;
  }
  sink_(with_newline(*entry.definition));
  if (const auto method_of_parent = access_method_statement(entry)) sink_(*method_of_parent);
}

}  // namespace archive
