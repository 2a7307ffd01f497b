// The statements of as_sql() and the order in which they can be run. Private to this module.
//
// What needs what is read from the definitions, which the server writes with qualified names: a
// model may come from a file, where nothing else is known of dependencies.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "schema/model.h"

namespace schema {

// Names as they stand in a text, quotes and all; literals are looked into, too
// (nextval('public.s')).
struct Names {
  std::set<std::string, std::less<>> qualified;  // of a.b.c: a, a.b and a.b.c
  std::set<std::string, std::less<>> words;      // every identifier
};
Names names_in(std::string_view text);

// What the definition names. Not what somebody set on it alone (owner, comment, privileges), and
// not the body of a function that is a string: the server does not read it when it is made
// (check_function_bodies is off in our scripts).
Names names_in(const Element& element);
// How others name it: a function without its arguments.
std::string called(const Element& element);

// Where nothing else decides, a statement comes in this order.
enum class Phase : std::uint8_t {
  DropView,
  DropForeignKey,
  DropConstraint,
  DropIndex,
  Drop,
  Schema,
  Sequence,
  Table,
  OwnedBy,
  Column,
  Alter,
  Function,
  Constraint,
  ForeignKey,
  Index,
  View,
  Comment,
  Grant,
};

struct Statement {
  Phase phase = Phase::Drop;
  std::string text;
  std::string makes = {};                         // what others may need
  std::string drops = {};                         // what others may not need any more
  std::set<std::string, std::less<>> needs = {};  // has to be made before
  std::set<std::string, std::less<>> frees = {};  // may be dropped after it
};
using Statements = std::vector<Statement>;
// Nothing: not a simple case.
using Written = std::optional<Statements>;

void append(Statements& to, Statements from);

// Each after what it needs, and before what it no longer needs is dropped. Where they go round in a
// circle, by phase.
Statements in_order(Statements statements);

// What turns the privileges `before` into those of `after`, which the element has. Nothing if it
// cannot be said by whoever runs the script: privileges that somebody else than the owner granted,
// and those of kinds where not only the owner has some by default.
Written grant_statements(const Element& element, const std::optional<std::string>& before,
                         const std::optional<std::string>& after);

// How a statement names objects of this kind; empty for kinds that are left to a person.
std::string_view keyword(Kind kind);

}  // namespace schema
