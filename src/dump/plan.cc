#include "dump/plan.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>

#include "util/error.h"
#include "util/text.h"

namespace dump {
namespace {

using archive::Section;
using archive::TocEntry;

// The schema's entries by what they are and by their object.
class Index {
 public:
  explicit Index(const archive::Toc& toc) {
    for (const TocEntry& entry : toc.entries) {
      if (entry.desc == "EXTENSION") extensions_[entry.tag] = entry.dump_id;
      objects_[{entry.desc, entry.object_oid}] = &entry;
    }
  }
  const TocEntry* find(const std::string& desc, std::uint32_t oid) const {
    const auto found = objects_.find({desc, util::cat(oid)});
    return found == objects_.end() ? nullptr : found->second;
  }
  std::optional<int> extension(const std::string& name) const {
    const auto found = extensions_.find(name);
    return found == extensions_.end() ? std::nullopt : std::optional(found->second);
  }

 private:
  std::map<std::string, int> extensions_;
  std::map<std::pair<std::string, std::string>, const TocEntry*> objects_;
};

class Extender {
 public:
  Extender(archive::Toc schema, const Content& content)
      : content_(content),
        toc_(std::move(schema)),
        index_(toc_),
        next_id_(toc_.max_dump_id() + 1) {}

  Plan extend(const std::vector<scan::Lockable>& locked);

 private:
  const sql::RelationText& text_of(std::uint32_t oid) const { return content_.texts.at(oid); }
  int depends_on(const std::string& desc, std::uint32_t oid, const std::string& extension,
                 const pg::QualifiedName& name) const;
  TocEntry derived(const std::string& desc, Section section, std::uint32_t oid,
                   const pg::QualifiedName& name);
  void require_same_tables(const std::vector<scan::Lockable>& locked) const;
  std::vector<sql::LargeObjectGrant> grants_of(const scan::LargeObject& object) const;
  void add_large_objects();
  void add_tables();
  void add_sequences();
  void add_large_object_data();
  void add_refreshes();
  std::vector<std::size_t> refresh_order();

