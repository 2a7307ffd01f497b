// One pass over the text. A token ends where PostgreSQL's own scanner would end it; what matters
// here is only that a semicolon inside a literal, a comment or a body is never taken for the end of
// a statement.
#include "migrate/statements.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include "util/error.h"
#include "util/text.h"

namespace migrate {
namespace {

using util::cat;

bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_part(char c) { return is_name_start(c) || is_digit(c) || c == '$'; }

std::size_t line_at(std::string_view sql, std::size_t offset) {
  return 1 + static_cast<std::size_t>(
                 std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

class Lexer {
 public:
  explicit Lexer(std::string_view sql) : sql_(sql) {}

  std::optional<Token> next() {
    skip_blanks_and_comments();
    if (at_ == sql_.size()) return std::nullopt;
    const std::size_t offset = at_;
    Token token = lex();
    token.offset = offset;
    token.end = at_;
    return token;
  }

 private:
  char peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }

  [[noreturn]] void unclosed(std::string_view what, std::size_t from) const {
    throw util::Error(util::Kind::Usage,
                      cat("line ", line_at(sql_, from), ": ", what, " is not closed"));
  }

  void skip_blanks_and_comments() {
    while (at_ < sql_.size()) {
      if (is_blank(peek())) {
        ++at_;
      } else if (peek() == '-' && peek(1) == '-') {
        at_ = std::min(sql_.find('\n', at_), sql_.size());
      } else if (peek() == '/' && peek(1) == '*') {
        skip_block_comment();
      } else {
        return;
      }
    }
  }

  void skip_block_comment() {  // they nest
    const std::size_t from = at_;
    std::size_t depth = 0;
    do {
      if (at_ == sql_.size()) unclosed("the comment", from);
      if (peek() == '/' && peek(1) == '*') {
        ++depth;
        at_ += 2;
      } else if (peek() == '*' && peek(1) == '/') {
        --depth;
        at_ += 2;
      } else {
        ++at_;
      }
    } while (depth > 0);
  }

  Token lex() {
    const char c = peek();
    if (c == '\'') return {.kind = TokenKind::String, .text = quoted('\'', Escapes::No)};
    if (c == '"') return {.kind = TokenKind::QuotedName, .text = quoted('"', Escapes::No)};
    if ((c == 'e' || c == 'E') && peek(1) == '\'') {
      ++at_;
      return {.kind = TokenKind::String, .text = escape_string()};
    }
    if (c == '$') {
      if (std::optional<std::string> body = dollar_quoted())
        return {.kind = TokenKind::String, .text = *body};
    }
    if (is_name_start(c) || is_digit(c)) {
      const std::size_t from = at_;
      while (at_ < sql_.size() && is_name_part(peek())) ++at_;
      return {.kind = TokenKind::Word, .text = util::lower(sql_.substr(from, at_ - from))};
    }
    ++at_;
    return {.kind = TokenKind::Symbol, .text = std::string(1, c)};
  }

  enum class Escapes { No, Backslash };
  std::string quoted(char quote, Escapes escapes) {
    const std::size_t from = at_++;
    std::string text;
    for (;;) {
      if (at_ == sql_.size()) unclosed(quote == '"' ? "the quoted name" : "the string", from);
      const char c = sql_[at_++];
      if (escapes == Escapes::Backslash && c == '\\' && at_ < sql_.size()) {
        text += sql_[at_++];
      } else if (c != quote) {
        text += c;
      } else if (peek() == quote) {
        text += quote;
        ++at_;
      } else {
        return text;
      }
    }
  }

  // An E'' string goes on behind blanks with a newline in them, and its backslashes keep their
  // meaning there.
  std::string escape_string() {
    std::string text = quoted('\'', Escapes::Backslash);
    for (;;) {
      const std::size_t end = at_;
      skip_blanks_and_comments();
      const bool newline = sql_.substr(end, at_ - end).find('\n') != std::string_view::npos;
      if (!newline || peek() != '\'') {
        at_ = end;
        return text;
      }
      text += quoted('\'', Escapes::Backslash);
    }
  }

  // $$ … $$ or $tag$ … $tag$; nothing for a parameter like $1 or a lone dollar.
  std::optional<std::string> dollar_quoted() {
    std::size_t tag_end = at_ + 1;
    if (tag_end < sql_.size() && is_digit(sql_[tag_end])) return std::nullopt;
    while (tag_end < sql_.size() && sql_[tag_end] != '$' && is_name_part(sql_[tag_end])) ++tag_end;
    if (tag_end == sql_.size() || sql_[tag_end] != '$') return std::nullopt;
    const std::string_view tag = sql_.substr(at_, tag_end + 1 - at_);
    const std::size_t body = tag_end + 1;
    const std::size_t end = sql_.find(tag, body);
    if (end == std::string_view::npos) unclosed(cat("the dollar quote ", tag), at_);
    at_ = end + tag.size();
    return std::string(sql_.substr(body, end - body));
  }

  std::string_view sql_;
  std::size_t at_ = 0;
};

bool is_word(const Token& token, std::string_view word) {
  return token.kind == TokenKind::Word && token.text == word;
}
bool is_symbol(const Token& token, char symbol) {
  return token.kind == TokenKind::Symbol && token.text.front() == symbol;
}

// Follows one statement to its semicolon.
class Cutter {
 public:
  explicit Cutter(std::string_view sql) : sql_(sql) {}

  // True if `token` is the semicolon that ends the statement.
  bool ends(const Token& token) {
    if (is_symbol(token, '\\')) refuse_psql_command(token);
    if (seen_.empty() && is_symbol(token, ';')) return true;
    follow_depth(token);
    if (is_symbol(token, ';') && parentheses_ == 0 && blocks_ == 0) return true;
    seen_.push_back(token);
    return false;
  }

  bool empty() const { return seen_.empty(); }

  Statement take() {
    const std::size_t from = seen_.front().offset;
    Statement statement{std::string(sql_.substr(from, seen_.back().end - from)),
                        line_at(sql_, from)};
    refuse_copy_from_stdin(statement.line);
    seen_.clear();
    parentheses_ = blocks_ = 0;
    return statement;
  }

 private:
  void follow_depth(const Token& token) {
    if (is_symbol(token, '(')) ++parentheses_;
    if (is_symbol(token, ')') && parentheses_ > 0) --parentheses_;
    if (token.kind != TokenKind::Word) return;
    // As a label or behind a dot these words are names.
    const bool name =
        !seen_.empty() && (is_symbol(seen_.back(), '.') || is_word(seen_.back(), "as"));
    if (blocks_ == 0) {
      if (token.text == "atomic" && !seen_.empty() && is_word(seen_.back(), "begin") &&
          makes_routine())
        blocks_ = 1;
    } else if (!name && token.text == "case") {
      ++blocks_;
    } else if (!name && token.text == "end") {
      --blocks_;
    }
  }

  bool makes_routine() const {
    return is_word(seen_.front(), "create") &&
           std::any_of(seen_.begin(),
                       seen_.begin() + std::min<std::ptrdiff_t>(std::ssize(seen_), 4),
                       [](const Token& token) {
                         return is_word(token, "function") || is_word(token, "procedure");
                       });
  }

  [[noreturn]] void refuse_psql_command(const Token& token) const {
    throw util::Error(
        util::Kind::Usage,
        cat("line ", line_at(sql_, token.offset),
            ": a backslash command of psql cannot be run here"),
        {.hint = "Use SQL for it, or run the file by psql: pgbelay migrate -- psql -X -1 -v "
                 "ON_ERROR_STOP=1 -f FILE",
         .sqlstate = {}});
  }

  // What follows such a statement is data, not SQL.
  void refuse_copy_from_stdin(std::size_t line) const {
    if (!is_word(seen_.front(), "copy")) return;
    for (std::size_t n = 1; n < seen_.size(); ++n) {
      if (is_word(seen_[n], "stdin") && is_word(seen_[n - 1], "from")) {
        throw util::Error(
            util::Kind::Usage, cat("line ", line, ": COPY … FROM STDIN cannot be run from a file"),
            {.hint = "Write the rows as INSERT, or run the file by psql.", .sqlstate = {}});
      }
    }
  }

  std::string_view sql_;
  std::vector<Token> seen_;
  std::size_t parentheses_ = 0;
  std::size_t blocks_ = 0;
};

}  // namespace

std::vector<Token> tokens(std::string_view sql) {
  std::vector<Token> out;
  Lexer lexer(sql);
  while (std::optional<Token> token = lexer.next()) out.push_back(std::move(*token));
  return out;
}

std::vector<Statement> split_statements(std::string_view sql) {
  std::vector<Statement> out;
  Lexer lexer(sql);
  Cutter cutter(sql);
  while (const std::optional<Token> token = lexer.next()) {
    if (cutter.ends(*token) && !cutter.empty()) out.push_back(cutter.take());
  }
  if (!cutter.empty()) out.push_back(cutter.take());
  return out;
}

bool works_concurrently(std::string_view sql) noexcept {
  constexpr std::array<std::string_view, 4> kFirst{"create", "reindex", "drop", "alter"};
  constexpr std::string_view kWord = "concurrently";
  constexpr std::size_t kNear = 4'096;  // where it stands: not at the end of a load of rows
  try {
    if (util::lower(sql.substr(0, kNear)).find(kWord) == std::string::npos) return false;
    const std::vector<Token> words = tokens(sql);
    return !words.empty() &&
           std::find(kFirst.begin(), kFirst.end(), words.front().text) != kFirst.end() &&
           std::any_of(words.begin(), words.end(), [](const Token& token) {
             return token.kind == TokenKind::Word && token.text == kWord;
           });
  } catch (const std::exception&) {  // what cannot be read is none
    return false;
  }
}

}  // namespace migrate
