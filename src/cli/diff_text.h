// A comparison as people read it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compare/compare.h"

namespace cli {

// One line a row, buffered:
//   - id=4711 name=Ann note=NULL          was deleted
//   + id=5000 name='Bob B.' note=''       was added
//   ~ id=17: name Ann → Anne              was changed
// Values stand as in COPY text; in quotes what could be taken for something else.
class TextRows : public compare::RowListener {
 public:
  explicit TextRows(std::optional<compare::Change> only) : only_(only) {}

  void begin(const compare::TableRows& table) override;
  void row(const compare::RowChange& change) override;
  void finish();  // gives what is still buffered

 private:
  void append_changed(const std::vector<std::string_view>& before,
                      const std::vector<std::string_view>& after);
  void append_fields(const std::vector<std::string_view>& fields);
  void append_field(std::size_t n, std::string_view value);

  const std::optional<compare::Change> only_;
  std::string title_;  // until the first row is given
  std::vector<std::string> columns_;
  std::vector<std::size_t> key_;
  std::vector<std::string_view> before_, after_;
  std::string text_;
};

// The differences but the rows, and in the last line what is equal.
std::string diff_summary(const compare::Report& report);

}  // namespace cli
