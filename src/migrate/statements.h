// SQL text cut into statements and tokens, as far as telling them apart needs: quotes, dollar
// quotes, nested comments, parentheses, and bodies in BEGIN ATOMIC … END. Knows no grammar beyond
// that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

struct Statement {
  std::string text;      // without the semicolon and the comments before it
  std::size_t line = 1;  // of its first word in the file
};

enum class TokenKind { Word, QuotedName, String, Symbol };
struct Token {
  TokenKind kind = TokenKind::Symbol;
  std::string text;        // Word: folded to lower case; QuotedName, String: without their quotes;
                           // Symbol: one character
  std::size_t offset = 0;  // of its first byte
  std::size_t end = 0;     // behind its last byte
};

// Comments are skipped. Kind::Usage with the line if a quote or a comment is not closed.
std::vector<Token> tokens(std::string_view sql);
// Kind::Usage with the line for a psql command (a backslash outside quotes) and for what tokens()
// refuses.
std::vector<Statement> split_statements(std::string_view sql);

// CREATE INDEX, REINDEX, DROP INDEX or DETACH PARTITION with CONCURRENTLY: it waits for every older
// transaction, and what it leaves when it gives up is invalid. Not so REFRESH MATERIALIZED VIEW.
bool works_concurrently(std::string_view sql) noexcept;

}  // namespace migrate
