// Names in definitions, and an order of statements by them: of those that need nothing any more the
// one with the lowest phase is next, then the one that was written first.
#include <functional>
#include <iterator>
#include <map>
#include <queue>
#include <utility>

#include "schema/script.h"
#include "util/text.h"

namespace schema {
namespace {

using util::cat;

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

// One identifier at `at`, quotes and all; empty if there is none.
std::string_view take_name(std::string_view text, std::size_t& at) {
  const std::size_t from = at;
  if (at < text.size() && text[at] == '"') {
    for (++at; at < text.size(); ++at) {
      if (text[at] != '"') continue;
      if (at + 1 == text.size() || text[at + 1] != '"') break;
      ++at;
    }
    if (at < text.size()) ++at;
  } else {
    while (at < text.size() && is_name_byte(text[at])) ++at;
  }
  return text.substr(from, at - from);
}

bool is_own(std::string_view fact) {
  return fact == "comment" || fact == "owner" || fact == "acl" || fact == "source" ||
         fact == "owned by" || fact == "identity of";
}

class Ordering {
 public:
  explicit Ordering(Statements statements)
      : statements_(std::move(statements)),
        waits_for_(statements_.size(), 0),
        followers_(statements_.size()),
        done_(statements_.size(), false) {}

  Statements run() {
    link();
    for (std::size_t n = 0; n < statements_.size(); ++n) {
      if (waits_for_[n] == 0) ready_.push(rank(n));
      rest_.insert(rank(n));
    }
    Statements out;
    while (!rest_.empty()) out.push_back(take(next()));
    return out;
  }

 private:
  using Rank = std::pair<Phase, std::size_t>;
  Rank rank(std::size_t n) const { return {statements_[n].phase, n}; }

  void link() {
    std::multimap<std::string_view, std::size_t> makers, droppers;
    for (std::size_t n = 0; n < statements_.size(); ++n) {
      if (!statements_[n].makes.empty()) makers.emplace(statements_[n].makes, n);
      if (!statements_[n].drops.empty()) droppers.emplace(statements_[n].drops, n);
    }
    for (std::size_t n = 0; n < statements_.size(); ++n) {
      const auto [first_old, last_old] = droppers.equal_range(statements_[n].makes);
      for (auto dropper = first_old; dropper != last_old; ++dropper) link(dropper->second, n);
      for (const std::string& name : statements_[n].needs) {
        const auto [first, last] = makers.equal_range(name);
        for (auto maker = first; maker != last; ++maker) link(maker->second, n);
      }
      for (const std::string& name : statements_[n].frees) {
        const auto [first, last] = droppers.equal_range(name);
        for (auto dropper = first; dropper != last; ++dropper) link(n, dropper->second);
      }
    }
  }
  void link(std::size_t first, std::size_t then) {
    if (first == then) return;
    followers_[first].push_back(then);
    ++waits_for_[then];
  }

  std::size_t next() {
    while (!ready_.empty()) {
      const std::size_t n = ready_.top().second;
      ready_.pop();
      if (!done_[n]) return n;
    }
    return rest_.begin()->second;  // a circle
  }

  Statement take(std::size_t n) {
    done_[n] = true;
    rest_.erase(rank(n));
    for (const std::size_t follower : followers_[n]) {
      if (--waits_for_[follower] == 0) ready_.push(rank(follower));
    }
    return std::move(statements_[n]);
  }

  Statements statements_;
  std::vector<std::size_t> waits_for_;
  std::vector<std::vector<std::size_t>> followers_;
  std::vector<bool> done_;
  std::priority_queue<Rank, std::vector<Rank>, std::greater<>> ready_;
  std::set<Rank> rest_;
};

}  // namespace

Names names_in(std::string_view text) {
  Names names;
  for (std::size_t at = 0; at < text.size();) {
    std::string_view name = take_name(text, at);
    if (name.empty()) {
      ++at;
      continue;
    }
    std::string chain(name);
    names.words.emplace(name);
    while (at + 1 < text.size() && text[at] == '.') {
      names.qualified.insert(chain);
      ++at;
      name = take_name(text, at);
      if (name.empty()) break;
      names.words.emplace(name);
      chain += cat(".", name);
      names.qualified.insert(chain);
    }
  }
  return names;
}

Names names_in(const Element& element) {
  std::string text = cat(element.of, " ", element.identity);
  for (const Fact& fact : element.facts) {
    if (!is_own(fact.name)) text += cat("\n", fact.value);
  }
  return names_in(std::string_view(text));
}

std::string called(const Element& element) {
  if (element.kind != Kind::Function && element.kind != Kind::Procedure &&
      element.kind != Kind::Aggregate)
    return element.identity;
  std::size_t at = 0;
  const std::string_view identity = element.identity;
  take_name(identity, at);
  if (at < identity.size() && identity[at] == '.') take_name(identity, ++at);
  return std::string(identity.substr(0, at));
}

void append(Statements& to, Statements from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

Statements in_order(Statements statements) { return Ordering(std::move(statements)).run(); }

}  // namespace schema
