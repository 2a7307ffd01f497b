// Pieces of SQL that more than one statement of ours is made of.
#pragma once

#include <string>
#include <string_view>

namespace archive {

// As a string literal on one line that is right whatever standard_conforming_strings is.
std::string sql_literal(std::string_view text);

// DO … BEGIN body END with a quoting that `body` cannot end. Needs PL/pgSQL, as every new database
// has it.
std::string sql_do_block(std::string_view body);

}  // namespace archive
