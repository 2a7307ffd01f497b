// What a comparison asks a live database beyond what scan and schema list.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "compare/side.h"
#include "pg/connection.h"

namespace compare::sql {

// Columns of each relation's primary key, in its order. Those with a generated column are left out:
// its value is not in a row.
std::map<std::uint32_t, std::vector<std::string>> primary_keys(pg::Connection& connection);

// Between tables; a key of or to a partitioned table as one of or to each of its partitions, too.
ForeignKeys foreign_keys(pg::Connection& connection);

}  // namespace compare::sql
