// The statements of reload.cc.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace load::sql {

// OIDs of the tables and of the partitioned tables above them. Kind::Query naming one that is not
// there.
std::vector<std::uint32_t> with_ancestors(pg::Connection& connection,
                                          const std::vector<pg::QualifiedName>& tables);

// Foreign keys from or to any of the tables, each once where it was defined.
struct Key {
  pg::QualifiedName table;
  std::string name;
};
std::vector<Key> foreign_keys(pg::Connection& connection, const std::vector<std::uint32_t>& oids);
// Indexes that belong to no constraint and to no index of a partitioned table.
std::vector<pg::QualifiedName> plain_indexes(pg::Connection& connection,
                                             const std::vector<std::uint32_t>& oids);

// A statement that stops something, and the one that brings it back exactly as it was.
struct Switch {
  std::string off, on;
};
// User triggers, event triggers, row security that binds the owner.
std::vector<Switch> switches(pg::Connection& connection, const std::vector<std::uint32_t>& oids);

std::string truncate(const std::vector<pg::QualifiedName>& tables);
std::string delete_rows(const pg::QualifiedName& table, const std::string& condition);
// Removes some large objects; the number of those removed.
std::uint64_t unlink_some(pg::Connection& connection);

}  // namespace load::sql
