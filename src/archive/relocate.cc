#include "archive/relocate.h"

#include <algorithm>
#include <optional>

#include "archive/entry_sql.h"
#include "archive/identifiers.h"
#include "archive/sql_text.h"
#include "util/text.h"

namespace archive {
namespace {

using util::cat;

bool starts_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool in_word(char c) { return starts_word(c) || (c >= '0' && c <= '9') || c == '$'; }

// Behind the literal that begins at `at` with its quote.
std::size_t literal_end(std::string_view sql, std::size_t at, bool backslashes) {
  for (std::size_t n = at + 1; n < sql.size(); ++n) {
    if (backslashes && sql[n] == '\\') {
      ++n;
    } else if (sql[n] == '\'') {
      if (!sql.substr(n + 1).starts_with('\'')) return n + 1;
      ++n;
    }
  }
  return sql.size();
}

// Behind the dollar-quoted text that begins at `at`; `at` if none does.
std::size_t dollar_end(std::string_view sql, std::size_t at) {
  std::size_t tag = at + 1;
  while (tag < sql.size() && in_word(sql[tag]) && sql[tag] != '$') ++tag;
  if (tag == sql.size() || sql[tag] != '$' || (sql[at + 1] >= '0' && sql[at + 1] <= '9')) return at;
  const std::string_view quote = sql.substr(at, tag + 1 - at);
  const std::size_t end = sql.find(quote, tag + 1);
  return end == std::string_view::npos ? sql.size() : end + quote.size();
}

}  // namespace

// One statement from its beginning to its end.
class Relocation::Pass {
 public:
  Pass(const Relocation& relocation, std::string_view sql)
      : relocation_(relocation), sql_(sql), sets_(sql.starts_with("SELECT pg_catalog.setval(")) {}

  std::string run() {
    while (at_ < sql_.size()) {
      const char c = sql_[at_];
      if (c == '\'') {
        literal(/*backslashes=*/false);
      } else if (c == '"' || starts_word(c)) {
        name();
      } else if (c == '$') {
        keep(std::max(dollar_end(sql_, at_), at_ + 1));
      } else if (c >= '0' && c <= '9') {
        keep(number_end());
      } else {
        keep(at_ + 1);
      }
    }
    return std::move(out_);
  }

 private:
  void keep(std::size_t end) {
    out_ += sql_.substr(at_, end - at_);
    at_ = end;
  }

  std::size_t number_end() const {
    std::size_t end = at_;
    while (end < sql_.size() && (in_word(sql_[end]) || sql_[end] == '.')) ++end;
    return end;
  }

  // 'schema.name'::regclass, and the first argument of setval().
  void literal(bool backslashes) {
    const std::size_t end = literal_end(sql_, at_, backslashes);
    const bool regclass = sql_.substr(end).starts_with("::regclass") || sets_;
    const std::string inner = util::replace_all(
        std::string(sql_.substr(at_ + 1, std::max(end, at_ + 2) - at_ - 2)), "''", "'");
    std::string_view rest = inner;
    const std::optional<std::string> schema = take_identifier(rest);
    if (regclass && !backslashes && schema && rest.starts_with('.')) {
      rest.remove_prefix(1);
      const std::optional<std::string> relation = take_identifier(rest);
      const std::string* const to =
          relation && rest.empty() ? relocation_.schema_of(*schema, *relation) : nullptr;
      if (to != nullptr) {
        out_ += sql_literal(cat(quoted(*to), ".", quoted(*relation)));
        at_ = end;
        return;
      }
    }
    keep(end);
  }

  void name() {
    std::string_view rest = sql_.substr(at_);
    const std::optional<std::string> first = part(rest);
    if (rest.starts_with('\'') && first && (*first == "E" || *first == "e")) {
      keep(sql_.size() - rest.size());
      literal(/*backslashes=*/true);
      return;
    }
    std::string_view behind = rest;
    std::optional<std::string> second;
    if (behind.starts_with('.')) {
      behind.remove_prefix(1);
      second = part(behind);
    }
    const std::string* const to =
        first && second && !is_call(behind) ? relocation_.schema_of(*first, *second) : nullptr;
    if (to != nullptr) {
      out_ += cat(quoted(*to), ".", quoted(*second));
      at_ = sql_.size() - behind.size();
    } else {
      previous_ = first.value_or("");
      if (second) rest = behind;
      keep(std::max(sql_.size() - rest.size(), at_ + 1));
    }
  }

  // A function may have the table's name. Only what a key refers to has its columns without a
  // blank.
  bool is_call(std::string_view behind) const {
    return behind.starts_with('(') && previous_ != "REFERENCES";
  }

  static std::optional<std::string> part(std::string_view& text) {
    if (text.starts_with('"')) return take_identifier(text);
    std::size_t end = 0;
    while (end < text.size() && in_word(text[end])) ++end;
    if (end == 0 || !starts_word(text.front())) return std::nullopt;
    std::string word(text.substr(0, end));
    text.remove_prefix(end);
    return word;
  }

  const Relocation& relocation_;
  const std::string_view sql_;
  const bool sets_;  // the position of a sequence
  std::size_t at_ = 0;
  std::string previous_;  // the last word that stayed
  std::string out_;
};

const std::string* Relocation::schema_of(std::string_view schema, std::string_view name) const {
  const auto found = moved_.find({std::string(schema), std::string(name)});
  return found == moved_.end() ? nullptr : &found->second;
}

std::string Relocation::statement(std::string_view sql) const { return Pass(*this, sql).run(); }

TocEntry Relocation::entry(const TocEntry& entry) const {
  TocEntry moved = entry;
  if (entry.definition) moved.definition = statement(*entry.definition);
  if (entry.copy) moved.copy = statement(*entry.copy);
  const std::string* const to = entry.schema ? schema_of(*entry.schema, entry.tag) : nullptr;
  if (to != nullptr) moved.schema = *to;
  return moved;
}

}  // namespace archive
