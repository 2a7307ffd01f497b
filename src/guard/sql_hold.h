// The statements of the hold.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace guard::sql {

// What the database says of the setting; nothing: it does not say anything.
std::optional<std::string> read_only_setting(pg::Connection& connection,
                                             const std::string& database);
void set_read_only(pg::Connection& connection, const std::string& database,
                   const std::optional<std::string>& value);
std::string comment_of(pg::Connection& connection, const std::string& database);

// Roles whose own setting is stronger than the database's, as "role x" or "role x in database y".
std::vector<std::string> writing_roles(pg::Connection& connection, const std::string& database);

struct Backend {
  int pid = 0;
  std::string backend_start;  // UTC, as OwnSession has it
  std::string type;           // "" if it may not be seen
  std::string application, user;
  bool writes = false;  // has a transaction id
};
std::vector<Backend> backends(pg::Connection& connection, const std::string& database);
// Those that are logging in: they may have read their settings already and be in no list yet (F4).
std::set<int> starting_backends(pg::Connection& connection, const std::string& database);
// Populated materialised views that read any of the tables, through other views as well.
std::vector<pg::QualifiedName> views_above(pg::Connection& connection,
                                           const std::vector<pg::QualifiedName>& tables);
// False if this role may not.
bool end_backend(pg::Connection& connection, int pid);

}  // namespace guard::sql
