#include "archive/identifiers.h"

#include <algorithm>

#include "util/text.h"

namespace archive {
namespace {

constexpr std::string_view kCopy = "COPY ";
constexpr std::string_view kFrom = "FROM stdin;";

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n\t"), text.size()));
}

std::optional<std::string> take_quoted(std::string_view& text) {
  std::string name;
  for (std::size_t at = 1; at < text.size(); ++at) {
    if (text[at] != '"') {
      name += text[at];
    } else if (text.substr(at + 1).starts_with('"')) {
      name += '"';
      ++at;
    } else {
      text.remove_prefix(at + 1);
      return name;
    }
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> take_identifier(std::string_view& text) {
  if (text.starts_with('"')) return take_quoted(text);
  const std::size_t end = std::min(text.find_first_of(". (),;\n"), text.size());
  if (end == 0) return std::nullopt;
  std::string name(text.substr(0, end));
  text.remove_prefix(end);
  return name;
}

std::optional<std::vector<std::string>> take_identifier_list(std::string_view& text) {
  skip_blanks(text);
  if (!text.starts_with('(')) return std::nullopt;
  std::vector<std::string> names;
  do {
    text.remove_prefix(1);
    skip_blanks(text);
    std::optional<std::string> name = take_identifier(text);
    if (!name) return std::nullopt;
    names.push_back(*std::move(name));
    skip_blanks(text);
  } while (text.starts_with(','));
  if (!text.starts_with(')')) return std::nullopt;
  text.remove_prefix(1);
  return names;
}

bool take_word(std::string_view& text, std::string_view word) {
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  if (!text.starts_with(word)) return false;
  text.remove_prefix(word.size());
  text.remove_prefix(std::min(text.find_first_not_of(" \n"), text.size()));
  return true;
}

std::optional<CopyStatement> parse_copy(std::string_view text) {
  text = util::trim(text);
  if (!text.starts_with(kCopy) || !text.ends_with(kFrom)) return std::nullopt;
  text.remove_prefix(kCopy.size());
  text.remove_suffix(kFrom.size());
  std::optional<std::string> schema = take_identifier(text);
  if (!schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  std::optional<std::string> table = take_identifier(text);
  if (!table || !text.starts_with(' ')) return std::nullopt;
  CopyStatement copy{.schema = *std::move(schema),
                     .table = *std::move(table),
                     .rest = std::string(text),
                     .columns = {}};
  if (util::trim(text).empty()) return copy;  // a table without columns
  std::optional<std::vector<std::string>> columns = take_identifier_list(text);
  if (!columns) return std::nullopt;
  copy.columns = *std::move(columns);
  return copy;
}

}  // namespace archive
