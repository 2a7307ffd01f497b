// The statements of database_properties.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "pg/database_properties.h"

namespace pg::sql {

// One row: owner, encoding, provider, collate, ctype, locale, rules, tablespace, connection limit,
// template flag, comment. Columns differ between the majors 13 to 18. $1 database name.
std::string database_row(int server_major);

// What is granted on database `name` (no ACL is that of the server's defaults), and those defaults;
// ordered.
enum class Acl { Effective, Default };
std::vector<DatabaseGrant> database_grants(Connection& connection, const std::string& name,
                                           Acl which);

std::string_view database_settings();  // role ("" = all), name=value; ordered. $1 database name
std::string_view database_security_labels();  // provider, label; ordered. $1 database name

}  // namespace pg::sql
