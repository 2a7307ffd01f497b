// globals.sql: the roles that a database refers to, without passwords.
#pragma once

#include <string>

#include "pg/connection.h"

namespace backup {

// A script for psql or any client: makes what is missing, changes no role that exists. Holds
// owners, grantees, roles of policies, settings and default privileges, and the roles these are
// members of.
std::string globals_script(pg::Connection& connection);

}  // namespace backup
