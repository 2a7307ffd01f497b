#include "extract/column_types.h"

#include <algorithm>
#include <array>
#include <utility>

#include "archive/identifiers.h"

namespace extract {
namespace {

using archive::TocEntry;

constexpr std::array<std::pair<std::string_view, JsonType>, 10> kTypes{{
    {"smallint", JsonType::Number},
    {"integer", JsonType::Number},
    {"bigint", JsonType::Number},
    {"oid", JsonType::Number},
    {"real", JsonType::Number},
    {"double precision", JsonType::Number},
    {"numeric", JsonType::Number},
    {"boolean", JsonType::Boolean},
    {"json", JsonType::Json},
    {"jsonb", JsonType::Json},
}};

// What follows the type: a modifier, a constraint or a default, the next column. An array has
// brackets there.
bool ends_type(std::string_view rest) {
  return rest.empty() || rest.front() == ' ' || rest.front() == ',' || rest.front() == '\n' ||
         rest.front() == ')' || rest.front() == '(';
}

JsonType type_of(std::string_view text) {
  for (const auto& [name, type] : kTypes) {
    if (!text.starts_with(name) || !ends_type(text.substr(name.size()))) continue;
    const std::string_view rest = text.substr(name.size());
    const bool modified = rest.starts_with('(');  // numeric(10,2), and arrays of these
    const std::size_t closed = modified ? rest.find(')') : 0;
    const bool array = modified && rest.substr(std::min(closed, rest.size())).starts_with(")[");
    return array ? JsonType::Text : type;
  }
  return JsonType::Text;
}

// How much of `text` comes before the comma or the parenthesis that ends this column: those within
// quotes, and in parentheses of their own, belong to it. Quotes in quotes are doubled.
std::size_t end_of_column(std::string_view text) {
  int depth = 0;
  char quote = '\0';
  for (std::size_t n = 0; n < text.size(); ++n) {
    const char c = text[n];
    if (quote != '\0') {
      if (c == quote) quote = '\0';
    } else if (c == '\'' || c == '"') {
      quote = c;
    } else if (c == '(') {
      ++depth;
    } else if (depth == 0 && (c == ',' || c == ')')) {
      return n;
    } else if (c == ')') {
      --depth;
    }
  }
  return text.size();
}

const TocEntry* definition_of(const archive::Toc& toc, const Table& table) {
  const auto found = std::find_if(toc.entries.begin(), toc.entries.end(), [&](const auto& entry) {
    return entry.desc == "TABLE" && entry.tag == table.name && entry.schema == table.schema &&
           entry.definition.has_value();
  });
  return found == toc.entries.end() ? nullptr : &*found;
}

}  // namespace

std::vector<ColumnType> column_types(std::string_view definition) {
  std::vector<ColumnType> columns;
  if (!archive::take_word(definition, "CREATE")) return columns;
  archive::take_word(definition, "UNLOGGED");
  if (!archive::take_word(definition, "TABLE") || !archive::take_identifier(definition) ||
      !definition.starts_with('.'))
    return columns;
  definition.remove_prefix(1);
  if (!archive::take_identifier(definition) || !archive::take_word(definition, "(")) return columns;
  while (std::optional<std::string> name = archive::take_identifier(definition)) {
    if (!definition.starts_with(' ')) break;
    definition.remove_prefix(1);
    columns.push_back({*std::move(name), type_of(definition)});
    definition.remove_prefix(end_of_column(definition));
    if (!archive::take_word(definition, ",")) break;
  }
  return columns;
}

std::vector<JsonType> json_types(const archive::Toc& toc, const Table& table,
                                 const std::vector<std::string>& columns) {
  std::vector<JsonType> types(columns.size(), JsonType::Text);
  const TocEntry* const entry = definition_of(toc, table);
  if (entry == nullptr) return types;
  const std::vector<ColumnType> defined = column_types(*entry->definition);
  for (std::size_t n = 0; n < columns.size(); ++n) {
    const auto found = std::find_if(defined.begin(), defined.end(), [&](const ColumnType& column) {
      return column.name == columns[n];
    });
    if (found != defined.end()) types[n] = found->type;
  }
  return types;
}

}  // namespace extract
