// Columns as people name them on a command line, and the columns of a table.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace extract {

struct ColumnName {
  std::string name;
  bool quoted = false;  // then exactly this one; else it may also be meant in lower case
};
// Takes a name, quoted or up to one of `ends`, and the blanks around it from the front of `text`.
// Kind::Usage naming `option`.
ColumnName take_column(std::string_view& text, std::string_view ends, std::string_view option);

// "id, \"Odd, name\"" of each text.
std::vector<ColumnName> parse_columns(const std::vector<std::string>& texts);

// Where it stands among the columns. Kind::Usage naming `table` and the nearest one.
std::size_t column_index(const std::vector<std::string>& columns, const ColumnName& name,
                         std::string_view table);

}  // namespace extract
