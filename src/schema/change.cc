#include "schema/change.h"

#include <algorithm>
#include <tuple>

namespace schema {
namespace {

// Order of facts has no meaning, and there are few.
std::vector<FactChange> compare_facts(const Element& before, const Element& after) {
  std::vector<FactChange> changes;
  for (const Fact& was : before.facts) {
    const std::string* const is = after.fact(was.name);
    if (is == nullptr && was.form == Form::Secret) continue;
    if (is != nullptr && *is == was.value) continue;
    changes.push_back(
        {was.name, was.form, was.value, is == nullptr ? std::nullopt : std::optional(*is)});
  }
  for (const Fact& is : after.facts) {
    if (is.form != Form::Secret && !before.has(is.name))
      changes.push_back({is.name, is.form, std::nullopt, is.value});
  }
  return changes;
}

// Invalid indexes are not in an archive, but those of partitioned tables, which may be invalid as
// long as a partition has none attached.
bool is_lost_index(const Element& element, const Model& source) {
  if (element.kind != Kind::Index || element.value("valid") != "no") return false;
  const Element* const table = source.find(Kind::Table, element.of);
  return table == nullptr || !table->has("partition key");
}

// Neither pg_dump nor we write of what an extension made, or what was added to it, anything but
// privileges.
constexpr std::string_view kAsExtensionMadeIt =
    "what was changed about tables and other members of extensions is in no archive";

bool is_of_extension(const Element& element) {
  return element.extension_table || element.kind == Kind::ExtensionMember;
}

std::string_view why_removal_is_accepted(const Element& element, const Model& source) {
  if (is_lost_index(element, source)) return "an invalid index is in no archive";
  if (element.kind == Kind::Subscription)
    return "never restored into a copy: it would hold the live one's slot";
  if (element.kind == Kind::Privileges && element.value("object type") == "language")
    return "pg_dump writes no privileges on the languages of initdb";
  if (is_of_extension(element)) return kAsExtensionMadeIt;
  return {};
}

bool only_not_valid(const FactChange& fact) {
  return fact.before && fact.after && *fact.after == *fact.before + " NOT VALID";
}

std::string_view why_fact_is_accepted(const Change& change, const FactChange& fact,
                                      const Model& source) {
  const Element& element = *change.before;
  if (is_of_extension(element)) return kAsExtensionMadeIt;
  if (element.kind == Kind::Table || element.kind == Kind::ForeignTable) {
    if (fact.name == "dropped columns" && !fact.after)
      return "dropped columns are gone for good in a restored table";
  }
  if (fact.name == "row type acl" && !fact.after)
    return "pg_dump writes no privileges on the row type of a table";
  if (element.kind == Kind::Column && fact.name == "position") {
    const Element* const table = source.find(Kind::Table, element.of);
    if (table != nullptr && table->has("inherits"))
      return "a table that inherits gets the inherited columns first";
  }
  // Whatever its comment is: the extension is there before the archive is restored.
  if (element.kind == Kind::Extension && element.name == "plpgsql" && fact.name == "comment") {
    return "a comment on an extension of initdb is in no archive";
  }
  if (element.kind == Kind::Constraint && element.value("type") == "foreign key") {
    if (fact.name == "triggers" && !fact.after) return "the triggers of a restored key are enabled";
    if (fact.name == "definition" && only_not_valid(fact)) return "there are rows that violate it";
  }
  return {};
}

void judge_facts(Change change, const Model& source, Judged& judged) {
  std::vector<FactChange> differences;
  for (FactChange& fact : change.facts) {
    const std::string_view reason = why_fact_is_accepted(change, fact, source);
    if (reason.empty()) {
      differences.push_back(std::move(fact));
    } else {
      judged.accepted.push_back({.change = {.what = change.what,
                                            .before = change.before,
                                            .after = change.after,
                                            .facts = {std::move(fact)}},
                                 .reason = reason});
    }
  }
  if (differences.empty()) return;
  change.facts = std::move(differences);
  judged.differences.push_back(std::move(change));
}

}  // namespace

std::vector<Change> compare(const Model& before, const Model& after) {
  std::vector<Change> changes;
  const auto key = [](const Element& one) { return std::tie(one.kind, one.identity); };
  auto a = before.elements.begin();
  auto b = after.elements.begin();
  while (a != before.elements.end() || b != after.elements.end()) {
    const bool only_a =
        b == after.elements.end() || (a != before.elements.end() && key(*a) < key(*b));
    const bool only_b = !only_a && (a == before.elements.end() || key(*b) < key(*a));
    if (only_a) {
      changes.push_back(
          {.what = Change::What::Removed, .before = &*a++, .after = nullptr, .facts = {}});
    } else if (only_b) {
      changes.push_back(
          {.what = Change::What::Added, .before = nullptr, .after = &*b++, .facts = {}});
    } else {
      std::vector<FactChange> facts = compare_facts(*a, *b);
      if (!facts.empty())
        changes.push_back({.what = Change::What::Changed,
                           .before = &*a,
                           .after = &*b,
                           .facts = std::move(facts)});
      ++a, ++b;
    }
  }
  return changes;
}

Judged judge_copy(std::vector<Change> changes, const Model& source) {
  Judged judged;
  for (Change& change : changes) {
    if (change.element().kind == Kind::Database) continue;
    std::string_view reason;
    if (change.what == Change::What::Removed)
      reason = why_removal_is_accepted(*change.before, source);
    if (change.what == Change::What::Added && is_of_extension(*change.after))
      reason = kAsExtensionMadeIt;
    if (!reason.empty()) {
      judged.accepted.push_back({.change = std::move(change), .reason = reason});
    } else if (change.what == Change::What::Changed) {
      judge_facts(std::move(change), source, judged);
    } else {
      judged.differences.push_back(std::move(change));
    }
  }
  return judged;
}

}  // namespace schema
