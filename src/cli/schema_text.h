// Differences of two schemas, as text or JSON.
#pragma once

#include <string_view>

#include "cli/commands.h"
#include "ops/schema_diff.h"

namespace cli {

// On stdout: one line a change; with --json {"schema", "a", "b", "equal", "findings": […],
// "changes": […]}; with --as-sql the statements that turn A's schema into B's, and as comments what
// is left to a person, which is told on stderr, too. Kind::Usage for both.
void print_schema_diff(const Invocation& invocation, std::string_view command,
                       const ops::SchemaDiff& diff);

}  // namespace cli
