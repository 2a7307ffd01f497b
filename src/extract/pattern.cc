#include "extract/pattern.h"

#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace extract {

TablePattern::TablePattern(std::string_view text) {
  const auto refuse = [text](std::string_view what) {
    throw util::Error(util::Kind::Usage, util::cat("--table ", util::printable(text), ": ", what),
                      {.hint = "Give a name or a pattern such as members, app.members, 'app.*'.",
                       .sqlstate = {}});
  };
  bool quoted = false;
  bool divided = false;
  for (std::size_t n = 0; n < text.size(); ++n) {
    const char c = text[n];
    if (c == '"') {
      if (quoted && text.substr(n + 1).starts_with('"')) {
        table_.push_back({Stands::ForItself, text[++n]});
      } else {
        quoted = !quoted;
      }
    } else if (quoted) {
      table_.push_back({Stands::ForItself, c});
    } else if (c == '.') {
      if (divided) refuse("more than schema and table are named");
      divided = true;
      schema_.swap(table_);
    } else if (c == '*' || c == '?') {
      table_.push_back({c == '*' ? Stands::ForAnyNumber : Stands::ForAny, c});
    } else {
      table_.push_back({Stands::ForItself, util::lower({&c, 1}).front()});
    }
  }
  if (quoted) refuse("the quotes do not end");
  if (table_.empty() || (divided && schema_.empty())) refuse("a name is empty");
  if (!divided) schema_ = {{Stands::ForAnyNumber, '*'}};
}

// Goes back to the last `*` when what follows it does not fit: linear but for what repeats itself.
bool TablePattern::matches(const Glob& glob, std::string_view name) {
  std::size_t at = 0, in = 0;
  std::size_t star = glob.size(), begun = 0;
  while (in < name.size()) {
    const bool more = at < glob.size();
    if (more && glob[at].stands == Stands::ForAnyNumber) {
      star = at++;
      begun = in;
    } else if (more && (glob[at].stands == Stands::ForAny || glob[at].c == name[in])) {
      ++at;
      ++in;
    } else if (star < glob.size()) {
      at = star + 1;
      in = ++begun;
    } else {
      return false;
    }
  }
  return std::all_of(glob.begin() + static_cast<std::ptrdiff_t>(at), glob.end(),
                     [](const Part& part) { return part.stands == Stands::ForAnyNumber; });
}

bool TablePattern::matches(std::string_view schema, std::string_view table) const {
  return matches(schema_, schema) && matches(table_, table);
}

}  // namespace extract
