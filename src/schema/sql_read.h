// Statements that are not of one class. Private to this module.
#pragma once

#include <string_view>

namespace schema::sql {

std::string_view without_compiling();     // for the rest of the session
std::string_view catalogues();            // oid, name of every catalogue
std::string_view members();               // class, oid of what extensions made
std::string_view comments();              // class, oid, sub, text
std::string_view labels();                // class, oid, sub, provider, text
std::string_view extension_dependents();  // class, oid, extension

// What other sessions have in ACCESS EXCLUSIVE here: pid, application, relation.
std::string_view exclusive_locks();

}  // namespace schema::sql
