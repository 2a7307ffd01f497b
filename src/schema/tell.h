// Changes as people read them: "table public.orders: column limit added, integer not null default
// 0".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "schema/change.h"

namespace schema {

// kind and identity; a part of a relation after its relation.
std::string subject(const Element& element);
// What makes up the element, on one line, as in a statement: "integer not null default 0". Empty
// for what its facts say too little or too much of.
std::string summary(const Element& element);
// One line for one change, with both definitions.
std::string tell(const Change& change);
// One line for each, relation by relation. What came or went with its relation is told with it.
std::vector<std::string> tell(const std::vector<Change>& changes);

// The same with the change that each line is about.
struct Told {
  const Change* change = nullptr;
  std::string text;
};
std::vector<Told> tell_each(const std::vector<Change>& changes);

}  // namespace schema
