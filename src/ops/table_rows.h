// The rows of a TableSet into tables of a transaction, and whether they are those of the backup.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "load/copy_statement.h"
#include "ops/table_set.h"
#include "pg/connection.h"
#include "util/reporter.h"

namespace ops {

class TableRows {
 public:
  // Where a table of the archive is now.
  using Place = std::function<pg::QualifiedName(const pg::QualifiedName& table)>;

  // All must outlive it.
  TableRows(const archive::Reader& archive, const TableSet& set, pg::Connection& connection,
            util::Reporter& reporter)
      : archive_(archive), set_(set), connection_(connection), reporter_(reporter) {}

  // By COPY; returns how many.
  std::uint64_t load(const archive::TocEntry& data, const Place& place, load::Freeze freeze,
                     const std::stop_token& stop);

  // Reads the tables back. Kind::Proof if their fingerprints are not those of the manifest; does
  // nothing where there is none. Adds a note where generated columns came out differently.
  void compare(const TableSet::Table& table, const Place& place, std::vector<std::string>& notes);

 private:
  pg::QualifiedName loaded_into(const archive::TocEntry& data) const;

  const archive::Reader& archive_;
  const TableSet& set_;
  pg::Connection& connection_;
  util::Reporter& reporter_;
  std::uint64_t bytes_ = 0;  // of COPY text, loaded so far
};

}  // namespace ops
