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
// Everything that the element is made of, a line for each fact ("owner: app") and for each line of
// a text that has several. No secrets.
std::string definition(const Element& element);
// One line for one change: what it is and what it was. Of a long text only the place where it
// differs: differing_lines() has the rest.
std::string tell(const Change& change);
// One line for each, relation by relation. What came or went with its relation is told with it.
std::vector<std::string> tell(const std::vector<Change>& changes);

// The same with the change that each line is about.
struct Told {
  const Change* change = nullptr;
  std::string text;
};
std::vector<Told> tell_each(const std::vector<Change>& changes);

// What the lines above leave out, to be shown below them: both definitions as a diff where a text
// that changed has several lines or is long, the definition of what came or went where the line
// does not have all of it. Else nothing.
std::vector<std::string> differing_lines(const Change& change);

}  // namespace schema
