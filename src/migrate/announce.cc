// Keywords followed by names, wherever in a statement they stand (a DELETE may be in a WITH).
// Strings of a DO block are SQL that will run, so they are looked into; the body of a function only
// defines something.
#include "migrate/announce.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "util/error.h"

namespace migrate {
namespace {

class Scan {
 public:
  Scan(const std::vector<Token>& tokens, Announced& announced)
      : tokens_(tokens), announced_(announced) {}

  void run() {
    for (at_ = 0; at_ < tokens_.size();) {
      if (follows({"drop", "table"})) {
        skip({"if", "exists"});
        tables();
      } else if (follows({"drop", "schema"})) {
        skip({"if", "exists"});
        schemas();
      } else if (follows({"drop", "owned", "by"})) {
        announced_.everything = true;
      } else if (follows({"truncate"})) {
        truncated();
      } else if (follows({"delete", "from"})) {
        skip({"only"});
        tables();
      } else if (follows({"merge", "into"})) {
        skip({"only"});
        if (deletes_later()) tables();
      } else {
        ++at_;
      }
    }
  }

 private:
  bool word_at(std::size_t at, std::string_view word) const {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::Word && tokens_[at].text == word;
  }
  bool symbol_at(std::size_t at, char symbol) const {
    return at < tokens_.size() && tokens_[at].kind == TokenKind::Symbol &&
           tokens_[at].text.front() == symbol;
  }

  // Steps behind the words if they come next.
  bool follows(std::initializer_list<std::string_view> words) {
    std::size_t at = at_;
    for (const std::string_view word : words) {
      if (!word_at(at++, word)) return false;
    }
    at_ = at;
    return true;
  }
  void skip(std::initializer_list<std::string_view> words) { follows(words); }

  std::optional<std::string> part() {
    if (at_ == tokens_.size()) return std::nullopt;
    const Token& token = tokens_[at_];
    if (token.kind != TokenKind::Word && token.kind != TokenKind::QuotedName) return std::nullopt;
    ++at_;
    return token.text;
  }

  // name, schema.name or database.schema.name.
  std::optional<pg::QualifiedName> name() {
    std::optional<std::string> last = part();
    if (!last) return std::nullopt;
    pg::QualifiedName out{"", *last};
    while (symbol_at(at_, '.')) {
      ++at_;
      last = part();
      if (!last) return std::nullopt;
      out = {out.name, *last};
    }
    return out;
  }

  void tables() {
    do {
      skip({"only"});
      const std::optional<pg::QualifiedName> table = name();
      if (!table) return;
      announced_.tables.push_back(*table);
      if (symbol_at(at_, '*')) ++at_;
    } while (comma());
  }

  void schemas() {
    do {
      const std::optional<std::string> schema = part();
      if (!schema) return;
      announced_.schemas.push_back(*schema);
    } while (comma());
  }

  // TRUNCATE is a privilege and a trigger's event as well.
  void truncated() {
    if (word_at(at_, "on") || word_at(at_, "or") || symbol_at(at_, ',')) return;
    skip({"table"});
    tables();
  }

  bool deletes_later() const {
    for (std::size_t at = at_; at + 1 < tokens_.size(); ++at) {
      if (word_at(at, "then") && word_at(at + 1, "delete")) return true;
    }
    return false;
  }

  bool comma() {
    if (!symbol_at(at_, ',')) return false;
    ++at_;
    return true;
  }

  const std::vector<Token>& tokens_;
  Announced& announced_;
  std::size_t at_ = 0;
};

// A string that is no SQL announces nothing.
void scan_string(const std::string& text, Announced& announced) {
  std::vector<Token> inner;
  try {
    inner = tokens(text);
  } catch (const util::Error&) {
    return;
  }
  Scan(inner, announced).run();
  for (const Token& token : inner) {
    if (token.kind == TokenKind::String) scan_string(token.text, announced);
  }
}

void scan(const std::vector<Token>& statement, Announced& announced) {
  Scan(statement, announced).run();
  if (statement.empty() || statement.front().kind != TokenKind::Word ||
      statement.front().text != "do")
    return;
  for (const Token& token : statement) {
    if (token.kind == TokenKind::String) scan_string(token.text, announced);
  }
}

template <typename T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

}  // namespace

Announced announced(const std::vector<File>& files) {
  Announced out;
  for (const File& file : files) {
    for (const Statement& statement : file.statements) scan(tokens(statement.text), out);
  }
  sort_unique(out.schemas);
  sort_unique(out.tables);
  return out;
}

}  // namespace migrate
