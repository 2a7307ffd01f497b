// Parts that the statements of several classes have in common.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {

using util::cat;

std::string_view user_schema() {
  return "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'";
}

std::string qualified(std::string_view name) {
  return cat("pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(", name, ")");
}

namespace {
std::string items(std::string_view acl) {
  return cat("array(select i.item::pg_catalog.text from pg_catalog.unnest(", acl,
             ") as i(item) order by i.item::pg_catalog.text collate \"C\")");
}
}  // namespace

std::string acl(std::string_view type, std::string_view column, std::string_view owner) {
  return cat("case when ", column, " is not null then nullif(", items(column), ", ",
             items(cat("pg_catalog.acldefault('", type, "', ", owner, ")")), ") end");
}

std::string sorted(std::string_view column) {
  return cat("case when ", column, " is not null then array(select i.item from pg_catalog.unnest(",
             column, ") as i(item) order by i.item collate \"C\") end");
}

std::string role(std::string_view oid) { return cat("pg_catalog.pg_get_userbyid(", oid, ")"); }

std::string function_name(std::string_view oid) {
  return cat("nullif(", oid, "::pg_catalog.regproc::pg_catalog.text, '-')");
}

}  // namespace schema::sql
