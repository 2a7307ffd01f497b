#include "guard/expected.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "archive/identifiers.h"
#include "util/text.h"

namespace guard {
namespace {

using schema::Change;
using schema::Element;
using schema::Kind;
using What = schema::Change::What;

// schema.name, quoted where it has to be, taken apart.
std::pair<std::string, std::string> raw_name(std::string_view identity) {
  const std::optional<std::string> first = archive::take_identifier(identity);
  if (!first || !identity.starts_with('.')) return {"", first.value_or("")};
  identity.remove_prefix(1);
  return {*first, archive::take_identifier(identity).value_or("")};
}

bool only_fact(const Change& change, std::string_view name) {
  return change.what == What::Changed &&
         std::all_of(change.facts.begin(), change.facts.end(),
                     [&](const schema::FactChange& fact) { return fact.name == name; });
}

// Nothing that the server writes anew because of another object.
bool is_own(std::string_view fact) {
  return fact == "comment" || fact == "owner" || fact == "acl" || fact == "source";
}

// What the element is made of, as SQL that says names.
migrate::Mentions texts_of(const Element& element) {
  migrate::Mentions said;
  said.add(element.identity);
  for (const schema::Fact& fact : element.facts) {
    if (!is_own(fact.name)) said.add(fact.value);
  }
  return said;
}

class Judging {
 public:
  Judging(const migrate::Mentions& said, const schema::Model& before, const schema::Model& after)
      : said_(said), before_(before), after_(after) {}

  void judge(std::vector<Change>& changes) {
    std::vector<Change*> open;
    for (Change& change : changes) {
      if (is_said(change)) {
        accept(change);
      } else {
        open.push_back(&change);
      }
    }
    // What follows from one may have others that follow from it.
    for (std::size_t before = open.size() + 1; open.size() < before;) {
      before = open.size();
      std::erase_if(open, [this](Change* change) {
        if (!follows(*change)) return false;
        accept(*change);
        return true;
      });
    }
    for (Change* const change : open)
      change->expected = said_.complete() ? std::optional(false) : std::nullopt;
  }

 private:
  bool is_named(const Element& element) const { return said_.names(element.schema, element.name); }

  // A relation or type, or one above it in a tree of partitions or of inheritance.
  bool is_relation_named(std::string_view identity, int depth = 0) const {
    constexpr int kMostDepth = 32;
    const auto [schema, name] = raw_name(identity);
    if (said_.names(schema, name)) return true;
    const Element* table = after_.find(Kind::Table, identity);
    if (table == nullptr) table = before_.find(Kind::Table, identity);
    if (table == nullptr || depth == kMostDepth) return false;
    std::vector<std::string> parents = schema::texts_of(table->value("inherits"));
    if (table->has("partition of")) parents.emplace_back(table->value("partition of"));
    return std::any_of(parents.begin(), parents.end(), [&](const std::string& parent) {
      return is_relation_named(parent, depth + 1);
    });
  }

  // A column, as schema.table.column: whether its table is named.
  bool is_owner_named(std::string_view column) const {
    return !column.empty() && is_relation_named(column);
  }

  bool is_said(const Change& change) const {
    const Element& element = change.element();
    switch (element.kind) {
      case Kind::Column:
      case Kind::Constraint:
      case Kind::Rule:
      case Kind::Trigger:
      case Kind::Policy:
      case Kind::TypeAttribute:
      case Kind::DomainConstraint:
        return is_relation_named(element.of) || is_wholesale(change);
      case Kind::Index:
      case Kind::Statistics:
        return is_named(element) || is_relation_named(element.of);
      case Kind::Sequence:
        return is_named(element) || is_owner_named(element.value("owned by")) ||
               is_owner_named(element.value("identity of")) || is_wholesale(change);
      case Kind::Database:
        return said_.names({}, "database");
      case Kind::Operator:
        return said_.names({}, "operator");
      case Kind::Cast:
        return said_.names({}, "cast");
      case Kind::Transform:
        return said_.names({}, "transform");
      case Kind::UserMapping:
        return said_.names({}, "mapping");
      case Kind::PublicationTable:
      case Kind::PublicationSchema:
        return said_.names({}, raw_name(element.value("publication")).second);
      case Kind::DefaultPrivileges:
        return said_.says("default privileges") || owned();
      case Kind::Privileges:
        return said_.names({}, "grant") || said_.names({}, "revoke") || owned();
      default:
        return is_named(element) || is_wholesale(change);
    }
  }

  bool owned() const { return said_.says("drop owned") || said_.says("reassign owned"); }

  // Statements about many objects, none of which they name.
  bool is_wholesale(const Change& change) const {
    const Element& element = change.element();
    if (said_.says("reassign owned") && only_fact(change, "owner")) return true;
    if (said_.says("drop owned") && (change.what == What::Removed || only_fact(change, "acl")))
      return true;
    if (said_.says("foreign schema") && change.what == What::Added &&
        element.kind == Kind::ForeignTable)
      return true;
    const bool all = said_.says("all tables") || said_.says("all sequences") ||
                     said_.says("all functions") || said_.says("all procedures") ||
                     said_.says("all routines");
    return all && only_fact(change, "acl") && said_.names({}, element.schema);
  }

  void accept(Change& change) {
    change.expected = true;
    if (change.what == What::Changed) return;
    const Element& element = change.element();
    moved_.emplace(change.what, element.kind, element.name);
    if (element.of.empty()) owners_.emplace(change.what, element.schema, element.name);
    if (change.what != What::Removed) return;
    if (element.of.empty()) gone_.emplace(element.schema, element.name);
    if (element.kind == Kind::Column) gone_.insert(raw_name(element.of));
  }

  bool follows(const Change& change) const {
    const Element& element = change.element();
    if (change.what != What::Changed &&
        moved_.contains({change.what, Kind::Schema, element.schema}))
      return true;
    if (went_with_owner(change)) return true;
    if (change.what != What::Added) return needed_what_went(*change.before);
    // The new name or the new arguments of one that follows.
    return element.of.empty() && moved_.contains({What::Removed, element.kind, element.name});
  }

  // A part or a sequence of a relation that came or went, too.
  bool went_with_owner(const Change& change) const {
    const Element& element = change.element();
    const std::string_view column =
        element.has("owned by") ? element.value("owned by") : element.value("identity of");
    const std::string_view relation = element.of.empty() ? column : std::string_view(element.of);
    if (relation.empty()) return false;
    auto [schema, name] = raw_name(relation);
    return owners_.contains({change.what, std::move(schema), std::move(name)});
  }

  bool needed_what_went(const Element& element) const {
    if (gone_.empty()) return false;
    const migrate::Mentions texts = texts_of(element);
    return std::any_of(gone_.begin(), gone_.end(),
                       [&](const auto& gone) { return texts.names(gone.first, gone.second); });
  }

  const migrate::Mentions& said_;
  const schema::Model& before_;
  const schema::Model& after_;
  // Of what is expected: what came or went, the relations and types among it, and the relations and
  // types that lost something.
  std::set<std::tuple<What, Kind, std::string>> moved_;
  std::set<std::tuple<What, std::string, std::string>> owners_;
  std::set<std::pair<std::string, std::string>> gone_;
};

}  // namespace

void mark_expected(std::vector<Change>& changes, const migrate::Mentions& said,
                   const schema::Model& before, const schema::Model& after) {
  Judging(said, before, after).judge(changes);
}

}  // namespace guard
