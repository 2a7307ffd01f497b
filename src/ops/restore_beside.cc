// A table beside the live one that has its name. It is made by the archive's own statements in a
// schema of this transaction's, under its own name, so that nothing collides with what exists; then
// it, its indexes and its sequences get names of their own and go to the schema where they belong.
// The schema is gone again at the commit; nobody has ever seen it.
#include <algorithm>
#include <map>

#include "archive/relocate.h"
#include "load/plan.h"
#include "ops/sql_tables.h"
#include "ops/table_target.h"
#include "util/text.h"
#include "util/workers.h"

namespace ops {
namespace {

using archive::TocEntry;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kSuffix = "__restored";
constexpr std::size_t kNameBytes = 63;

// The name with the suffix; `attempt` above 1 is told by a number.
std::string restored_name(std::string_view name, int attempt = 1) {
  const std::string tail = attempt == 1 ? std::string(kSuffix) : cat(kSuffix, "_", attempt);
  return cat(util::cut_utf8(name, kNameBytes - tail.size()), tail);
}

class Beside {
 public:
  Beside(const TableTarget& target, TableRestoreResult& result)
      : target_(target), result_(result), connection_(target.connection) {}

  void run() {
    for (const TocEntry* const table : target_.set.all_tables()) choose_name(*table);
    const std::vector<const TocEntry*> entries = target_.set.entries(Parts::Alone, left_out_);
    for (const TocEntry* const entry : entries) plan(*entry);
    std::map<int, std::uint64_t> rows;
    for (const TocEntry* const entry : entries) make(*entry, rows);
    const TableRows::Place place = [this](const pg::QualifiedName& name) { return now(name); };
    for (const TableSet::Table& table : target_.set.tables()) {
      target_.rows.compare(table, place, result_.notes);
      RestoredTable restored{
          .table = table.name(), .restored = final_name(*table.entry), .kept = {}, .rows = 0};
      for (const TocEntry* const data : table.data) restored.rows += rows[data->dump_id];
      result_.tables.push_back(std::move(restored));
    }
    for (const auto& [from, scratch] : scratch_) move_out(from, scratch);
    for (const TocEntry* const table : target_.set.all_tables())
      target_.give_to(table->owner.value_or(""), final_name(*table), result_.notes);
    for (const pg::QualifiedName& relation : placed_) target_.make_private(relation);
    for (const auto& [from, scratch] : scratch_)
      connection_.execute(cat("DROP SCHEMA ", pg::quote_ident(scratch), " RESTRICT"));
    for (const std::string& line : left_out_) result_.notes.push_back(cat("left out: ", line));
  }

 private:
  const pg::QualifiedName& final_name(const TocEntry& table) const {
    return final_.at({table.schema.value_or(""), table.tag});
  }

  // Two long names may be the same when they are cut: then a number tells them apart.
  void choose_name(const TocEntry& table) {
    const pg::QualifiedName own{table.schema.value_or(""), table.tag};
    if (!sql::schema_exists(connection_, own.schema)) {
      throw Error(Kind::Preflight,
                  cat("schema ", util::printable(own.schema), " of table ",
                      util::printable(own.name), " does not exist in the database"),
                  {.hint = cat("Make it first: CREATE SCHEMA ",
                               util::printable(pg::quote_ident(own.schema)), ";"),
                   .sqlstate = {}});
    }
    for (int attempt = 1;; ++attempt) {
      const pg::QualifiedName name{own.schema, restored_name(own.name, attempt)};
      const bool ours = std::any_of(final_.begin(), final_.end(),
                                    [&](const auto& other) { return other.second == name; });
      if (ours) continue;
      if (!sql::name_taken(connection_, name)) {
        final_[own] = name;
        return;
      }
      if (attempt > 1) continue;
      throw Error(Kind::Preflight, cat(name.display(), " exists already"),
                  {.hint = cat("Drop it if it is not needed any more (DROP TABLE ",
                               util::printable(name.quoted()), ";), or give it another name."),
                   .sqlstate = {}});
    }
  }

  // One schema of ours for each of theirs: tables of two schemas may have the same name.
  const std::string& scratch_for(const std::string& schema) {
    const auto [at, fresh] = scratch_.try_emplace(schema);
    if (!fresh) return at->second;
    at->second = cat("pgbelay_restore_", target_.key, "_", scratch_.size());
    connection_.execute(cat("CREATE SCHEMA ", pg::quote_ident(at->second)));
    return at->second;
  }

