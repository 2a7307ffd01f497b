#include "pg/ident.h"

#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

void refuse_zero_byte(std::string_view text, std::string_view what) {
  if (text.find('\0') != std::string_view::npos) {
    throw util::Error(util::Kind::Usage,
                      util::cat(what, " holds a zero byte, which PostgreSQL cannot store: ",
                                util::printable(text)));
  }
}

// What PostgreSQL reads back unquoted as itself. Keywords are not looked up: this is for people.
bool plain(std::string_view name) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
  };
  if (name.empty() || !letter(name.front()) || !util::is_utf8(name)) return false;
  for (const char c : name) {
    if (!letter(c) && !(c >= '0' && c <= '9') && c != '$') return false;
  }
  return true;
}

std::string for_people(std::string_view name) {
  return plain(name) ? std::string(name)
                     : util::cat('"', util::replace_all(util::printable(name), "\"", "\"\""), '"');
}

}  // namespace

std::string quote_ident(std::string_view name) {
  refuse_zero_byte(name, "a name");
  return util::cat('"', util::replace_all(std::string(name), "\"", "\"\""), '"');
}

std::string quote_literal(std::string_view text) {
  refuse_zero_byte(text, "a text");
  std::string inner = util::replace_all(std::string(text), "'", "''");
  if (inner.find('\\') == std::string::npos) return util::cat('\'', inner, '\'');
  return util::cat("E'", util::replace_all(std::move(inner), "\\", "\\\\"), '\'');
}

std::string QualifiedName::display() const {
  return util::cat(for_people(schema), '.', for_people(name));
}

}  // namespace pg
