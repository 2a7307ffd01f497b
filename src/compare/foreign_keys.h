// In which order statements for several tables have to come, so that foreign keys hold.
#pragma once

#include <vector>

#include "archive/toc.h"
#include "compare/side.h"

namespace compare {

// Of the contents of an archive: those that are declared between two tables with rows of their own;
// partitions have theirs from the table above.
ForeignKeys foreign_keys_of(const archive::Toc& toc);

// The tables so that each comes behind those that refer to it: the order to delete rows in, and in
// reverse the one to insert them. By name where keys leave it open, or go round in a circle.
std::vector<pg::QualifiedName> referring_first(const std::vector<pg::QualifiedName>& tables,
                                               const ForeignKeys& keys);

}  // namespace compare
