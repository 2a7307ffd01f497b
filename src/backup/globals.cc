#include "backup/globals.h"

#include "backup/sql_globals.h"
#include "pg/ident.h"
#include "util/text.h"

namespace backup {
namespace {

std::string flag(bool on, std::string_view word) { return util::cat(on ? " " : " NO", word); }

// One statement that makes the role with all its attributes.
std::string create_statement(const sql::Role& role) {
  std::string text =
      util::cat("CREATE ROLE ", pg::quote_ident(role.name), " WITH",
                flag(role.superuser, "SUPERUSER"), flag(role.inherit, "INHERIT"),
                flag(role.createrole, "CREATEROLE"), flag(role.createdb, "CREATEDB"),
                flag(role.login, "LOGIN"), flag(role.replication, "REPLICATION"),
                flag(role.bypass_rls, "BYPASSRLS"), " CONNECTION LIMIT ", role.connection_limit);
  if (role.valid_until) text += util::cat(" VALID UNTIL ", pg::quote_literal(*role.valid_until));
  return text + ";";
}

std::string setting_statement(const sql::Role& role, const std::string& name,
                              const std::string& value) {
  const std::string shown = sql::is_list_parameter(name) ? value : pg::quote_literal(value);
  std::string quoted_name;  // a.b names two identifiers
  for (const std::string_view part : util::split(name, '.')) {
    quoted_name += util::cat(quoted_name.empty() ? "" : ".", pg::quote_ident(part));
  }
  return util::cat("ALTER ROLE ", pg::quote_ident(role.name), " SET ", quoted_name, " TO ",
                   shown.empty() ? "''" : shown, ";");
}

// A body as one statement; the tag does not occur inside.
std::string block(const std::string& body) {
  std::string tag = "$pgbelay$";
  for (int n = 0; body.find(tag) != std::string::npos; ++n) tag = util::cat("$pgbelay", n, "$");
  return util::cat("DO ", tag, " BEGIN\n", body, "END ", tag, ";\n");
}

// A role that exists is left as it is: the server it is on has its own reasons.
std::string role_block(const sql::Role& role) {
  std::string body = util::cat("    ", create_statement(role), "\n");
  for (const auto& [name, value] : role.settings)
    body += util::cat("    ", setting_statement(role, name, value), "\n");
  if (!role.comment.empty()) {
    body += util::cat("    COMMENT ON ROLE ", pg::quote_ident(role.name), " IS ",
                      pg::quote_literal(role.comment), ";\n");
  }
  return block(util::cat("  IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = ",
                         pg::quote_literal(role.name), ") THEN\n", body, "  END IF;\n"));
}

// Plain GRANTs change nothing that is there; with options they would, of the same grantor's.
std::string membership_statement(const sql::Membership& membership) {
  const std::string grant = util::cat("GRANT ", pg::quote_ident(membership.role), " TO ",
                                      pg::quote_ident(membership.member));
  if (!membership.grant)
    return util::cat(grant, membership.admin ? " WITH ADMIN OPTION" : "", ";\n");
  const auto is = [](bool on) { return on ? "TRUE" : "FALSE"; };
  const std::string& grantor = membership.grant->grantor;
  return block(util::cat(
      "  IF NOT EXISTS (SELECT FROM pg_catalog.pg_auth_members m\n"
      "      JOIN pg_catalog.pg_roles r ON r.oid = m.roleid AND r.rolname = ",
      pg::quote_literal(membership.role),
      "\n      JOIN pg_catalog.pg_roles t ON t.oid = m.member AND t.rolname = ",
      pg::quote_literal(membership.member),
      "\n      JOIN pg_catalog.pg_roles g ON g.oid = m.grantor AND ",
      grantor.empty() ? std::string("g.oid = 10")
                      : util::cat("g.rolname = ", pg::quote_literal(grantor)),
      ") THEN\n    ", grant, " WITH ADMIN ", is(membership.admin), ", INHERIT ",
      is(membership.grant->inherit), ", SET ", is(membership.grant->set),
      grantor.empty() ? std::string() : util::cat(" GRANTED BY ", pg::quote_ident(grantor)),
      ";\n  END IF;\n"));
}

}  // namespace

std::string globals_script(pg::Connection& connection) {
  const std::vector<sql::Role> roles = sql::referred_roles(connection);
  std::string script =
      "-- The roles this database refers to, without passwords. Makes what is missing, changes "
      "nothing that exists.\n"
      "SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n";
  for (const sql::Role& role : roles) script += util::cat("\n", role_block(role));
  script += "\n";
  for (const sql::Membership& membership : sql::memberships(connection, roles))
    script += membership_statement(membership);
  return script;
}

}  // namespace backup
