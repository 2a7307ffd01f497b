// apply_properties(): makes a database what the record says, changing only what differs, so that a
// role that may not change something is not refused where nothing has to change.
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "pg/database_properties.h"
#include "pg/ident.h"
#include "pg/sql_database.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

// Parameters that hold a list of quoted names (GUC_LIST_QUOTE in the server). Their stored text is
// the list as it would be written, so each element becomes a literal of its own; as one literal,
// the whole list would become a single name. The server does not tell which they are; extensions
// cannot add any.
constexpr std::array<std::string_view, 6> kNameLists{
    "local_preload_libraries",  "search_path",      "session_preload_libraries",
    "shared_preload_libraries", "temp_tablespaces", "unix_socket_directories"};

// The elements of a stored list: a, "B c", "d""e".
std::vector<std::string> name_list(std::string_view stored) {
  std::vector<std::string> names;
  std::string name;
  bool quoted = false;
  for (std::size_t n = 0; n < stored.size(); ++n) {
    const char c = stored[n];
    if (c == '"' && quoted && n + 1 < stored.size() && stored[n + 1] == '"') {
      name += c;
      ++n;
    } else if (c == '"') {
      quoted = !quoted;
    } else if (c == ',' && !quoted) {
      names.push_back(std::exchange(name, std::string()));
    } else if (c != ' ' || quoted) {
      name += c;
    }
  }
  names.push_back(name);
  return names;
}

std::string setting_value(const DatabaseSetting& setting) {
  if (std::find(kNameLists.begin(), kNameLists.end(), util::lower(setting.name)) ==
      kNameLists.end()) {
    return quote_literal(setting.value);
  }
  std::vector<std::string> literals;
  for (const std::string& name : name_list(setting.value)) literals.push_back(quote_literal(name));
  return util::join(literals, ", ");
}

class Applier {
 public:
  Applier(Connection& connection, const std::string& name, const DatabaseProperties& wanted)
      : connection_(connection), name_(name), database_(quote_ident(name)), wanted_(wanted) {}

  void owner() {
    if (read_properties(connection_, name_).owner == wanted_.owner) return;
    alter(util::cat("OWNER TO ", quote_ident(wanted_.owner)));
  }

  // All grants come from the owner in the end, so that taking away his takes away all.
  void acl() {
    const std::vector<DatabaseGrant> have = grants(sql::Acl::Effective);
    std::vector<DatabaseGrant> open =
        wanted_.default_acl ? grants(sql::Acl::Default) : wanted_.grants;
    if (have == open) return;
    for (const DatabaseGrant& grant : have) {
      if (grant.grantor != wanted_.owner) continue;
      connection_.execute(
          util::cat("REVOKE ALL ON DATABASE ", database_, " FROM ", grantee(grant), " CASCADE"));
    }
    std::vector<DatabaseGrant> done;
    while (!open.empty()) {
      const auto next = std::find_if(open.begin(), open.end(),
                                     [&](const DatabaseGrant& g) { return may(done, g); });
      if (next == open.end()) {
        throw util::Error(util::Kind::Query,
                          util::cat("the grants on database ", util::printable(name_),
                                    " do not follow from its owner's"));
      }
      give(*next);
      done.push_back(*next);
      open.erase(next);
    }
  }

  void settings() {
    const DatabaseProperties have = read_properties(connection_, name_);
    const auto in = [](const std::vector<DatabaseSetting>& all, const DatabaseSetting& one) {
      return std::find(all.begin(), all.end(), one) != all.end();
    };
    for (const DatabaseSetting& old : have.settings) {
      if (!in(wanted_.settings, old)) setting(old, util::cat("RESET ", quote_ident(old.name)));
    }
    for (const DatabaseSetting& wanted : wanted_.settings) {
      if (in(have.settings, wanted)) continue;
      setting(wanted, util::cat("SET ", quote_ident(wanted.name), " TO ", setting_value(wanted)));
    }
  }

  void flags(CommentFrom comment) {
    const DatabaseProperties have = read_properties(connection_, name_);
    if (have.connection_limit != wanted_.connection_limit) {
      alter(util::cat("CONNECTION LIMIT ", wanted_.connection_limit));
    }
    if (have.is_template != wanted_.is_template) {
      alter(util::cat("IS_TEMPLATE ", wanted_.is_template ? "true" : "false"));
    }
    if (comment == CommentFrom::Properties && have.comment != wanted_.comment) {
      connection_.execute(
          util::cat("COMMENT ON DATABASE ", database_, " IS ",
                    wanted_.comment.empty() ? "NULL" : quote_literal(wanted_.comment)));
    }
    if (have.security_labels == wanted_.security_labels) return;
    for (const auto& [provider, label] : have.security_labels) security_label(provider, "NULL");
    for (const auto& [provider, label] : wanted_.security_labels)
      security_label(provider, quote_literal(label));
  }

 private:
  void alter(std::string_view what) {
    connection_.execute(util::cat("ALTER DATABASE ", database_, ' ', what));
  }

  void setting(const DatabaseSetting& setting, std::string_view what) {
    if (setting.role.empty()) return alter(what);
    connection_.execute(
        util::cat("ALTER ROLE ", quote_ident(setting.role), " IN DATABASE ", database_, ' ', what));
  }

  void security_label(const std::string& provider, std::string_view label) {
    connection_.execute(util::cat("SECURITY LABEL FOR ", quote_ident(provider), " ON DATABASE ",
                                  database_, " IS ", label));
  }

  std::vector<DatabaseGrant> grants(sql::Acl which) {
    return sql::database_grants(connection_, name_, which);
  }

  static std::string grantee(const DatabaseGrant& grant) {
    return grant.grantee.empty() ? "PUBLIC" : quote_ident(grant.grantee);
  }

  bool may(const std::vector<DatabaseGrant>& done, const DatabaseGrant& grant) const {
    return grant.grantor == wanted_.owner ||
           std::any_of(done.begin(), done.end(), [&](const DatabaseGrant& given) {
             return given.grantee == grant.grantor && given.privilege == grant.privilege &&
                    given.grantable;
           });
  }

  void give(const DatabaseGrant& grant) {
    // The server takes the current role for the grantor, or the owner if it acts for him.
    const bool by_other = grant.grantor != wanted_.owner;
    if (by_other) connection_.execute(util::cat("SET LOCAL ROLE ", quote_ident(grant.grantor)));
    connection_.execute(util::cat("GRANT ", grant.privilege, " ON DATABASE ", database_, " TO ",
                                  grantee(grant), grant.grantable ? " WITH GRANT OPTION" : ""));
    if (by_other) connection_.execute("RESET ROLE");
  }

  Connection& connection_;
  const std::string& name_;
  const std::string database_;
  const DatabaseProperties& wanted_;
};

}  // namespace

void apply_properties(Connection& connection, const std::string& name,
                      const DatabaseProperties& properties, CommentFrom comment) {
  std::optional<Transaction> transaction;
  if (!connection.in_transaction()) transaction.emplace(connection);
  Applier applier(connection, name, properties);
  applier.owner();
  applier.acl();
  applier.settings();
  applier.flags(comment);
  if (transaction) transaction->commit();
}

}  // namespace pg
