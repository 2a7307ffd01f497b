#include "migrate/mentions.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>
#include <vector>

#include "migrate/statements.h"
#include "util/error.h"
#include "util/text.h"

namespace migrate {
namespace {

using util::cat;

constexpr std::size_t kNameBytes = 63;       // the server cuts longer ones
constexpr std::size_t kMostNames = 200'000;  // far beyond what a schema has: values of a data load
constexpr std::size_t kMostDepth = 4;        // of strings within strings

constexpr std::array<std::string_view, 9> kPhrases{
    "all tables",     "all sequences", "all functions",      "all procedures", "all routines",
    "reassign owned", "drop owned",    "default privileges", "foreign schema"};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_word_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '$' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Whether the strings of a statement that begins so are code.
bool is_code(const std::vector<std::string>& first_words) {
  if (first_words.empty()) return false;
  if (first_words.front() == "do") return true;
  return first_words.front() == "create" &&
         std::any_of(first_words.begin(), first_words.end(), [](const std::string& word) {
           return word == "function" || word == "procedure";
         });
}

// A load of rows, which can change no schema: not worth to be taken apart.
bool only_writes_rows(std::string_view sql) {
  constexpr std::array<std::string_view, 3> kRows{"insert", "update", "delete"};
  constexpr std::size_t kWord = 6;
  sql = util::trim(sql);
  while (sql.ends_with(';')) sql.remove_suffix(1);
  const std::string word = util::lower(sql.substr(0, kWord));
  return std::find(kRows.begin(), kRows.end(), word) != kRows.end() &&
         sql.find(';') == std::string_view::npos;
}

}  // namespace

void Mentions::add(std::string_view sql, Whole whole) {
  if (only_writes_rows(sql)) return;
  if (whole == Whole::No) complete_ = false;
  add_tokens(sql, /*code=*/false, 0);
}

void Mentions::add_tokens(std::string_view sql, bool code, std::size_t depth) {
  constexpr std::size_t kFirstWords = 4;  // create or replace function
  std::vector<Token> all;
  try {
    all = tokens(sql);
  } catch (const util::Error&) {  // the server decides what it is; here only its words count
    return add_words(sql);
  }
  std::vector<std::string> first_words;
  for (std::size_t n = 0; n < all.size(); ++n) {
    const Token& token = all[n];
    if (token.kind == TokenKind::Symbol) {
      if (token.text == ";") first_words.clear();
      continue;
    }
    if (token.kind == TokenKind::String) {
      if (code && token.text.size() <= kNameBytes) add_name(token.text, {});  // for %I
      if ((code || is_code(first_words)) && depth < kMostDepth)
        add_tokens(token.text, /*code=*/true, depth + 1);
      continue;
    }
    const bool word = token.kind == TokenKind::Word;
    if (word && first_words.size() < kFirstWords) first_words.push_back(token.text);
    if (word && is_digit(token.text.front())) continue;
    const bool qualified = n >= 2 && all[n - 1].text == "." &&
                           all[n - 1].kind == TokenKind::Symbol &&
                           all[n - 2].kind != TokenKind::Symbol;
    add_name(token.text, qualified ? std::string_view(all[n - 2].text) : std::string_view());
    if (word && n > 0 && all[n - 1].kind == TokenKind::Word) {
      const std::string phrase = cat(all[n - 1].text, " ", token.text);
      if (std::find(kPhrases.begin(), kPhrases.end(), phrase) != kPhrases.end())
        phrases_.insert(phrase);
    }
  }
}

void Mentions::add_words(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      const std::size_t end = std::min(text.find('"', at + 1), text.size());
      add_name(text.substr(at + 1, end - at - 1), {});
      ++at;  // an unpaired quote must not hide the words behind it
    } else if (is_word_byte(text[at])) {
      std::size_t end = at;
      while (end < text.size() && is_word_byte(text[end])) ++end;
      add_name(util::lower(text.substr(at, end - at)), {});
      at = end;
    } else {
      ++at;
    }
  }
}

void Mentions::add_name(std::string_view name, std::string_view qualifier) {
  std::string key(util::cut_utf8(name, kNameBytes));
  if (qualifiers_.size() >= kMostNames && !qualifiers_.contains(key)) {
    complete_ = false;
    return;
  }
  qualifiers_[std::move(key)].emplace(util::cut_utf8(qualifier, kNameBytes));
}

bool Mentions::names(std::string_view schema, std::string_view name) const {
  const auto found = qualifiers_.find(std::string(name));
  if (found == qualifiers_.end()) return false;
  const std::set<std::string>& qualifiers = found->second;
  return qualifiers.contains("") || qualifiers.contains(std::string(schema));
}

bool Mentions::says(std::string_view two_words) const { return phrases_.contains(two_words); }

}  // namespace migrate
