// Identifiers in the SQL of an archive's contents, as the server's deparse writes them: quoted
// where they need it. For statements whose beginning is known; no parser of SQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace archive {

// Takes one identifier, quoted or not, from the front of `text`; raw. Nothing if there is none.
std::optional<std::string> take_identifier(std::string_view& text);
// Takes "(a, "b c")" from the front; blanks before it are skipped. Nothing if it is no such list.
std::optional<std::vector<std::string>> take_identifier_list(std::string_view& text);
// Takes `word` from the front, with the blanks and line ends around it. False, and only those
// before it taken, if something else stands there.
bool take_word(std::string_view& text, std::string_view word);

// The COPY statement of a data entry, taken apart.
struct CopyStatement {
  std::string schema;                // raw
  std::string table;                 // raw
  std::string rest;                  // " (columns) " as it stands, up to FROM stdin
  std::vector<std::string> columns;  // raw
};
// Nothing if it is not "COPY schema.table … FROM stdin;".
std::optional<CopyStatement> parse_copy(std::string_view text);

}  // namespace archive
