#include "pg/database_properties.h"

#include <algorithm>

#include "pg/ident.h"
#include "pg/sql_database.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

std::vector<DatabaseSetting> read_settings(Connection& connection, const std::string& name) {
  const Result result = connection.query(sql::database_settings(), {name});
  std::vector<DatabaseSetting> settings;
  for (int row = 0; row < result.row_count(); ++row) {
    const std::string line = result.str(row, 1);
    const std::size_t equals = std::min(line.size(), line.find('='));
    settings.push_back({.role = result.str(row, 0),
                        .name = line.substr(0, equals),
                        .value = line.substr(std::min(line.size(), equals + 1))});
  }
  return settings;
}

// CREATE DATABASE spells the providers out.
std::string locale_clause(const Connection& connection, const std::string& name,
                          const DatabaseProperties& properties) {
  std::string clause = util::cat(" LC_COLLATE ", quote_literal(properties.collate), " LC_CTYPE ",
                                 quote_literal(properties.ctype));
  const bool libc = properties.locale_provider == "c";
  const bool builtin = properties.locale_provider == "b";
  const int needed = libc ? 0 : builtin ? 17 : 15;
  if (connection.server_major() < needed) {
    throw util::Error(
        util::Kind::Preflight,
        util::cat("cannot make database ", util::printable(name), ": its locale comes from ",
                  builtin ? "the builtin provider" : "ICU", ", which a server of version ",
                  connection.server_major(), " does not have for databases"),
        {.hint = util::cat("Use a server of version ", needed, " or newer."), .sqlstate = {}});
  }
  if (connection.server_major() < 15) return clause;
  clause += util::cat(" LOCALE_PROVIDER ", libc ? "libc" : builtin ? "builtin" : "icu");
  if (!libc && !properties.icu_locale.empty()) {
    clause += util::cat(builtin ? " BUILTIN_LOCALE " : " ICU_LOCALE ",
                        quote_literal(properties.icu_locale));
  }
  if (!properties.icu_rules.empty())
    clause += util::cat(" ICU_RULES ", quote_literal(properties.icu_rules));
  return clause;
}

}  // namespace

DatabaseProperties read_properties(Connection& connection, const std::string& name) {
  const Result row = connection.query(sql::database_row(connection.server_major()), {name});
  if (row.row_count() == 0) {
    throw util::Error(util::Kind::Query,
                      util::cat("database ", util::printable(name), " does not exist"),
                      {.hint = "psql -l lists those that exist.", .sqlstate = "3D000"});
  }
  const auto text = [&](int column) { return std::string(row.text(0, column).value_or("")); };
  DatabaseProperties properties{.owner = text(0),
                                .encoding = text(1),
                                .locale_provider = text(2),
                                .collate = text(3),
                                .ctype = text(4),
                                .icu_locale = text(5),
                                .icu_rules = text(6),
                                .tablespace = text(7),
                                .connection_limit = row.i64(0, 8),
                                .is_template = row.boolean(0, 9),
                                .comment = text(10)};
  // An ACL that was changed and changed back is stored, but means the same as none (S13).
  properties.grants = sql::database_grants(connection, name, sql::Acl::Effective);
  properties.default_acl =
      properties.grants == sql::database_grants(connection, name, sql::Acl::Default);
  if (properties.default_acl) properties.grants.clear();
  properties.settings = read_settings(connection, name);
  const Result labels = connection.query(sql::database_security_labels(), {name});
  for (int label = 0; label < labels.row_count(); ++label) {
    properties.security_labels.emplace_back(labels.str(label, 0), labels.str(label, 1));
  }
  return properties;
}

void create_database(Connection& connection, const std::string& name,
                     const DatabaseProperties& properties) {
  const std::string database = quote_ident(name);
  std::string create =
      util::cat("CREATE DATABASE ", database, " TEMPLATE template0 ENCODING ",
                quote_literal(properties.encoding), locale_clause(connection, name, properties));
  // Naming even the default tablespace needs a privilege on it, which ordinary roles do not have.
  if (properties.tablespace != "pg_default")
    create += util::cat(" TABLESPACE ", quote_ident(properties.tablespace));
  // Nobody enters between the two statements.
  connection.execute(util::cat(create, " ALLOW_CONNECTIONS false"));
  connection.execute(util::cat("REVOKE ALL ON DATABASE ", database, " FROM PUBLIC; ALTER DATABASE ",
                               database, " ALLOW_CONNECTIONS true"));
}

}  // namespace pg
