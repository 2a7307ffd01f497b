#include "compare/foreign_keys.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "archive/identifiers.h"

namespace compare {
namespace {

std::optional<pg::QualifiedName> take_name(std::string_view& text) {
  std::optional<std::string> schema = archive::take_identifier(text);
  if (!schema || !text.starts_with('.')) return std::nullopt;
  text.remove_prefix(1);
  std::optional<std::string> name = archive::take_identifier(text);
  if (!name) return std::nullopt;
  return pg::QualifiedName{*std::move(schema), *std::move(name)};
}

// ALTER TABLE ONLY a.b ADD CONSTRAINT c FOREIGN KEY (d) REFERENCES e.f(g) …
std::optional<std::pair<pg::QualifiedName, pg::QualifiedName>> key_of(std::string_view text) {
  if (!archive::take_word(text, "ALTER TABLE")) return std::nullopt;
  archive::take_word(text, "ONLY ");
  std::optional<pg::QualifiedName> from = take_name(text);
  if (!from || !archive::take_word(text, "ADD CONSTRAINT") || !archive::take_identifier(text) ||
      !archive::take_word(text, "FOREIGN KEY") || !archive::take_identifier_list(text) ||
      !archive::take_word(text, "REFERENCES"))
    return std::nullopt;
  std::optional<pg::QualifiedName> to = take_name(text);
  if (!to) return std::nullopt;
  return std::pair{*std::move(from), *std::move(to)};
}

// Depth first: a table is placed when all that refer to it are.
class Order {
 public:
  explicit Order(const ForeignKeys& keys) {
    for (const auto& [from, to] : keys) {
      if (from != to) referring_[to].insert(from);
    }
  }
  void place(const pg::QualifiedName& first, const std::set<pg::QualifiedName>& wanted) {
    // Without recursion: chains of keys can be long.
    std::vector<std::pair<pg::QualifiedName, bool>> stack{{first, false}};
    while (!stack.empty()) {
      const auto [table, done] = stack.back();
      stack.pop_back();
      if (done) {
        if (wanted.contains(table)) placed.push_back(table);
        continue;
      }
      if (!seen_.insert(table).second) continue;
      stack.emplace_back(table, true);
      const std::set<pg::QualifiedName>& referring = referring_[table];
      for (auto at = referring.rbegin(); at != referring.rend(); ++at)
        stack.emplace_back(*at, false);
    }
  }
  std::vector<pg::QualifiedName> placed;

 private:
  std::map<pg::QualifiedName, std::set<pg::QualifiedName>> referring_;
  std::set<pg::QualifiedName> seen_;
};

}  // namespace

ForeignKeys foreign_keys_of(const archive::Toc& toc) {
  ForeignKeys keys;
  for (const archive::TocEntry& entry : toc.entries) {
    if (entry.desc != "FK CONSTRAINT" || !entry.definition) continue;
    if (auto key = key_of(*entry.definition)) keys.push_back(*std::move(key));
  }
  return keys;
}

std::vector<pg::QualifiedName> referring_first(const std::vector<pg::QualifiedName>& tables,
                                               const ForeignKeys& keys) {
  const std::set<pg::QualifiedName> wanted(tables.begin(), tables.end());
  Order order(keys);
  for (const pg::QualifiedName& table : wanted) order.place(table, wanted);
  return std::move(order.placed);
}

}  // namespace compare
