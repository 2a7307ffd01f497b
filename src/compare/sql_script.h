// The differences of rows as a script that turns A into B.
//
// One transaction. Rows are deleted in the order in which the listener gets their tables, then
// updated and inserted in the reverse order; what has to wait is kept in a temporary folder, so
// memory is bounded. Tables have to come referring ones first (compare::Order).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/compare.h"
#include "util/files.h"

namespace compare {

class SqlScript : public RowListener {
 public:
  using Sink = std::function<void(std::string_view)>;
  // `only`: leave out all other changes.
  SqlScript(Sink sink, std::string_view encoding, std::optional<Change> only);
  ~SqlScript() override;

  void begin(const TableRows& table) override;
  void row(const RowChange& change) override;
  // What had to wait, the sequences' positions unless only some rows were wanted, and as comments
  // what no statement here can change.
  void finish(const Report& report);

 private:
  struct Segment {
    std::uint64_t offset = 0;
    std::size_t bytes = 0;
  };
  // Statements of one kind for one table, in the file that all share.
  using Segments = std::vector<Segment>;
  struct Waiting {
    Segments updates, inserts;
  };
  struct Buffers {
    std::string updates, inserts;
  };

  void remove_row(std::string_view row);
  void update_row(const RowChange& change);
  void insert_row(std::string_view row);
  std::string where_key(const std::vector<std::string_view>& fields) const;
  std::string where_same(const std::vector<std::string_view>& fields) const;
  void flush(std::string& buffer, Segments& segments);
  void flush_table();
  void give(const util::ReadFile& file, const Segments& segments) const;

  const Sink sink_;
  const std::optional<Change> only_;
  util::TempDir folder_;
  util::WriteFile file_;
  std::vector<Waiting> waiting_;  // of each table
  Buffers buffers_;               // of the last one
  // Of the table whose rows come.
  std::string table_, table_only_;
  bool partitioned_ = false;
  std::vector<std::string> columns_;  // quoted
  std::vector<std::size_t> key_;
  std::vector<std::string_view> fields_, after_;
  std::string text_;
};

}  // namespace compare
