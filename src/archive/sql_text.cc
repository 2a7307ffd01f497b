#include "archive/sql_text.h"

#include "util/text.h"

namespace archive {

std::string sql_literal(std::string_view text) {
  std::string out = text.find_first_of("\\\n\r") == std::string_view::npos ? "'" : "E'";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == '\'' || c == '\\') out += c;
      out += c;
    }
  }
  return out + "'";
}

std::string sql_do_block(std::string_view body) {
  std::string tag = "$pgbelay$";
  while (body.find(tag) != std::string_view::npos) tag.insert(tag.size() - 1, "_");
  return util::cat("DO ", tag, "BEGIN ", body, " END", tag, ";\n");
}

}  // namespace archive
