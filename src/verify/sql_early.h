// The statements of early.cc.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace verify::sql {

struct Heap {
  std::uint32_t oid = 0;
  std::uint32_t file_node = 0;
  std::uint64_t bytes = 0;  // of the main fork
  bool heap = true;         // the table access method is heap
};
std::optional<Heap> find_table(pg::Connection& connection, const pg::QualifiedName& name);

struct Touched {
  std::uint32_t file_node = 0;
  std::uint64_t inserted = 0, updated = 0, deleted = 0;  // rows, since the table was made
};
// By OID; without those that are gone.
std::map<std::uint32_t, Touched> touched(pg::Connection& connection,
                                         const std::vector<std::uint32_t>& oids);

// Whether another session of that name is in this database.
bool sessions_left(pg::Connection& connection, const std::string& application_name);

}  // namespace verify::sql
