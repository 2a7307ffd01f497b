// What the two ways of restoring tables share: the database, the transaction's statements, and the
// errors that say what to do. Private to this module.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "ops/restore_tables.h"
#include "ops/table_rows.h"
#include "ops/table_set.h"
#include "pg/connection.h"
#include "util/error.h"

namespace ops {

struct TableTarget {
  const archive::Reader& archive;
  const TableSet& set;
  const TableRestoreOptions& options;
  pg::Connection& connection;
  TableRows& rows;
  std::string key;  // of this restore
  std::stop_token stop;

  // Definition of an entry, without its owner. The error names the entry and what to do.
  void restore(const archive::TocEntry& entry) const;
  // Where this role may do that; else a note.
  void give_to(const std::string& owner, const pg::QualifiedName& table,
               std::vector<std::string>& notes) const;
  // Only the owner may use it.
  void make_private(const pg::QualifiedName& relation) const;
};

// `failure` as one of restoring `entry`, with a remedy where the SQLSTATE tells one.
util::Error table_failure(const archive::TocEntry& entry, const util::Error& failure);

// Makes the tables as T__restored.
void restore_beside(const TableTarget& target, TableRestoreResult& result);
// Replaces the rows of tables that exist, makes those that do not. check_in_place() is to be called
// before, outside of the transaction: it refuses what cannot be, and tells what will be.
std::vector<std::string> check_in_place(const TableTarget& target);
void restore_in_place(const TableTarget& target, TableRestoreResult& result);

}  // namespace ops
