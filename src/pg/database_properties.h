// What belongs to a database but not to its contents, and travels along with a restore or a swap
// (postgres-hazards.md S2, M5). Tied to the name by the caller: nothing in here holds the
// database's name.
#pragma once

#include <string>
#include <vector>

#include "pg/connection.h"

namespace pg {

struct DatabaseSetting {
  std::string role;  // "" = for all roles
  std::string name;  // configuration parameter
  std::string value;
  friend bool operator==(const DatabaseSetting&, const DatabaseSetting&) = default;
};

struct DatabaseGrant {
  std::string grantor;
  std::string grantee;    // "" = PUBLIC
  std::string privilege;  // CREATE, CONNECT, TEMPORARY
  bool grantable = false;
  friend bool operator==(const DatabaseGrant&, const DatabaseGrant&) = default;
};

struct DatabaseProperties {
  std::string owner;
  std::string encoding;
  std::string locale_provider;  // c, i, b; "c" where the server knows no other
  std::string collate;
  std::string ctype;
  std::string icu_locale;  // "" if none (daticulocale, datlocale)
  std::string icu_rules;   // 16+
  std::string tablespace;  // name
  std::int64_t connection_limit = -1;
  bool is_template = false;
  bool default_acl = true;                // datacl is NULL: grants are the server's defaults
  std::vector<DatabaseGrant> grants;      // explicit ones, in a stable order
  std::vector<DatabaseSetting> settings;  // in a stable order
  std::string comment;                    // "" = none
  std::vector<std::pair<std::string, std::string>> security_labels;  // provider, label
  friend bool operator==(const DatabaseProperties&, const DatabaseProperties&) = default;
};

// Of database `name`, from any database of the server. Throws Kind::Query if it does not exist.
DatabaseProperties read_properties(Connection& connection, const std::string& name);

// CREATE DATABASE "name" TEMPLATE template0 with encoding, locale and tablespace of `properties`,
// at once closed to PUBLIC (M6). Owner and the rest come with apply_properties.
void create_database(Connection& connection, const std::string& name,
                     const DatabaseProperties& properties);

// Owner, ACL, settings (per role too), connection limit, template flag, comment, labels.
// `keep_comment` leaves the comment as it is (side databases carry the run's, contracts.md K5).
enum class CommentFrom { Properties, Database };
void apply_properties(Connection& connection, const std::string& name,
                      const DatabaseProperties& properties, CommentFrom comment);

}  // namespace pg
