// Statements that make scratch objects out of deparsed texts and read them again. Private to this
// module.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "schema/model.h"

namespace schema::sql {

// Makes the object, and asks for its text.
struct Scratch {
  std::string make;
  std::string ask;
};

// Nothing: the text of this fact is not written of an expression, or cannot be made again. `other`
// is the element as it is in the database.
std::optional<Scratch> scratch(const Element& other, std::string_view fact,
                               const std::string& text);

// Whether making it locks an object of others.
bool locks(const Element& element);

}  // namespace schema::sql
