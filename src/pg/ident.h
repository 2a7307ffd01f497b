// Names and literals in SQL text. The only place where text becomes SQL.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace pg {

// "name", inner quotes doubled; always quoted. A name with a zero byte is Kind::Usage.
std::string quote_ident(std::string_view name);
// 'text' or E'…' when it holds a backslash: right whatever standard_conforming_strings is.
std::string quote_literal(std::string_view text);

// A schema-qualified name, raw (unquoted) parts.
struct QualifiedName {
  std::string schema;
  std::string name;

  std::string quoted() const { return quote_ident(schema) + "." + quote_ident(name); }
  // schema.name for people: quoted only where needed, control characters made visible.
  std::string display() const;
  friend auto operator<=>(const QualifiedName&, const QualifiedName&) = default;
};

}  // namespace pg