  void plan(const TocEntry& entry) {
    const bool relation = entry.desc == "TABLE" || entry.desc == "SEQUENCE" ||
                          entry.desc == "INDEX" || entry.desc == "STATISTICS";
    if (!entry.schema) return;
    if (relation) relocation_.add(*entry.schema, entry.tag, scratch_for(*entry.schema));
    // The index of a key has the key's name.
    const TocEntry* const table = target_.set.table_of(entry);
    if (entry.desc == "CONSTRAINT" && table != nullptr) {
      relocation_.add(*entry.schema, std::string_view(entry.tag).substr(table->tag.size() + 1),
                      scratch_for(*entry.schema));
    }
  }

  pg::QualifiedName now(const pg::QualifiedName& name) const {
    const std::string* const to = relocation_.schema_of(name.schema, name.name);
    return {to != nullptr ? *to : name.schema, name.name};
  }

  void make(const TocEntry& entry, std::map<int, std::uint64_t>& rows) {
    util::throw_if_stopped(target_.stop);
    if (entry.desc == "TABLE DATA") {
      try {
        rows[entry.dump_id] = target_.rows.load(
            entry, [this](const pg::QualifiedName& name) { return now(name); }, load::Freeze::Yes,
            target_.stop);
      } catch (const Error& failure) {
        throw table_failure(entry, failure);
      }
      return;
    }
    const TocEntry moved = relocation_.entry(entry);
    target_.restore(moved);
    if (entry.desc == "TABLE") leave_parents(moved);
  }

  // Its rows must not show in a live table that it inherits from.
  void leave_parents(const TocEntry& table) {
    std::vector<std::string> ours;
    for (const auto& [from, scratch] : scratch_) ours.push_back(scratch);
    for (const sql::Inherits& link : sql::parents_outside(connection_, ours)) {
      connection_.execute(
          cat("ALTER TABLE ", link.child.quoted(), " NO INHERIT ", link.parent.quoted()));
      left_out_.push_back(
          cat("INHERITS ", link.parent.display(), " of ", util::printable(table.tag)));
    }
  }

  std::string free_name(const std::string& schema, const std::string& scratch,
                        const std::string& name) const {
    for (int attempt = 1;; ++attempt) {
      std::string free = restored_name(name, attempt);
      if (!sql::name_taken(connection_, {schema, free}) &&
          !sql::name_taken(connection_, {scratch, free}))
        return free;
    }
  }

  void rename(sql::Made& made, const std::string& scratch, std::string name) {
    connection_.execute(sql::rename_statement(made, {scratch, made.name}, name));
    made.name = std::move(name);
  }

  void move_out(const std::string& schema, const std::string& scratch) {
    std::vector<sql::Made> all = sql::made_in(connection_, scratch);
    std::vector<std::string> names;
    for (const sql::Made& made : all) names.push_back(made.name);
    // First out of one another's way: a table may have the name that another one is to get.
    for (std::size_t n = 0; n < all.size(); ++n) rename(all[n], scratch, cat("pgbelay_", n));
    for (std::size_t n = 0; n < all.size(); ++n) {
      const auto table = final_.find({schema, names[n]});
      const bool is_table = (all[n].kind == 'r' || all[n].kind == 'p') && table != final_.end();
      rename(all[n], scratch, is_table ? table->second.name : free_name(schema, scratch, names[n]));
      if (is_table || all[n].kind == 'S') placed_.push_back({schema, all[n].name});
    }
    for (const sql::Made& made : all) {
      if (made.moves_alone)
        connection_.execute(sql::set_schema_statement(made, {scratch, made.name}, schema));
    }
  }

  const TableTarget& target_;
  TableRestoreResult& result_;
  pg::Connection& connection_;
  archive::Relocation relocation_;
  std::map<pg::QualifiedName, pg::QualifiedName> final_;  // of tables, by their own names
  std::map<std::string, std::string> scratch_;            // schema of the archive -> schema of ours
  std::vector<pg::QualifiedName> placed_;
  std::vector<std::string> left_out_;
};

}  // namespace

void restore_beside(const TableTarget& target, TableRestoreResult& result) {
  Beside(target, result).run();
}

}  // namespace ops
