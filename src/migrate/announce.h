// What migration files say that they remove, found by looking at their statements: DROP TABLE, DROP
// SCHEMA, TRUNCATE, DELETE, MERGE, DROP OWNED, and moves (RENAME, SET SCHEMA), inside DO blocks and
// bodies too.
#pragma once

#include <string>
#include <vector>

#include "migrate/files.h"
#include "pg/ident.h"

namespace migrate {

struct Announced {
  bool everything = false;  // DROP OWNED
  std::vector<std::string> schemas;
  std::vector<pg::QualifiedName> tables;  // an empty schema stands for any
};

Announced announced(const std::vector<File>& files);

}  // namespace migrate
