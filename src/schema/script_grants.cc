// Privileges as GRANT and REVOKE. An absent list stands for the default: the owner has everything,
// and everybody may call functions.
#include <algorithm>
#include <map>
#include <utility>

#include "pg/ident.h"
#include "schema/script.h"
#include "util/text.h"

namespace schema {
namespace {

using util::cat;

// item: grantee=privileges/grantor, a role in double quotes where it needs them.
struct Grant {
  std::string letters, grantor;
};
using Grants = std::map<std::string, Grant>;  // by grantee; "": everybody

struct Privilege {
  char letter;
  std::string_view word;
};
constexpr Privilege kPrivileges[] = {{'r', "SELECT"},  {'a', "INSERT"},   {'w', "UPDATE"},
                                     {'d', "DELETE"},  {'D', "TRUNCATE"}, {'x', "REFERENCES"},
                                     {'t', "TRIGGER"}, {'m', "MAINTAIN"}, {'X', "EXECUTE"},
                                     {'U', "USAGE"},   {'C', "CREATE"}};

std::string_view word_of(char letter) {
  const auto* const found =
      std::find_if(std::begin(kPrivileges), std::end(kPrivileges),
                   [&](const Privilege& one) { return one.letter == letter; });
  return found == std::end(kPrivileges) ? std::string_view{} : found->word;
}

// What an owner has by default, but for what only newer servers know.
std::string_view everything(Kind kind) {
  switch (kind) {
    case Kind::Table:
    case Kind::View:
    case Kind::MaterializedView:
      return "rawdDxt";
    case Kind::Sequence:
      return "rwU";
    case Kind::Schema:
      return "UC";
    case Kind::Function:
    case Kind::Procedure:
      return "X";
    default:
      return {};
  }
}

bool is_called(Kind kind) { return kind == Kind::Function || kind == Kind::Procedure; }

std::string object_of(const Element& element) {
  const bool own =
      element.kind == Kind::Schema || element.kind == Kind::Sequence || is_called(element.kind);
  return cat(own ? keyword(element.kind) : std::string_view("TABLE"), " ", element.identity);
}

std::optional<Grants> parse(std::string_view list) {
  Grants grants;
  for (const std::string& item : texts_of(list)) {
    bool quoted = false;
    std::size_t equals = std::string::npos, slash = std::string::npos;
    for (std::size_t at = 0; at < item.size(); ++at) {
      if (item[at] == '"') quoted = !quoted;
      if (quoted) continue;
      if (item[at] == '=' && equals == std::string::npos) equals = at;
      if (item[at] == '/' && slash == std::string::npos) slash = at;
    }
    if (equals == std::string::npos || slash == std::string::npos || slash < equals)
      return std::nullopt;
    const bool first =
        grants
            .try_emplace(item.substr(0, equals),
                         Grant{item.substr(equals + 1, slash - equals - 1), item.substr(slash + 1)})
            .second;
    if (!first) return std::nullopt;  // by several grantors
  }
  return grants;
}

// The server writes a role in a list of privileges as it needs it there; both forms are tried.
bool is_role(std::string_view item, std::string_view role) {
  return item == role || item == pg::quote_ident(role);
}

class Granting {
 public:
  explicit Granting(const Element& element)
      : element_(element), owner_(element.value("owner")), all_(everything(element.kind)) {}

  Written between(const std::optional<std::string>& before,
                  const std::optional<std::string>& after) {
    std::optional<Grants> was = grants_of(before), is = grants_of(after);
    if (all_.empty() || !was || !is || !by_owner(*was) || !by_owner(*is)) return std::nullopt;
    for (const auto& [grantee, grant] : *was) {
      const auto now = is->find(grantee);
      if (now != is->end() && same(grantee, now->second, grant)) continue;
      add(cat("REVOKE ALL ON ", object_of(element_), " FROM ", who(grantee), ";"));
    }
    for (const auto& [grantee, grant] : *is) {
      const auto old = was->find(grantee);
      if (old != was->end() && same(grantee, old->second, grant)) continue;
      if (!give(grantee, grant)) return std::nullopt;
    }
    return std::move(statements_);
  }

 private:
  // The owner is always there, under one name: with everything where that is the default.
  std::optional<Grants> grants_of(const std::optional<std::string>& list) const {
    if (!list) {
      Grants by_default{{owner_, {std::string(all_), owner_}}};
      if (is_called(element_.kind)) by_default.emplace("", Grant{std::string(all_), owner_});
      return by_default;
    }
    std::optional<Grants> grants = parse(*list);
    if (!grants) return grants;
    Grants out;
    for (auto& [grantee, grant] : *grants) {
      const bool own = is_role(grantee, owner_);
      out.emplace(own ? owner_ : grantee, std::move(grant));
    }
    return out;
  }

  // What others granted on cannot be said by the owner.
  bool by_owner(const Grants& grants) const {
    return std::all_of(grants.begin(), grants.end(),
                       [&](const auto& one) { return is_role(one.second.grantor, owner_); });
  }

  bool has_all(const Grant& grant) const {
    return grant.letters.find('*') == std::string::npos &&
           std::all_of(all_.begin(), all_.end(), [&](char letter) {
             return grant.letters.find(letter) != std::string::npos;
           });
  }
  bool same(const std::string& grantee, const Grant& a, const Grant& b) const {
    return a.letters == b.letters || (grantee == owner_ && has_all(a) && has_all(b));
  }

  static std::string who(const std::string& grantee) {
    if (grantee.empty()) return "PUBLIC";
    return grantee.front() == '"' ? grantee : pg::quote_ident(grantee);
  }

  void add(std::string text) {
    statements_.push_back({.phase = Phase::Grant, .text = std::move(text)});
  }

  bool give(const std::string& grantee, const Grant& grant) {
    std::vector<std::string> plain, grantable;
    for (std::size_t at = 0; at < grant.letters.size(); ++at) {
      const std::string_view word = word_of(grant.letters[at]);
      if (word.empty()) return false;
      const bool option = at + 1 < grant.letters.size() && grant.letters[at + 1] == '*';
      (option ? grantable : plain).emplace_back(word);
      if (option) ++at;
    }
    const std::string to = cat(" ON ", object_of(element_), " TO ", who(grantee));
    if (grantee == owner_ && has_all(grant)) {
      add(cat("GRANT ALL", to, ";"));
      return true;
    }
    if (!plain.empty()) add(cat("GRANT ", util::join(plain, ", "), to, ";"));
    if (!grantable.empty())
      add(cat("GRANT ", util::join(grantable, ", "), to, " WITH GRANT OPTION;"));
    return true;
  }

  const Element& element_;
  std::string owner_;
  std::string_view all_;
  Statements statements_;
};

}  // namespace

Written grant_statements(const Element& element, const std::optional<std::string>& before,
                         const std::optional<std::string>& after) {
  return Granting(element).between(before, after);
}

}  // namespace schema
