#include "extract/columns.h"

#include <algorithm>

#include "archive/identifiers.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {

using util::cat;
using util::Error;
using util::Kind;

ColumnName take_column(std::string_view& text, std::string_view ends, std::string_view option) {
  const std::string_view whole = text;
  const auto refuse = [&] {
    throw Error(Kind::Usage, cat("--", option, " ", util::printable(whole), ": no column's name"),
                {.hint = "Odd names are quoted, as in SQL: '\"Odd name\"'.", .sqlstate = {}});
  };
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  ColumnName column{.name = {}, .quoted = text.starts_with('"')};
  if (column.quoted) {
    std::optional<std::string> name = archive::take_identifier(text);
    if (!name) refuse();
    column.name = *std::move(name);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  } else {
    const std::size_t end = std::min(text.find_first_of(ends), text.size());
    column.name = util::trim(text.substr(0, end));
    text.remove_prefix(end);
  }
  if (column.name.empty() || (!text.empty() && ends.find(text.front()) == std::string_view::npos))
    refuse();
  return column;
}

std::vector<ColumnName> parse_columns(const std::vector<std::string>& texts) {
  std::vector<ColumnName> columns;
  for (std::string_view text : texts) {
    columns.push_back(take_column(text, ",", "columns"));
    while (!text.empty()) {
      text.remove_prefix(1);
      columns.push_back(take_column(text, ",", "columns"));
    }
  }
  return columns;
}

std::size_t column_index(const std::vector<std::string>& columns, const ColumnName& name,
                         std::string_view table) {
  auto found = std::find(columns.begin(), columns.end(), name.name);
  if (found == columns.end() && !name.quoted)
    found = std::find(columns.begin(), columns.end(), util::lower(name.name));
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  const std::vector<std::string_view> names(columns.begin(), columns.end());
  const std::optional<std::string_view> meant = util::nearest(name.name, names);
  throw Error(
      Kind::Usage,
      cat("the rows of ", util::printable(table), " have no column ", util::printable(name.name)),
      {.hint = meant ? cat("Did you mean ", util::printable(*meant), "?")
                     : cat("It has ", util::printable(util::join(columns, ", ")),
                           "; generated columns are not in a backup."),
       .sqlstate = {}});
}

}  // namespace extract