  const Content& content_;
  archive::Toc toc_;
  Index index_;
  int next_id_;
  Plan plan_;
  std::vector<TocEntry> middle_;  // between the schema's pre-data and its post-data
  std::vector<TocEntry> last_;
};

int Extender::depends_on(const std::string& desc, std::uint32_t oid, const std::string& extension,
                         const pg::QualifiedName& name) const {
  if (const TocEntry* entry = index_.find(desc, oid)) return entry->dump_id;
  if (const std::optional<int> id = index_.extension(extension)) return *id;
  throw util::Error(util::Kind::Backup,
                    util::cat("the schema does not have ", util::lower(desc), " ", name.display(),
                              ", whose data would have no place in the archive"));
}

TocEntry Extender::derived(const std::string& desc, Section section, std::uint32_t oid,
                           const pg::QualifiedName& name) {
  TocEntry entry;
  entry.dump_id = next_id_++;
  entry.object_oid = util::cat(oid);
  entry.tag = name.name;
  entry.desc = desc;
  entry.section = section;
  entry.schema = name.schema;
  entry.owner = text_of(oid).owner;
  return entry;
}

// Both read the same snapshot, so they can only differ if one of them leaves something out.
void Extender::require_same_tables(const std::vector<scan::Lockable>& locked) const {
  std::set<std::string> known;
  for (const scan::Lockable& table : locked) known.insert(util::cat(table.oid));
  for (const TocEntry& entry : toc_.entries) {
    if (entry.desc != "TABLE" || known.contains(entry.object_oid)) continue;
    throw util::Error(util::Kind::Backup,
                      util::cat("the schema has table ",
                                pg::QualifiedName{entry.schema.value_or(""), entry.tag}.display(),
                                ", which is not among the tables that are locked and read"));
  }
}

// Those of one object: they are in the order of the objects.
std::vector<sql::LargeObjectGrant> Extender::grants_of(const scan::LargeObject& object) const {
  const std::vector<sql::LargeObjectGrant>& all = content_.large_object_grants;
  const auto first = std::ranges::lower_bound(all, object.oid, {}, &sql::LargeObjectGrant::oid);
  const auto last = std::ranges::upper_bound(all, object.oid, {}, &sql::LargeObjectGrant::oid);
  return {first, last};
}

void Extender::add_large_objects() {
  constexpr archive::ArchiveVersion kGroupedLargeObjects{1, 16};
  const auto add = [this](std::vector<TocEntry> entries) {
    next_id_ += static_cast<int>(entries.size());
    std::move(entries.begin(), entries.end(), std::back_inserter(middle_));
  };
  if (toc_.version < kGroupedLargeObjects) {
    for (const scan::LargeObject& object : content_.large_objects)
      add(large_object_entries(object, grants_of(object), next_id_));
    return;
  }
  for (const LargeObjectGroup& group : large_object_groups(content_.large_objects)) {
    plan_.group_ids.push_back(next_id_);
    add(large_object_group_entries(group, grants_of(*group.front()), next_id_));
  }
}

void Extender::add_tables() {
  std::map<std::uint32_t, int> data_ids;
  for (const scan::Table& table : content_.tables) {
    const int owner_entry = depends_on("TABLE", table.oid, table.extension, table.name);
    TocEntry entry = derived("TABLE DATA", Section::Data, table.oid, table.name);
    const sql::RelationText& text = text_of(table.load_root ? table.load_root_oid : table.oid);
    const std::string columns = text.columns.empty() ? "" : util::cat("(", text.columns, ")");
    entry.copy = util::cat("COPY ", text.name, " ", columns, " FROM stdin;\n");
    // By these words pg_restore knows that the partition must not be truncated before its own COPY.
    if (table.load_root) entry.definition = util::cat("-- load via partition root ", text.name);
    entry.has_data = true;
    entry.offset_state = archive::OffsetState::NotSet;
    entry.dependencies = {owner_entry};
    for (const auto& [table_with_key, referenced] : content_.configuration_keys) {
      if (table_with_key == table.oid && data_ids.contains(referenced))
        entry.dependencies.push_back(data_ids[referenced]);
    }
    data_ids[table.oid] = entry.dump_id;
    plan_.table_ids.push_back(entry.dump_id);
    middle_.push_back(std::move(entry));
  }
}

void Extender::add_sequences() {
  for (const scan::Sequence& sequence : content_.sequences) {
    const int owner_entry = depends_on("SEQUENCE", sequence.oid, sequence.extension, sequence.name);
    TocEntry entry = derived("SEQUENCE SET", Section::Data, sequence.oid, sequence.name);
    entry.object_oid = "0";
    entry.definition =
        util::cat("SELECT pg_catalog.setval(", pg::quote_literal(text_of(sequence.oid).name), ", ",
                  sequence.last_value, ", ", sequence.is_called ? "true" : "false", ");\n");
    entry.dependencies = {owner_entry};
    plan_.sequence_ids.push_back(entry.dump_id);
    middle_.push_back(std::move(entry));
  }
}

void Extender::add_large_object_data() {
  if (content_.large_objects.empty()) return;
  TocEntry entry;
  entry.dump_id = plan_.large_objects_id = next_id_++;
  entry.tag = entry.desc = "BLOBS";
  entry.section = Section::Data;
  entry.has_data = true;
  entry.owner = "";
  entry.dependencies = plan_.group_ids;
  entry.offset_state = archive::OffsetState::NotSet;
  middle_.push_back(std::move(entry));
}

// Views that others read first; a view is refreshed only if all that it reads are.
std::vector<std::size_t> Extender::refresh_order() {
  std::map<std::uint32_t, std::size_t> position;
  for (std::size_t n = 0; n < content_.views.size(); ++n) position[content_.views[n].oid] = n;
  std::vector<std::set<std::size_t>> reads(content_.views.size());
  for (const auto& [reader, read] : content_.refresh_dependencies) {
    if (position.contains(reader) && position.contains(read))
      reads[position[reader]].insert(position[read]);
  }
  std::vector<std::size_t> order;
  std::vector<bool> done(content_.views.size());
  for (bool progress = true; progress;) {
    progress = false;
    for (std::size_t n = 0; n < content_.views.size(); ++n) {
      const auto is_done = [&done](std::size_t read) { return done[read]; };
      if (done[n] || !std::all_of(reads[n].begin(), reads[n].end(), is_done)) continue;
      done[n] = progress = true;
      order.push_back(n);
      const auto filled = [this](std::size_t read) { return plan_.refreshed[read]; };
      plan_.refreshed[n] =
          content_.views[n].populated && std::all_of(reads[n].begin(), reads[n].end(), filled);
    }
  }
  return order;
}

void Extender::add_refreshes() {
  plan_.refreshed.assign(content_.views.size(), false);
  std::map<std::uint32_t, int> data_ids;
  for (const std::size_t n : refresh_order()) {
    if (!plan_.refreshed[n]) continue;
    const scan::MaterializedView& view = content_.views[n];
    const int view_entry = depends_on("MATERIALIZED VIEW", view.oid, "", view.name);
    TocEntry entry = derived("MATERIALIZED VIEW DATA", Section::PostData, view.oid, view.name);
    entry.definition = util::cat("REFRESH MATERIALIZED VIEW ", text_of(view.oid).name, ";\n");
    entry.dependencies = {view_entry};
    for (const auto& [reader, read] : content_.refresh_dependencies) {
      if (reader == view.oid && data_ids.contains(read))
        entry.dependencies.push_back(data_ids[read]);
    }
    data_ids[view.oid] = entry.dump_id;
    last_.push_back(std::move(entry));
  }
}

Plan Extender::extend(const std::vector<scan::Lockable>& locked) {
  require_same_tables(locked);
  add_large_objects();
  add_tables();
  add_sequences();
  add_large_object_data();
  add_refreshes();
  std::vector<TocEntry>& entries = toc_.entries;
  const auto post_data = std::find_if(entries.begin(), entries.end(), [](const TocEntry& entry) {
    return entry.section == Section::PostData;
  });
  entries.insert(post_data, std::make_move_iterator(middle_.begin()),
                 std::make_move_iterator(middle_.end()));
  entries.insert(entries.end(), std::make_move_iterator(last_.begin()),
                 std::make_move_iterator(last_.end()));
  toc_.compression = archive::Compression::Gzip;
  toc_.compression_level = -1;
  plan_.toc = std::move(toc_);
  return std::move(plan_);
}

// Puts what a key of an extension refers to before the table with the key; of a circle, as it
// comes.
class LoadingOrder {
 public:
  LoadingOrder(std::vector<scan::Table> tables,
               const std::vector<std::pair<std::uint32_t, std::uint32_t>>& keys)
      : tables_(std::move(tables)), keys_(keys), seen_(tables_.size()) {}

