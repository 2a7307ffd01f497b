// Where a database is and how to log in: the URL forms that applications use (contracts.md K8).
//
// Accepted: postgres://, postgresql://, postgresql+DRIVER:// (SQLAlchemy), jdbc:postgresql://,
// conninfo strings, and nothing at all (libpq's own variables, service file, ~/.pgpass work as in
// psql). Query parameters that libpq does not know are left out of our own connections and can be
// asked for. sslmode=no-verify is taken as require, ssl=true as verify-full.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/secret.h"

namespace pg {

class ConnInfo {
 public:
  // Throws Kind::Usage, never showing the text itself, which may hold a password.
  static ConnInfo parse(std::string_view text);
  ConnInfo() = default;

  // libpq keywords and values without the password, defaults of the environment filled in where
  // libpq would (host, port, user, dbname).
  const std::map<std::string, std::string>& options() const noexcept { return options_; }
  std::string host() const;  // "" for the default socket folder
  std::string port() const;
  std::string user() const;
  std::string database() const;
  const util::Secret& password() const noexcept {
    return password_;
  }  // as given, or PGPASSWORD; may be empty

  ConnInfo with_database(std::string_view name) const;
  ConnInfo with_option(std::string_view keyword, std::string_view value) const;

  // user@host:port/db, without any secret: for people.
  std::string display() const;
  // A URI without password and without what libpq does not know: for manifests.
  std::string sanitised() const;
  const std::vector<std::string>& ignored_parameters() const noexcept { return ignored_; }

  // Variables for a child that uses libpq (pg_dump): PGHOST, PGPORT, PGUSER, PGDATABASE,
  // PGPASSWORD, PGSSLMODE … Unset environment_variables() for it first: a service in our own
  // environment would win over these.
  std::vector<std::string> environment() const;
  // Every variable that libpq reads.
  static std::vector<std::string> environment_variables();

  // The text that was given, in the same form, with host, port, user's password and TLS parameters
  // replaced, for the guarded command: no sslmode but disable, no channel_binding, gssencmode,
  // target_session_attrs, second host. Holds the password: for the child's environment only.
  util::Secret redirected(std::string_view host, std::string_view port,
                          const util::Secret& password) const;

 private:
  std::string original_;  // may hold a password: never shown
  std::map<std::string, std::string> options_;
  util::Secret password_;
  std::vector<std::string> ignored_;
};

}  // namespace pg
