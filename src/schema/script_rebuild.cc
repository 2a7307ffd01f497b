#include "schema/script_rebuild.h"

#include <algorithm>
#include <utility>

#include "util/text.h"

namespace schema {
namespace {

bool has_fact(const Change& change, std::initializer_list<std::string_view> names) {
  return std::any_of(change.facts.begin(), change.facts.end(), [&](const FactChange& fact) {
    return std::find(names.begin(), names.end(), fact.name) != names.end();
  });
}

// As a definition names it behind the name of its relation.
std::string column_word(const Element& column) {
  return column.identity.substr(std::min(column.of.size() + 1, column.identity.size()));
}

// A new column at the end is all that may be replaced.
bool is_other_column(const Change& change) {
  return change.what == Change::What::Removed ||
         (change.what == Change::What::Changed &&
          has_fact(change, {"type", "collation", "position"}));
}

// They are dropped and made again with the change that they are part of, or by the server.
bool is_remade(const Element& element) {
  return element.kind == Kind::Index || element.kind == Kind::Constraint;
}

// Kinds that hold on to single columns of relations.
bool holds_columns(const Element& element) {
  switch (element.kind) {
    case Kind::View:
    case Kind::MaterializedView:
    case Kind::Policy:
    case Kind::Trigger:
    case Kind::Rule:
      return true;
    case Kind::Function:
    case Kind::Procedure:
      return element.has("body");
    case Kind::Column:
      return element.has("generated");
    default:
      return false;
  }
}

}  // namespace

bool is_plain_view(const Element& view, const Model& model) {
  const auto known = [](const Element& element, std::initializer_list<std::string_view> facts) {
    return std::all_of(element.facts.begin(), element.facts.end(), [&](const Fact& fact) {
      return std::find(facts.begin(), facts.end(), fact.name) != facts.end();
    });
  };
  return known(view, {"query", "options", "owner", "comment", "acl"}) &&
         std::all_of(model.elements.begin(), model.elements.end(), [&](const Element& part) {
           if (part.of != view.identity) return true;
           return part.kind == Kind::Column &&
                  known(part, {"type", "collation", "position", "comment"});
         });
}

bool is_other_function(const Change& change) {
  return change.what == Change::What::Changed && has_fact(change, {"arguments", "result"}) &&
         (change.after->kind == Kind::Function || change.after->kind == Kind::Procedure);
}

Rebuild::Rebuild(const std::vector<Change>& changes, const Model& before, const Model& after)
    : after_(after) {
  for (const Element& element : before.elements) {
    if (after.find(element.kind, element.identity) == nullptr) continue;
    kept_.push_back(&element);
    names_.emplace(&element, names_in(element));
    if (element.kind == Kind::View) views_.insert(element.identity);
  }
  for (const Change& change : changes) {
    const Element& element = change.element();
    if (change.before != nullptr) changed_.insert(change.before);
    if (element.kind == Kind::Column && views_.contains(element.of) && is_other_column(change))
      other_views_.insert(element.of);
  }
}

Rebuild::Taken Rebuild::taken_by(const Change& change) const {
  Taken taken;
  if (change.what == Change::What::Added) return taken;
  const Element& element = *change.before;
  if (is_other_function(change)) taken.names.insert(called(element));
  if (element.kind == Kind::View && is_other_view(element.identity))
    taken.names.insert(element.identity);
  if (element.kind != Kind::Column) return taken;
  if (is_other_view(element.of)) {
    taken.names.insert(element.of);
  } else if (!views_.contains(element.of) &&
             (change.what == Change::What::Removed || has_fact(change, {"type", "collation"}))) {
    taken.columns.emplace(element.of, column_word(element));
  }
  return taken;
}

bool Rebuild::uses(const Element& element, const Taken& taken) const {
  const Names& mine = names(element);
  const bool named = std::any_of(taken.names.begin(), taken.names.end(), [&](const auto& name) {
    return name != called(element) && mine.qualified.contains(name) &&
           !(element.of == name && element.kind == Kind::Column);
  });
  if (named || !holds_columns(element)) return named;
  return std::any_of(taken.columns.begin(), taken.columns.end(), [&](const auto& column) {
    return mine.qualified.contains(column.first) && mine.words.contains(column.second) &&
           element.identity != util::cat(column.first, ".", column.second);
  });
}

// It does not need it any more: then it is changed before.
bool Rebuild::loses_use(const Element& element, const Taken& taken) const {
  if (!taken.columns.empty()) return false;
  const Element* const now = after_.find(element.kind, element.identity);
  const Names names = names_in(*now);
  return std::none_of(taken.names.begin(), taken.names.end(),
                      [&](const auto& name) { return names.qualified.contains(name); });
}

// Foreign keys that stay as they are hold on to the key that they refer to, or to another of that
// table: the definition does not say which.
const Element* Rebuild::key_on(const Change& change) const {
  if (change.what == Change::What::Added || change.before->kind != Kind::Constraint) return nullptr;
  const std::string_view type = change.before->value("type");
  if (type != "primary key" && type != "unique") return nullptr;
  const auto found = std::find_if(kept_.begin(), kept_.end(), [&](const Element* element) {
    return element->kind == Kind::Constraint && element->value("type") == "foreign key" &&
           !changed_.contains(element) &&
           names_in(element->value("definition")).qualified.contains(change.before->of);
  });
  return found == kept_.end() ? nullptr : *found;
}

InTheWay Rebuild::in_the_way(const Change& change) const {
  InTheWay out;
  if (const Element* const key = key_on(change)) out.other = key;
  Taken taken = taken_by(change);
  if (taken.empty()) return out;
  for (const std::string& name : taken.names) {
    if (views_.contains(name)) out.views.insert(name);
  }
  for (bool more = true; std::exchange(more, false);) {
    for (const Element* const element : kept_) {
      if (!uses(*element, taken)) continue;
      if (element->kind == Kind::View) {
        if (!out.views.insert(element->identity).second) continue;
        taken.names.insert(element->identity);
        more = true;
      } else if (!is_remade(*element) && !loses_use(*element, taken) && out.other == nullptr) {
        out.other = element;
      }
    }
  }
  return out;
}

}  // namespace schema
