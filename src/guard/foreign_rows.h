// The files of saved rows: <schema>.<table>.sql, each statement one line behind a comment that says
// what it is, so that psql and put_back() read the same file; and .csv, for people.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "compare/compare.h"

namespace guard {

enum class Origin { Certain, Unknown };

class ForeignRows : public compare::RowListener {
 public:
  // Into `folder`, which is made. Rows that are there as certain ones are not written as unknown.
  ForeignRows(std::filesystem::path folder, Origin origin, std::string encoding);
  ~ForeignRows() override;

  void begin(const compare::TableRows& table) override;
  void row(const compare::RowChange& change) override;
  void finish();

  std::uint64_t rows() const noexcept { return rows_; }
  std::uint64_t tables() const noexcept { return tables_; }

 private:
  struct Output;
  void open();

  const std::filesystem::path folder_;
  const Origin origin_;
  const std::string encoding_;
  std::unique_ptr<Output> output_;  // of the table whose rows come
  std::uint64_t rows_ = 0, tables_ = 0;
};

struct SavedStatement {
  Origin origin = Origin::Unknown;
  compare::Change change = compare::Change::Added;
  std::string_view identity;  // of the row within its table
  std::string_view sql;       // without the comment and the semicolon
};
// Nothing for a line that is none.
std::optional<SavedStatement> parse_statement(std::string_view line);

// Each line of a file, without its newline.
void for_each_line(const std::filesystem::path& path,
                   const std::function<void(std::string_view)>& use);

// The table that a file is about, from its first line; nothing if it is none of ours.
struct SavedFile {
  pg::QualifiedName table;
  std::string encoding;
};
std::optional<SavedFile> parse_head(std::string_view line);

}  // namespace guard
