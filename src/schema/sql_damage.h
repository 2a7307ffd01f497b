// Private to this module.
#pragma once

#include <string_view>

namespace schema::sql {

// Every object whose definition the server writes out of what is parsed: how it is called, and a
// statement that asks for its definition. Joins nothing that a damaged catalogue may lack.
std::string_view defined_objects();

// Rows that refer to a relation or a schema that is not there, a line each.
std::string_view dangling_rows();

}  // namespace schema::sql