  std::vector<scan::Table> take() {
    for (std::size_t n = 0; n < tables_.size(); ++n) position_[tables_[n].oid] = n;
    for (std::size_t n = 0; n < tables_.size(); ++n) add(n);
    return std::move(ordered_);
  }

 private:
  void add(std::size_t n) {
    if (seen_[n]) return;
    seen_[n] = true;
    for (const auto& [table, referenced] : keys_) {
      const auto found = position_.find(referenced);
      if (table == tables_[n].oid && found != position_.end()) add(found->second);
    }
    ordered_.push_back(std::move(tables_[n]));
  }

  std::vector<scan::Table> tables_;
  const std::vector<std::pair<std::uint32_t, std::uint32_t>>& keys_;
  std::vector<bool> seen_;
  std::map<std::uint32_t, std::size_t> position_;
  std::vector<scan::Table> ordered_;
};

}  // namespace

Content list_content(pg::Connection& connection) {
  Content content;
  content.configuration_keys = sql::configuration_keys(connection);
  content.tables = LoadingOrder(scan::list_tables(connection), content.configuration_keys).take();
  for (const scan::Table& table : content.tables)
    content.ranges.push_back(scan::readable_ranges(connection, table));
  content.sequences = scan::list_sequences(connection);
  content.views = scan::list_materialized_views(connection);
  content.large_objects = scan::list_large_objects(connection);
  if (!content.large_objects.empty())
    content.large_object_grants = sql::large_object_grants(connection);
  content.texts = sql::relation_texts(connection);
  if (!content.views.empty()) content.refresh_dependencies = sql::refresh_dependencies(connection);
  return content;
}

archive::ArchiveVersion version_for(int server_major, archive::ArchiveVersion of_pg_dump) {
  constexpr archive::ArchiveVersion kUpTo15{1, 14};
  constexpr archive::ArchiveVersion kOf16{1, 15};
  constexpr archive::ArchiveVersion kSince17{1, 16};
  const archive::ArchiveVersion own = server_major >= 17   ? kSince17
                                      : server_major == 16 ? kOf16
                                                           : kUpTo15;
  return std::min(own, of_pg_dump);
}

Plan extend(archive::Toc schema, const Content& content,
            const std::vector<scan::Lockable>& locked) {
  return Extender(std::move(schema), content).extend(locked);
}

}  // namespace dump
