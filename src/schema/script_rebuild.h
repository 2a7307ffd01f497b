// What stands in the way of a change: views that have to be dropped and made again, and what nobody
// can drop by the way. Private to this module.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "schema/change.h"
#include "schema/script.h"

namespace schema {

using Identities = std::set<std::string, std::less<>>;

struct InTheWay {
  Identities views;  // of both models, to be dropped and made again
  const Element* other =
      nullptr;  // the first thing else that depends on what the change takes away
};

class Rebuild {
 public:
  // Both models and the changes must outlive it.
  Rebuild(const std::vector<Change>& changes, const Model& before, const Model& after);

  // Nothing is in the way of a change that only adds something.
  InTheWay in_the_way(const Change& change) const;
  // Whether CREATE OR REPLACE VIEW would be refused, because a column went or became another one.
  bool is_other_view(std::string_view identity) const { return other_views_.contains(identity); }

 private:
  struct Taken {
    Identities names;                                       // called
    std::set<std::pair<std::string, std::string>> columns;  // relation, column as it is quoted
    bool empty() const { return names.empty() && columns.empty(); }
  };
  Taken taken_by(const Change& change) const;
  bool uses(const Element& element, const Taken& taken) const;
  bool loses_use(const Element& element, const Taken& taken) const;
  const Element* key_on(const Change& change) const;
  const Names& names(const Element& element) const { return names_.at(&element); }

  const Model& after_;
  std::vector<const Element*> kept_;  // of `before`, those that are in `after`, too
  std::unordered_map<const Element*, Names> names_;
  std::set<const Element*> changed_;  // of `before`
  Identities other_views_, views_;
};

// Whether a view can be made from its element alone.
bool is_plain_view(const Element& view, const Model& model);
// A function that CREATE OR REPLACE would refuse to change so.
bool is_other_function(const Change& change);

}  // namespace schema
