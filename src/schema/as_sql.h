// Changes of a schema as statements, for the simple cases: tables, columns, indexes, constraints,
// views, functions, comments and grants.
#pragma once

#include <string>
#include <vector>

#include "schema/change.h"

namespace schema {

struct Script {
  std::vector<std::string> statements;  // in an order in which they can be run
  std::vector<std::string> left;        // what is left to a person, as tell() tells it, and why
};

// The statements that turn `before` into `after`, of which `changes` are. Nothing is guessed: a
// change with one fact that no statement here makes is left as a whole, as is what cannot be done
// without it. A view that something else forces out of the way is dropped and made again.
Script as_sql(const std::vector<Change>& changes, const Model& before, const Model& after);

// The same as a text for psql, what is left as comments.
std::string to_text(const Script& script);

}  // namespace schema
