// What differs between two sides, each a backup or a live database: tables, rows, positions of
// sequences, large objects, and which objects there are.
//
// Guarantees: equal tables cost one read of a live side and none of backups. Rows that are told
// account exactly for the difference of the tables' fingerprints. Memory is bounded, whatever the
// tables; rows that have to be sorted and do not fit go to a temporary folder. Not compared: rows
// of materialised views, which are made of tables' rows, and owners and privileges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "compare/changes.h"
#include "compare/side.h"
#include "util/reporter.h"

namespace compare {

enum class Detail { Tables, Rows };
enum class Order { ByName, ReferringFirst };  // of tables whose rows are given: see foreign_keys.h

struct Options {
  std::string table;  // a pattern (extract/pattern.h): only the rows of these; empty: everything
  Detail detail = Detail::Tables;
  Order order = Order::ByName;
  std::size_t memory_bytes = 24U << 20U;  // of each side's rows before they are spilled
};

struct Counts {
  std::uint64_t added = 0, changed = 0, deleted = 0;
  void add(Change change) noexcept;
};

struct TableDifference {
  enum class What { OnlyInA, OnlyInB, Columns, Rows, Generated } what = What::Rows;
  pg::QualifiedName name;
  std::optional<std::uint64_t> rows_a, rows_b;  // where they are known
  std::optional<Counts> counts;                 // Rows, where asked for
  std::vector<std::string> only_a, only_b;      // Columns
};

struct SequenceDifference {
  pg::QualifiedName name;
  Position a, b;
};

struct LargeObjectDifference {
  std::uint32_t oid = 0;
  std::optional<LargeObject> a, b;
};

struct Report {
  std::vector<TableDifference> tables;
  std::uint64_t equal_tables = 0, equal_rows = 0;
  std::vector<schema::Object> objects_only_a, objects_only_b;
  std::vector<SequenceDifference> sequences;
  std::vector<LargeObjectDifference> large_objects;

  bool equal() const noexcept;
};

// Whose rows follow. The columns are A's, in its order; no key: rows are compared as a whole.
struct TableRows {
  const pg::QualifiedName& name;
  bool partitioned;
  const std::vector<std::string>& columns;
  const std::vector<std::string>& key;
};

class RowListener {
 public:
  virtual ~RowListener() = default;
  virtual void begin(const TableRows& table) = 0;  // of a table that has differences
  virtual void row(const RowChange& change) = 0;   // by key
};

// `listener` may be null with Detail::Tables. Kind::Usage if the sides' texts cannot be compared or
// no table fits.
Report run(Side& a, Side& b, const Options& options, RowListener* listener,
           util::Reporter& reporter, std::stop_token stop);

}  // namespace compare
