// The statements of globals.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace backup::sql {

struct Role {
  std::string name;
  bool superuser = false, inherit = true, createrole = false, createdb = false, login = false,
       replication = false, bypass_rls = false;
  std::int64_t connection_limit = -1;
  std::optional<std::string> valid_until;
  std::string comment;
  std::vector<std::pair<std::string, std::string>>
      settings;  // name, value as pg_db_role_setting holds it
};
// Those that the connected database refers to, and what they are members of; none of the server's
// own pg_ ones.
std::vector<Role> referred_roles(pg::Connection& connection);

struct Membership {
  std::string role, member;
  bool admin = false;
  // Since 16: each grantor's is one of its own.
  struct Grant {
    bool inherit = true, set = true;
    std::string grantor;  // empty: the role that initdb made, which stands for every superuser
  };
  std::optional<Grant> grant = {};
};
// Of members among `roles`; a grantor's right to grant before what it granted.
std::vector<Membership> memberships(pg::Connection& connection, const std::vector<Role>& roles);

// Parameters whose stored value is a list of quoted names, to be written as it is.
bool is_list_parameter(const std::string& name);

}  // namespace backup::sql
