// Which rows are wanted: conditions on columns, and an expression on the whole row.
//
// Works on rows as they stand in the archive. The server writes each value in one way only, so a
// value is the same exactly if its escaped form is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/columns.h"

namespace extract {

struct Condition {
  ColumnName column;
  std::optional<std::string> value;  // nothing: NULL
};
// "id=5", "name = 'it''s'", "gone=NULL". NULL in any case means NULL, 'NULL' in quotes the text;
// blanks around the value are left out unless it is quoted. Kind::Usage.
Condition parse_condition(std::string_view text);

// The expression is looked for in the row's COPY text: fields divided by tabs, \N for NULL, and the
// escapes \\ \b \f \n \r \t \v. Syntax: that of RE2.
enum class Alphabet { Utf8, Bytes };
struct Grep {
  std::string expression;  // empty: none
  Alphabet alphabet = Alphabet::Utf8;
};

// Threads: const methods from any.
class RowFilter {
 public:
  // Kind::Usage for a column that `columns` of `table` have not, or a bad expression.
  RowFilter(const std::vector<std::string>& columns, const std::vector<Condition>& conditions,
            const Grep& grep, std::string_view table);
  ~RowFilter();
  RowFilter(RowFilter&&) noexcept;

  bool passes_all() const noexcept;  // every row is wanted
  // The next row that is wanted, without its newline; `rest` begins behind it then. `rest` is whole
  // rows, each with its newline. Nothing at the end.
  std::optional<std::string_view> next(std::string_view& rest) const;

 private:
  struct State;
  std::unique_ptr<const State> state_;
};

}  // namespace extract
