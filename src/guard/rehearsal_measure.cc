#include "guard/rehearsal_measure.h"

#include <algorithm>
#include <set>
#include <thread>

#include "guard/schema_record.h"
#include "pg/session.h"
#include "schema/change.h"
#include "schema/read.h"
#include "schema/tell.h"

namespace guard {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostCounted = 50;  // tables whose rows are counted again
constexpr auto kLateCounters = 1s;        // before 15 they travel by themselves

bool is_table(const StoredRelation& relation) {
  return relation.kind == 'r' || relation.kind == 'm';
}

std::optional<Rewrite> table_rewrite(const StoredRelation& old, const StoredRelation& now) {
  if (old.storage == 0 || old.storage == now.storage) return std::nullopt;
  const bool emptied = old.heap_bytes > 0 && now.heap_bytes == 0;
  return Rewrite{.what = emptied ? Rewrite::What::Emptied : Rewrite::What::Rewritten,
                 .relation = now.name.display(),
                 .table = {},
                 .bytes_before = old.total_bytes,
                 .bytes_after = now.total_bytes};
}

std::optional<std::uint64_t> rows_in(const archive::Manifest& manifest,
                                     const pg::QualifiedName& name) {
  for (const archive::TableRecord& table : manifest.tables) {
    if (table.schema == name.schema && table.table == name.name) return table.fingerprint.rows;
  }
  return std::nullopt;
}

ObjectChange::What what_of(schema::Change::What what) {
  switch (what) {
    case schema::Change::What::Removed:
      return ObjectChange::What::Removed;
    case schema::Change::What::Added:
      return ObjectChange::What::Added;
    case schema::Change::What::Changed:
      break;
  }
  return ObjectChange::What::Changed;
}

}  // namespace

CloneState read_clone(pg::Connection& clone) {
  pg::pin_settings(clone, pg::database_encoding(clone));
  CloneState state{.relations = stored_relations(clone), .model = schema::read(clone)};
  for (const auto& [oid, relation] : state.relations) {
    if (is_table(relation)) state.bytes += relation.total_bytes;
  }
  return state;
}

std::map<std::uint32_t, std::string> relation_names(const CloneState& state) {
  std::map<std::uint32_t, std::string> names;
  for (const auto& [oid, relation] : state.relations) names[oid] = relation.name.display();
  return names;
}

std::vector<Rewrite> find_rewrites(const CloneState& before, const CloneState& after) {
  std::vector<Rewrite> out;
  std::set<std::uint32_t> written;  // tables whose indexes go with them
  for (const auto& [oid, now] : after.relations) {
    const auto old = before.relations.find(oid);
    if (!is_table(now) || old == before.relations.end()) continue;
    if (std::optional<Rewrite> rewrite = table_rewrite(old->second, now)) {
      written.insert(oid);
      out.push_back(std::move(*rewrite));
    }
  }
  for (const auto& [oid, now] : after.relations) {
    // Of a new table it is part of that; of one written anew, too.
    if (now.kind != 'i' || !before.relations.contains(now.table) || written.contains(now.table))
      continue;
    const auto old = before.relations.find(oid);
    const bool built = old == before.relations.end();
    if (!built && (old->second.storage == now.storage || old->second.storage == 0)) continue;
    out.push_back({.what = built ? Rewrite::What::Built : Rewrite::What::Rebuilt,
                   .relation = now.name.display(),
                   .table = before.relations.at(now.table).name.display(),
                   .bytes_before = built ? 0 : old->second.total_bytes,
                   .bytes_after = now.total_bytes});
  }
  std::stable_sort(out.begin(), out.end(), [](const Rewrite& a, const Rewrite& b) {
    return a.what != b.what ? a.what < b.what : a.bytes_after > b.bytes_after;
  });
  return out;
}

std::vector<ObjectChange> find_object_changes(const CloneState& before, const CloneState& after) {
  std::vector<schema::Change> changes = schema::compare(before.model, after.model);
  std::erase_if(changes, is_history);
  std::vector<ObjectChange> out;
  for (const schema::Told& told : schema::tell_each(changes)) {
    const schema::Element& element = told.change->element();
    out.push_back({.what = what_of(told.change->what),
                   .type = std::string(schema::info(element.kind).name),
                   .identity = element.identity,
                   .text = told.text});
  }
  return out;
}

std::vector<RowChange> find_row_changes(pg::Connection& clone, const CloneState& before,
                                        const CloneState& after,
                                        const archive::Manifest& manifest) {
  if (clone.server_major() < 15) std::this_thread::sleep_for(kLateCounters);
  const std::map<std::uint32_t, ChangedRows> counters = changed_rows(clone);
  std::vector<RowChange> out;
  for (const auto& [oid, relation] : after.relations) {
    if (!is_table(relation) || relation.system) continue;
    const auto old = before.relations.find(oid);
    const auto counted = counters.find(oid);
    const bool emptied = old != before.relations.end() && old->second.storage != relation.storage &&
                         old->second.heap_bytes > 0 && relation.heap_bytes == 0;
    if (counted == counters.end() && !emptied) continue;
    const ChangedRows change = counted == counters.end() ? ChangedRows{} : counted->second;
    RowChange& entry = out.emplace_back(RowChange{.table = relation.name.display(),
                                                  .inserted = change.inserted,
                                                  .updated = change.updated,
                                                  .deleted = change.deleted});
    if (old != before.relations.end()) entry.before = rows_in(manifest, old->second.name);
    if (old == before.relations.end()) entry.before = 0;
    if (out.size() <= kMostCounted) entry.after = count_rows(clone, relation.name);
  }
  for (const auto& [oid, relation] : before.relations) {
    if (!is_table(relation) || relation.system || after.relations.contains(oid)) continue;
    const std::optional<std::uint64_t> rows = rows_in(manifest, relation.name);
    out.push_back({.table = relation.name.display(),
                   .deleted = rows.value_or(0),
                   .before = rows,
                   .after = 0});
  }
  std::stable_sort(out.begin(), out.end(), [](const RowChange& a, const RowChange& b) {
    return a.inserted + a.updated + a.deleted > b.inserted + b.updated + b.deleted;
  });
  return out;
}

}  // namespace guard
