// How an entry finds its pass: by its section; a comment or label without one goes with what stands
// before it; a few kinds by name. Dependencies are looked at only among tasks, as everything before
// them is there already. A dependency on a table stands for one on its data, and on the data of its
// partitions and children: a key on a partitioned table reads them all.
#include "load/plan.h"

#include <algorithm>
#include <map>
#include <set>

#include "archive/entry_sql.h"
#include "util/text.h"

namespace load {
namespace {

using archive::Section;
using archive::TocEntry;
using util::cat;

// Building such an index costs many times more than loading its rows, so it should not come last.
constexpr std::uint64_t kSlowIndexFactor = 4;
constexpr std::uint64_t kWorthATeam = 8U << 20U;  // bytes in the archive

bool is_subscription(const TocEntry& entry) {
  const bool about =
      entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL" || entry.desc == "ACL";
  return entry.desc.starts_with("SUBSCRIPTION") ||
         (about && entry.tag.starts_with("SUBSCRIPTION "));
}

// The database itself, its settings and what is said about it: the caller's (M5).
bool is_database(const TocEntry& entry) {
  const bool about =
      entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL" || entry.desc == "ACL";
  return entry.desc == "DATABASE" || entry.desc == "DATABASE PROPERTIES" ||
         (about && entry.tag.starts_with("DATABASE "));
}

bool is_last(const TocEntry& entry) {
  const bool about = entry.desc == "COMMENT" || entry.desc == "SECURITY LABEL";
  return entry.desc == "MATERIALIZED VIEW DATA" || entry.desc == "EVENT TRIGGER" ||
         (about && entry.tag.starts_with("EVENT TRIGGER "));
}

bool is_acl(const TocEntry& entry) { return entry.desc == "ACL" || entry.desc == "DEFAULT ACL"; }
bool is_data_block(const TocEntry& entry) {
  return entry.desc == "TABLE DATA" || entry.desc == "BLOBS";
}
bool is_table(const TocEntry& entry) {
  return entry.desc == "TABLE" || entry.desc == "FOREIGN TABLE";
}

bool creates_trigger(const TocEntry& entry) {
  return entry.desc == "TRIGGER" &&
         util::trim(entry.definition.value_or("")).starts_with("CREATE ");
}

void sort_unique(std::vector<int>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool intersect(const std::vector<int>& a, const std::vector<int>& b) {
  auto left = a.begin();
  auto right = b.begin();
  while (left != a.end() && right != b.end()) {
    if (*left == *right) return true;
    *left < *right ? ++left : ++right;
  }
  return false;
}

class Planner {
 public:
  Planner(const archive::Toc& toc, const std::map<int, std::uint64_t>& data_bytes, Acls acls,
          std::size_t jobs, std::span<const Inspection> inspections)
      : toc_(toc), bytes_(data_bytes), acls_(acls), jobs_(jobs), inspections_(inspections) {}

  Plan make() {
    index();
    for (const TocEntry& entry : toc_.entries) place(entry);
    for (Task& task : plan_.tasks) link(task);
    put_inherited_triggers_last();
    form_teams();
    add_analyses();
    add_inspections();
    return std::move(plan_);
  }

 private:
  void index() {
    for (const TocEntry& entry : toc_.entries) by_id_[entry.dump_id] = &entry;
    for (const TocEntry& entry : toc_.entries) {
      for (const int id : entry.dependencies) {
        const auto on = by_id_.find(id);
        if (on == by_id_.end() || !is_table(*on->second)) continue;
        if (entry.desc == "TABLE DATA") data_of_[id].push_back(entry.dump_id);
        if (is_table(entry)) children_[id].push_back(entry.dump_id);
      }
      // ALTER TABLE parent ATTACH PARTITION: depends on the partition, then on the parent.
      if (entry.desc == "TABLE ATTACH" && entry.dependencies.size() >= 2) {
        children_[entry.dependencies[1]].push_back(entry.dependencies[0]);
      }
    }
  }

  void place(const TocEntry& entry) {
    if (entry.section == Section::Data || entry.section == Section::PostData) in_tasks_ = true;
    if (archive::is_special(entry) || is_database(entry)) return;
    if (is_subscription(entry)) {
      if (entry.desc == "SUBSCRIPTION") {
        plan_.skipped.push_back(
            cat(display(entry), ": it would be bound to the live replication slot"));
      }
      return;
    }
    if (entry.desc == "STATISTICS DATA") return;  // ANALYZE makes them
    if (is_acl(entry)) {
      if (acls_ == Acls::Restore) plan_.acls.push_back(&entry);
    } else if (is_last(entry)) {
      plan_.last.push_back(&entry);
    } else if (!in_tasks_ || entry.section == Section::PreData || entry.desc == "BLOB METADATA") {
      plan_.before.push_back(&entry);
    } else if (is_data_block(entry) || entry.section == Section::PostData) {
      task_of_[entry.dump_id] = plan_.tasks.size();
      plan_.tasks.push_back({.entry = &entry, .weight = bytes_[entry.dump_id]});
    } else {
      plan_.after.push_back(&entry);
    }
  }

  // The data of a table and of everything below it; the table's own id where it has none.
  void add_table(int id, std::vector<int>& needs, std::set<int>& seen) const {
    if (!seen.insert(id).second) return;
    const auto data = data_of_.find(id);
    if (data == data_of_.end()) {
      needs.push_back(id);
    } else {
      needs.insert(needs.end(), data->second.begin(), data->second.end());
    }
    const auto children = children_.find(id);
    if (children == children_.end()) return;
    for (const int child : children->second) add_table(child, needs, seen);
  }

  bool only_data_of_new_table(const TocEntry& entry) const {
    return std::any_of(entry.dependencies.begin(), entry.dependencies.end(), [&](int id) {
      const auto table = by_id_.find(id);
      const auto data = data_of_.find(id);
      return table != by_id_.end() && table->second->desc == "TABLE" &&
             table->second->tag == entry.tag && table->second->schema == entry.schema &&
             data != data_of_.end() && data->second.size() == 1;
    });
  }

  void link(Task& task) {
    const bool data = is_data_block(*task.entry);
    task.new_table = data && only_data_of_new_table(*task.entry);
    std::set<int> seen;
    for (const int id : task.entry->dependencies) {
      const auto on = by_id_.find(id);
      if (on == by_id_.end()) continue;
      const std::size_t before = task.needs.size();
      if (!data && is_table(*on->second)) {
        add_table(id, task.needs, seen);
        // Several indexes of a table can be built at once; anything else locks it.
        if (task.entry->desc != "INDEX") {
          task.locks.insert(task.locks.end(),
                            task.needs.begin() + static_cast<std::ptrdiff_t>(before),
                            task.needs.end());
        }
      } else {
        task.needs.push_back(id);
      }
    }
    sort_unique(task.needs);
    sort_unique(task.locks);
    for (const int id : task.needs) {
      const auto other = task_of_.find(id);
      if (other == task_of_.end() || plan_.tasks[other->second].entry == task.entry) continue;
      task.waits_for.push_back(other->second);
      if (!data) task.weight = std::max(task.weight, bytes_[id]);
    }
    std::sort(task.waits_for.begin(), task.waits_for.end());
    if (task.entry->desc == "INDEX" &&
        task.entry->definition.value_or("").find(" USING btree ") == std::string::npos) {
      task.weight *= kSlowIndexFactor;
    }
  }

  // How a partition's trigger is enabled is an entry of its own, which does not name the one that
  // makes it with the parent's: it waits for all that are made.
  void put_inherited_triggers_last() {
    std::vector<std::size_t> made;
    for (std::size_t n = 0; n < plan_.tasks.size(); ++n) {
      if (creates_trigger(*plan_.tasks[n].entry)) made.push_back(n);
    }
    for (Task& task : plan_.tasks) {
      if (task.entry->desc != "TRIGGER" || creates_trigger(*task.entry)) continue;
      task.waits_for.insert(task.waits_for.end(), made.begin(), made.end());
      std::sort(task.waits_for.begin(), task.waits_for.end());
      task.waits_for.erase(std::unique(task.waits_for.begin(), task.waits_for.end()),
                           task.waits_for.end());
    }
  }

  // A table gets workers by its share of all data: one that dominates would else be loaded by one
  // alone while the others have nothing left to do.
  void form_teams() {
    std::uint64_t all = 0;
    for (const Task& task : plan_.tasks) all += is_data_block(*task.entry) ? task.weight : 0;
    for (Task& task : plan_.tasks) {
      // Rows as INSERT commands are for one alone.
      if (task.entry->desc != "TABLE DATA" || !task.entry->copy || task.weight < kWorthATeam)
        continue;
      task.team = std::min<std::size_t>(jobs_, (task.weight * jobs_ + all - 1) / all);
    }
  }

  bool has_foreign_below(int id) const {
    const auto children = children_.find(id);
    if (children == children_.end()) return false;
    return std::any_of(children->second.begin(), children->second.end(), [&](int child) {
      const auto entry = by_id_.find(child);
      return (entry != by_id_.end() && entry->second->desc == "FOREIGN TABLE") ||
             has_foreign_below(child);
    });
  }

  // Statistics of a table are made when its indexes are there, beside the work on others.
  // Partitions get theirs with the root's, which reads them anyway; a table above foreign ones gets
  // none (analyze_statements).
  void add_analyses() {
    std::set<int> below;
    for (const auto& [table, children] : children_) below.insert(children.begin(), children.end());
    std::map<int, std::vector<std::size_t>> touching;
    for (std::size_t n = 0; n < plan_.tasks.size(); ++n) {
      for (const int id : plan_.tasks[n].needs) touching[id].push_back(n);
    }
    const std::size_t count = plan_.tasks.size();
    for (std::size_t n = 0; n < count; ++n) {
      const TocEntry& entry = *plan_.tasks[n].entry;
      if (!plan_.tasks[n].new_table || below.contains(entry.dependencies.front()) ||
          has_foreign_below(entry.dependencies.front()))
        continue;
      Task analysis{.work = Work::Analyze, .entry = &entry, .waits_for = touching[entry.dump_id]};
      analysis.waits_for.insert(analysis.waits_for.begin(), n);
      plan_.tasks.push_back(std::move(analysis));
    }
  }

  // After the analyses, which wait for everything that touches their table: not for these.
  void add_inspections() {
    for (const Inspection& inspection : inspections_) {
      const auto data = task_of_.find(inspection.data_entry);
      if (data == task_of_.end()) continue;
      plan_.tasks.push_back({.work = Work::Inspect,
                             .entry = plan_.tasks[data->second].entry,
                             .waits_for = {data->second},
                             .needs = {inspection.data_entry},
                             .inspection = &inspection});
    }
  }

  const archive::Toc& toc_;
  std::map<int, std::uint64_t> bytes_;  // of a data block, by its entry
  const Acls acls_;
  const std::size_t jobs_;
  const std::span<const Inspection> inspections_;
  Plan plan_;
  bool in_tasks_ = false;  // an entry of the data or post-data section has been seen
  std::map<int, const TocEntry*> by_id_;
  std::map<int, std::vector<int>> data_of_;   // table -> its data entries
  std::map<int, std::vector<int>> children_;  // table -> partitions and inheriting tables
  std::map<int, std::size_t> task_of_;
};

}  // namespace

bool conflict(const Task& a, const Task& b) {
  return intersect(a.locks, b.needs) || intersect(b.locks, a.needs);
}

Plan make_plan(const archive::Toc& toc, const std::map<int, std::uint64_t>& data_bytes, Acls acls,
               std::size_t jobs, std::span<const Inspection> inspections) {
  return Planner(toc, data_bytes, acls, jobs, inspections).make();
}

std::string display(const TocEntry& entry) {
  const std::string schema = entry.schema && !entry.schema->empty() ? cat(*entry.schema, ".") : "";
  return util::printable(cat(entry.desc, " ", schema, entry.tag, " (entry ", entry.dump_id, ")"));
}

}  // namespace load
