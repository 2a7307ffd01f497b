#include "load/copy_statement.h"

#include "pg/ident.h"
#include "util/text.h"

namespace load {
namespace {

constexpr std::string_view kCopy = "COPY ";
constexpr std::string_view kFrom = "FROM stdin;";

// Takes one identifier, quoted or not, from the front of `text`.
std::optional<std::string> take_identifier(std::string_view& text) {
  std::string name;
  if (!text.starts_with('"')) {
    const std::size_t end = text.find_first_of(". (");
    if (end == std::string_view::npos || end == 0) return std::nullopt;
    name = text.substr(0, end);
    text.remove_prefix(end);
    return name;
  }
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
  return CopyStatement{
      .schema = *std::move(schema), .table = *std::move(table), .rest = std::string(text)};
}

std::string copy_sql(const CopyStatement& copy, Freeze freeze) {
  return util::cat("COPY ", pg::QualifiedName{copy.schema, copy.table}.quoted(), copy.rest,
                   "FROM STDIN", freeze == Freeze::Yes ? " WITH (FREEZE)" : "");
}

}  // namespace load
