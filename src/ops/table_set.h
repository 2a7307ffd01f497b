// What of an archive belongs to some tables: their definitions, rows, sequences, indexes,
// constraints and all else that would go with them if they were dropped.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "archive/toc.h"
#include "pg/ident.h"

namespace ops {

// Alone: what changes nothing for anybody else. Whole: also what binds other tables or acts on
// writes and readers (keys to tables that are not in the set, triggers, rules, policies,
// privileges, publications).
enum class Parts { Alone, Whole };

class TableSet {
 public:
  // Tables that fit one of `patterns` (as those of extract), each with all of its partitions.
  // Kind::Usage for a pattern that none fits, and for tables whose rows were not dumped by COPY.
  TableSet(const archive::Toc& toc, const archive::Manifest* manifest,
           const std::vector<std::string>& patterns);

  struct Table {
    const archive::TocEntry* entry = nullptr;
    // Those with rows, itself or its partitions.
    std::vector<const archive::TocEntry*> data;
    pg::QualifiedName name() const { return {entry->schema.value_or(""), entry->tag}; }
  };
  // Named ones, without what they contain; in the order of the archive.
  const std::vector<Table>& tables() const noexcept { return tables_; }
  // Those and all partitions.
  std::vector<const archive::TocEntry*> all_tables() const;

  // In the order of the archive, the order in which they are restored. `left_out` gets a line for
  // each key, trigger … that Parts::Alone leaves out.
  std::vector<const archive::TocEntry*> entries(Parts parts,
                                                std::vector<std::string>& left_out) const;
  // Keys of other tables that point to these.
  std::vector<const archive::TocEntry*> foreign_keys_of_others() const;
  const archive::TableRecord* record(const archive::TocEntry& data) const;
  // The table that a key, trigger, rule, policy or default is one of; null for other kinds.
  const archive::TocEntry* table_of(const archive::TocEntry& entry) const;

 private:
  using Entry = archive::TocEntry;

  void find_partitions();
  void add(const Entry& entry);
  bool belongs(const Entry& entry) const;

  const archive::Toc toc_;  // with an entry for what attaches a partition
  std::map<int, const Entry*> by_id_;
  std::map<int, const archive::TableRecord*> records_;  // by data entry
  std::map<int, std::vector<int>> partitions_;          // table -> those attached to it
  std::map<int, const Entry*> owned_by_;                // sequence -> table
  std::vector<Table> tables_;
  std::set<int> members_;  // dump ids of the tables and their partitions
};

}  // namespace ops
