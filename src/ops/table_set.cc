#include "ops/table_set.h"

#include <algorithm>
#include <array>

#include "archive/attachments.h"
#include "archive/identifiers.h"
#include "extract/pattern.h"
#include "extract/tables.h"
#include "load/plan.h"
#include "util/error.h"
#include "util/text.h"

namespace ops {
namespace {

using archive::TocEntry;
using util::cat;
using util::Error;
using util::Kind;

// Kinds whose tag is the table's name and then their own.
constexpr std::array<std::string_view, 8> kNamedAfterTable{
    "DEFAULT", "CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT",
    "TRIGGER", "RULE",       "POLICY",           "ROW SECURITY"};
// Kinds that bind others, or act when the table is written or read.
constexpr std::array<std::string_view, 6> kActing{"TRIGGER",      "RULE", "POLICY",
                                                  "ROW SECURITY", "ACL",  "PUBLICATION TABLE"};
constexpr std::array<std::string_view, 3> kAbout{"COMMENT", "SECURITY LABEL", "ACL"};

template <std::size_t Size>
bool one_of(const std::array<std::string_view, Size>& kinds, std::string_view desc) {
  return std::ranges::find(kinds, desc) != kinds.end();
}

// The table of "ALTER SEQUENCE s.q OWNED BY s.t.c;".
std::optional<pg::QualifiedName> owner_of_sequence(std::string_view sql) {
  if (!archive::take_word(sql, "ALTER SEQUENCE")) return std::nullopt;
  const auto take_name = [&sql]() -> std::optional<pg::QualifiedName> {
    std::optional<std::string> schema = archive::take_identifier(sql);
    if (!schema || !sql.starts_with('.')) return std::nullopt;
    sql.remove_prefix(1);
    std::optional<std::string> name = archive::take_identifier(sql);
    if (!name) return std::nullopt;
    return pg::QualifiedName{*std::move(schema), *std::move(name)};
  };
  if (!take_name() || !archive::take_word(sql, "OWNED BY")) return std::nullopt;
  return take_name();
}

bool any_in(const std::vector<int>& ids, const std::set<int>& set) {
  return std::any_of(ids.begin(), ids.end(), [&](int id) { return set.contains(id); });
}

[[noreturn]] void none_fits(const archive::Toc& toc, const std::string& pattern) {
  std::vector<std::string_view> names;
  for (const TocEntry& entry : toc.entries) {
    if (entry.desc == "TABLE") names.push_back(entry.tag);
  }
  std::string_view wanted = pattern;
  if (const std::size_t dot = wanted.find('.'); dot != std::string_view::npos)
    wanted.remove_prefix(dot + 1);
  const std::optional<std::string_view> near = util::nearest(wanted, names);
  throw Error(Kind::Usage, cat("no table of the backup fits ", util::printable(pattern)),
              {.hint = near ? cat("Did you mean ", util::printable(*near), "?")
                            : "pgbelay show BACKUP lists its tables.",
               .sqlstate = {}});
}

}  // namespace

TableSet::TableSet(const archive::Toc& toc, const archive::Manifest* manifest,
                   const std::vector<std::string>& patterns)
    : toc_(archive::with_attachments(toc)) {
  for (const Entry& entry : toc_.entries) by_id_[entry.dump_id] = &entry;
  if (manifest != nullptr) {
    for (const archive::TableRecord& record : manifest->tables) records_[record.dump_id] = &record;
  }
  find_partitions();
  std::set<int> named;
  for (const std::string& text : patterns) {
    const extract::TablePattern pattern(text);
    const std::size_t before = named.size();
    bool fits = false;
    for (const Entry& entry : toc_.entries) {
      if (entry.desc != "TABLE" || !pattern.matches(entry.schema.value_or(""), entry.tag)) continue;
      fits = true;
      named.insert(entry.dump_id);
    }
    if (!fits && named.size() == before) none_fits(toc, text);
  }
  // What is a partition of another named one comes with that.
  std::set<int> below;
  for (const int id : named) {
    std::vector<int> waiting = partitions_[id];
    while (!waiting.empty()) {
      const int next = waiting.back();
      waiting.pop_back();
      if (!below.insert(next).second) continue;
      const std::vector<int>& more = partitions_[next];
      waiting.insert(waiting.end(), more.begin(), more.end());
    }
  }
  for (const Entry& entry : toc_.entries) {
    if (named.contains(entry.dump_id) && !below.contains(entry.dump_id)) add(entry);
  }
}

void TableSet::find_partitions() {
  for (const Entry& entry : toc_.entries) {
    // ALTER TABLE parent ATTACH PARTITION: depends on the partition, then on the parent.
    if (entry.desc == "TABLE ATTACH" && entry.dependencies.size() >= 2)
      partitions_[entry.dependencies[1]].push_back(entry.dependencies[0]);
    if (entry.desc != "SEQUENCE OWNED BY" || entry.dependencies.empty()) continue;
    const std::optional<pg::QualifiedName> owner = owner_of_sequence(entry.definition.value_or(""));
    if (!owner) continue;
    const auto table =
        std::find_if(toc_.entries.begin(), toc_.entries.end(), [&](const Entry& candidate) {
          return candidate.desc == "TABLE" && candidate.tag == owner->name &&
                 candidate.schema == owner->schema;
        });
    if (table != toc_.entries.end()) owned_by_[entry.dependencies.front()] = &*table;
  }
}

void TableSet::add(const Entry& entry) {
  Table table{.entry = &entry, .data = {}};
  std::set<int> ids;
  std::vector<int> waiting{entry.dump_id};
  while (!waiting.empty()) {
    const int id = waiting.back();
    waiting.pop_back();
    ids.insert(id);
    const std::vector<int>& more = partitions_[id];
    waiting.insert(waiting.end(), more.begin(), more.end());
  }
  for (const Entry& data : toc_.entries) {
    if (data.desc != "TABLE DATA" || !any_in(data.dependencies, ids)) continue;
    extract::table_of(data, nullptr);  // refuses INSERT commands
    table.data.push_back(&data);
  }
  members_.insert(ids.begin(), ids.end());
  tables_.push_back(std::move(table));
}

std::vector<const archive::TocEntry*> TableSet::all_tables() const {
  std::vector<const Entry*> tables;
  for (const Entry& entry : toc_.entries) {
    if (members_.contains(entry.dump_id)) tables.push_back(&entry);
  }
  return tables;
}

// The one whose name the tag begins with; the longest, since names may hold blanks.
const archive::TocEntry* TableSet::table_of(const Entry& entry) const {
  const Entry* found = nullptr;
  for (const int id : entry.dependencies) {
    const auto on = by_id_.find(id);
    if (on == by_id_.end() || on->second->desc != "TABLE") continue;
    const Entry& table = *on->second;
    const bool fits = table.schema == entry.schema &&
                      (entry.tag == table.tag || entry.tag.starts_with(cat(table.tag, " ")));
    if (fits && (found == nullptr || found->tag.size() < table.tag.size())) found = &table;
  }
  return found;
}

// Of the set's tables, by the kind's own rule; what it says about members of the set is the
// caller's.
bool TableSet::belongs(const Entry& entry) const {
  if (one_of(kNamedAfterTable, entry.desc)) {
    const Entry* const table = table_of(entry);
    return table != nullptr && members_.contains(table->dump_id);
  }
  if (entry.desc == "SEQUENCE") {
    const auto owner = owned_by_.find(entry.dump_id);
    if (owner != owned_by_.end()) return members_.contains(owner->second->dump_id);
    // An identity column's; others may depend on a table without being a part of it.
    return entry.definition.value_or("").starts_with("ALTER TABLE") &&
           any_in(entry.dependencies, members_);
  }
  if (entry.desc == "TABLE ATTACH") {
    return std::all_of(entry.dependencies.begin(), entry.dependencies.end(), [&](int id) {
      const auto on = by_id_.find(id);
      return on == by_id_.end() || on->second->desc != "TABLE" || members_.contains(id);
    });
  }
  const bool of_table = entry.desc == "TABLE DATA" || entry.desc == "INDEX" ||
                        entry.desc == "STATISTICS" || entry.desc == "PUBLICATION TABLE";
  return of_table && any_in(entry.dependencies, members_);
}

std::vector<const archive::TocEntry*> TableSet::entries(Parts parts,
                                                        std::vector<std::string>& left_out) const {
  std::vector<const Entry*> chosen;
  std::set<int> ids;
  const auto binds_others = [&](const Entry& entry) {
    return std::any_of(entry.dependencies.begin(), entry.dependencies.end(), [&](int id) {
      const auto on = by_id_.find(id);
      return on != by_id_.end() && on->second->desc == "TABLE" && !members_.contains(id);
    });
  };
  for (const Entry& entry : toc_.entries) {
    const bool follows = one_of(kAbout, entry.desc) || entry.desc == "SEQUENCE OWNED BY" ||
                         entry.desc == "SEQUENCE SET";
    bool wanted = members_.contains(entry.dump_id) ||
                  (follows && any_in(entry.dependencies, ids)) || (!follows && belongs(entry));
    if (entry.desc == "INDEX ATTACH") {
      wanted = std::all_of(entry.dependencies.begin(), entry.dependencies.end(),
                           [&](int id) { return ids.contains(id); });
    }
    if (!wanted) continue;
    const bool alone =
        !one_of(kActing, entry.desc) && (entry.desc != "FK CONSTRAINT" || !binds_others(entry));
    if (parts == Parts::Alone && !alone) {
      left_out.push_back(load::display(entry));
      continue;
    }
    ids.insert(entry.dump_id);
    chosen.push_back(&entry);
  }
  return chosen;
}

std::vector<const archive::TocEntry*> TableSet::foreign_keys_of_others() const {
  std::vector<const Entry*> keys;
  for (const Entry& entry : toc_.entries) {
    if (entry.desc == "FK CONSTRAINT" && !belongs(entry) && any_in(entry.dependencies, members_))
      keys.push_back(&entry);
  }
  return keys;
}

const archive::TableRecord* TableSet::record(const archive::TocEntry& data) const {
  const auto found = records_.find(data.dump_id);
  return found == records_.end() ? nullptr : found->second;
}

}  // namespace ops
