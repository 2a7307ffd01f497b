// Which statements reach beyond the database in which they run: roles, other databases, settings of
// the server, replication, files and sessions of the server. On a copy they would change the live
// cluster all the same (postgres-hazards.md F10).
//
// By their words only, inside DO blocks and the strings there as well: what a function does that
// the database holds cannot be seen here. Whoever relies on this compares the shared catalogues,
// too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

// The first statement in `sql` that does, as its first words; nothing if none is found.
// `own_databases`: names that it may alter, because they go with the copy.
std::optional<std::string> reaches_outside(std::string_view sql,
                                           const std::vector<std::string>& own_databases);

}  // namespace migrate
