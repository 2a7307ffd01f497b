// How a row is found without looking at all of them: the condition with the longest value, or else
// the expression, is searched for in the whole batch at once; only the row around a hit is taken
// apart. Where hits are frequent that costs little more than going row by row, where they are rare
// it runs at the speed of memory.
#include "extract/filter.h"

#include <re2/re2.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "archive/copy_text.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using util::cat;
using util::Error;
using util::Kind;

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// The text of a literal 'it''s'; nothing if it is none.
std::optional<std::string> unquoted(std::string_view literal) {
  if (literal.size() < 2 || !literal.ends_with('\'')) return std::nullopt;
  const std::string_view inner = literal.substr(1, literal.size() - 2);
  std::string value;
  for (std::size_t n = 0; n < inner.size(); ++n) {
    if (inner[n] == '\'' && !inner.substr(++n).starts_with('\'')) return std::nullopt;
    value += inner[n];
  }
  return value;
}

// One condition on the raw fields of a row.
struct Wanted {
  std::size_t column = 0;
  std::string field;   // as it stands in the archive
  std::string needle;  // the same with what divides it from its neighbours
};

Wanted wanted(const std::vector<std::string>& columns, const Condition& condition,
              std::string_view table) {
  Wanted made{.column = column_index(columns, condition.column, table), .field = {}, .needle = {}};
  archive::append_field(made.field, condition.value);
  const bool last = made.column + 1 == columns.size();
  made.needle = cat(made.column == 0 ? "" : "\t", made.field, last ? "\n" : "\t");
  return made;
}

bool holds(std::string_view row, const Wanted& condition) {
  for (std::size_t n = 0; n < condition.column; ++n) {
    const std::size_t tab = row.find('\t');
    if (tab == std::string_view::npos) return false;
    row.remove_prefix(tab + 1);
  }
  return row.starts_with(condition.field) &&
         (row.size() == condition.field.size() || row[condition.field.size()] == '\t');
}

std::size_t find_in(std::string_view text, std::string_view needle) {
  const void* const found = ::memmem(text.data(), text.size(), needle.data(), needle.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

// Every match lies within one line, so a whole batch can be searched at once.
std::unique_ptr<RE2> compile(const Grep& grep) {
  if (grep.expression.empty()) return nullptr;
  RE2::Options options;
  options.set_encoding(grep.alphabet == Alphabet::Utf8 ? RE2::Options::EncodingUTF8
                                                       : RE2::Options::EncodingLatin1);
  options.set_log_errors(false);
  options.set_never_nl(true);
  options.set_never_capture(true);
  auto made = std::make_unique<RE2>(cat("(?m)", grep.expression), options);
  if (made->ok()) return made;
  throw Error(
      Kind::Usage,
      cat("--grep ", util::printable(grep.expression), ": ", util::printable(made->error())),
      {.hint = "The syntax is that of RE2.", .sqlstate = {}});
}

}  // namespace

Condition parse_condition(std::string_view text) {
  const std::string_view whole = text;
  const auto refuse = [whole](std::string_view what) {
    throw Error(
        Kind::Usage, cat("--where ", util::printable(whole), ": ", what),
        {.hint = "Give column=value, column='quoted value' or column=NULL.", .sqlstate = {}});
  };
  Condition condition{.column = take_column(text, "=", "where"), .value = std::nullopt};
  if (text.empty()) refuse("there is no =");
  const std::string_view value = without_blanks(text.substr(1));
  if (value.starts_with('\'')) {
    condition.value = unquoted(value);
    if (!condition.value) refuse("the quotes of the value do not fit");
  } else if (util::lower(value) != "null") {
    condition.value = value;
  }
  return condition;
}

struct RowFilter::State {
  std::vector<Wanted> conditions;  // the one to search for first
  std::unique_ptr<RE2> expression;

  // Where in `text` the next row may be that is wanted: a position within it.
  std::size_t candidate(std::string_view text) const {
    if (!conditions.empty()) return find_in(text, conditions.front().needle);
    if (!expression) return 0;
    re2::StringPiece match;
    const re2::StringPiece in(text.data(), text.size());
    if (!expression->Match(in, 0, in.size(), RE2::UNANCHORED, &match, 1))
      return std::string_view::npos;
    return static_cast<std::size_t>(match.data() - text.data());
  }

  bool passes(std::string_view row) const {
    for (const Wanted& condition : conditions) {
      if (!holds(row, condition)) return false;
    }
    if (!expression || conditions.empty()) return true;  // without conditions it was searched for
    return RE2::PartialMatch(re2::StringPiece(row.data(), row.size()), *expression);
  }
};

RowFilter::RowFilter(const std::vector<std::string>& columns,
                     const std::vector<Condition>& conditions, const Grep& grep,
                     std::string_view table) {
  auto state = std::make_unique<State>();
  for (const Condition& condition : conditions)
    state->conditions.push_back(wanted(columns, condition, table));
  std::stable_sort(
      state->conditions.begin(), state->conditions.end(),
      [](const Wanted& a, const Wanted& b) { return a.needle.size() > b.needle.size(); });
  state->expression = compile(grep);
  state_ = std::move(state);
}

RowFilter::~RowFilter() = default;
RowFilter::RowFilter(RowFilter&&) noexcept = default;

bool RowFilter::passes_all() const noexcept {
  return state_->conditions.empty() && !state_->expression;
}

std::optional<std::string_view> RowFilter::next(std::string_view& rest) const {
  while (!rest.empty()) {
    // A hit on the tab or the newline at its edges belongs to the row of the field.
    const std::size_t hit = state_->candidate(rest);
    if (hit == std::string_view::npos) break;
    const std::size_t before = hit == 0 ? std::string_view::npos : rest.rfind('\n', hit - 1);
    const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
    const std::size_t end = rest.find('\n', hit);
    if (end == std::string_view::npos) break;
    const std::string_view row = rest.substr(begin, end - begin);
    rest.remove_prefix(end + 1);
    if (state_->passes(row)) return row;
  }
  rest = {};
  return std::nullopt;
}

}  // namespace extract
