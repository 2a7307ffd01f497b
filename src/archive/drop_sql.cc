// Drop statements that succeed in an empty database as well as over a full one.
//
// pg_dump writes them without IF EXISTS. Most kinds know the clause and then also tolerate a
// missing schema, table or type (since 9.4). Four do not, and stand in DO blocks that look first:
// defaults of columns, constraints of domains, views of dependency cycles (whose "drop" redefines
// them), and operator classes of an access method that may be missing. CASCADE, which base types
// need, is let through only when nothing but the type's own functions would go with it (S16).
#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "archive/entry_sql.h"
#include "archive/sql_text.h"
#include "util/text.h"

namespace archive {

namespace {
using util::cat;

constexpr std::array<std::string_view, 32> kDroppedKinds{"ACCESS METHOD",
                                                         "AGGREGATE",
                                                         "CAST",
                                                         "COLLATION",
                                                         "CONVERSION",
                                                         "DOMAIN",
                                                         "EVENT TRIGGER",
                                                         "EXTENSION",
                                                         "FOREIGN DATA WRAPPER",
                                                         "FOREIGN TABLE",
                                                         "FUNCTION",
                                                         "INDEX",
                                                         "LANGUAGE",
                                                         "MATERIALIZED VIEW",
                                                         "POLICY",
                                                         "PROCEDURAL LANGUAGE",
                                                         "PROCEDURE",
                                                         "PUBLICATION",
                                                         "RULE",
                                                         "SCHEMA",
                                                         "SEQUENCE",
                                                         "SERVER",
                                                         "STATISTICS",
                                                         "TABLE",
                                                         "TEXT SEARCH CONFIGURATION",
                                                         "TEXT SEARCH DICTIONARY",
                                                         "TEXT SEARCH PARSER",
                                                         "TEXT SEARCH TEMPLATE",
                                                         "TRANSFORM",
                                                         "TRIGGER",
                                                         "USER MAPPING",
                                                         "VIEW"};
constexpr std::array<std::string_view, 6> kBuiltInAccessMethods{"brin", "btree", "gin",
                                                                "gist", "hash",  "spgist"};

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// Reads a statement from its start: keywords in capitals, as pg_dump writes them, and names.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  // Takes the words if they come next, as whole words.
  bool take(std::string_view words) {
    if (!rest_.starts_with(words)) return false;
    if (rest_.size() > words.size() && !is_space(rest_[words.size()])) return false;
    rest_.remove_prefix(words.size());
    skip_space();
    return true;
  }
  // A name, perhaps qualified, with its quotes.
  std::string_view name() {
    std::size_t end = 0;
    bool inside = false;
    for (; end < rest_.size(); ++end) {
      if (rest_[end] == '"') inside = !inside;
      if (!inside && (is_space(rest_[end]) || rest_[end] == '(' || rest_[end] == ';')) break;
    }
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    skip_space();
    return found;
  }
  std::string_view rest() const { return rest_; }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_.front())) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

// Where the token at `at` ends: a quoted string or name, a comment, or one character.
std::size_t token_end(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c == '\'' || c == '"') {
    const std::size_t close = text.find(c, at + 1);
    return close == std::string_view::npos ? text.size() : close + 1;
  }
  if (text.substr(at).starts_with("--")) return std::min(text.find('\n', at), text.size());
  return at + 1;
}

// The statements of `text` without their semicolons and without comments before them.
std::vector<std::string_view> statements(std::string_view text) {
  std::vector<std::string_view> found;
  std::size_t start = 0;
  const auto add = [&](std::size_t end) {
    const std::string_view statement = util::trim(text.substr(start, end - start));
    if (!statement.empty()) found.push_back(statement);
    start = end + 1;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = token_end(text, at);
    const bool comment = text.substr(at).starts_with("--");
    if (comment && util::trim(text.substr(start, at - start)).empty()) start = end;
    if (!comment && text[at] == ';') add(at);
    at = end;
  }
  if (start < text.size()) add(text.size());
  return found;
}

// The bare name: of "a""b" a"b, of ab ab.
std::string unquoted(std::string_view name) {
  if (name.size() < 2 || name.front() != '"') return std::string(name);
  return util::replace_all(std::string(name.substr(1, name.size() - 2)), "\"\"", "\"");
}

std::string if_then(std::string_view condition, std::string_view statement) {
  return sql_do_block(cat("IF ", condition, " THEN ", statement, "; END IF;"));
}

std::string relation_exists(std::string_view name) {
  return cat("pg_catalog.to_regclass(", sql_literal(name), ") IS NOT NULL");
}

// CASCADE would take along whatever depends on the type: nothing may but the functions that the
// type itself is made of.
std::string drop_base_type(std::string_view name) {
  const std::string type = cat("pg_catalog.to_regtype(", sql_literal(name), ")");
  return sql_do_block(
      cat("IF EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.refclassid = "
          "'pg_catalog.pg_type'::pg_catalog.regclass"
          " AND d.refobjid IN (SELECT t.oid FROM pg_catalog.pg_type t WHERE ",
          type,
          " IN (t.oid, t.typelem))"
          " AND d.deptype <> 'i' AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend o"
          " WHERE o.classid = d.refclassid AND o.objid = d.refobjid AND o.refclassid = d.classid "
          "AND o.refobjid = d.objid))"
          " THEN RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',"
          " MESSAGE = ",
          sql_literal(cat("cannot drop type ", name, " because other objects depend on it")),
          "; END IF; DROP TYPE IF EXISTS ", name, " CASCADE;"));
}

std::string drop_operator_group(std::string_view kind, Cursor after) {
  const std::string statement = cat("DROP ", kind, " IF EXISTS ", after.rest());
  after.name();
  const std::string method = after.take("USING") ? unquoted(after.name()) : std::string();
  if (method.empty() ||
      std::ranges::find(kBuiltInAccessMethods, method) != kBuiltInAccessMethods.end()) {
    return statement + ";\n";
  }
  return if_then(
      cat("EXISTS (SELECT FROM pg_catalog.pg_am WHERE amname = ", sql_literal(method), ")"),
      statement);
}

std::string drop_type(Cursor after) {
  const std::string plain = cat("DROP TYPE IF EXISTS ", after.rest(), ";\n");
  const std::string_view name = after.name();
  return after.take("CASCADE") ? drop_base_type(name) : plain;
}

std::optional<std::string> drop(std::string_view statement) {
  Cursor cursor(statement);
  cursor.take("DROP");
  if (cursor.take("SUBSCRIPTION") || cursor.take("DATABASE")) return std::nullopt;
  if (cursor.take("OPERATOR CLASS")) return drop_operator_group("OPERATOR CLASS", cursor);
  if (cursor.take("OPERATOR FAMILY")) return drop_operator_group("OPERATOR FAMILY", cursor);
  if (cursor.take("OPERATOR")) return cat("DROP OPERATOR IF EXISTS ", cursor.rest(), ";\n");
  if (cursor.take("TYPE")) return drop_type(cursor);
  for (const std::string_view kind : kDroppedKinds) {
    if (!cursor.take(kind)) continue;
    const std::string_view clause = cursor.rest().starts_with("IF EXISTS ") ? "" : "IF EXISTS ";
    return cat("DROP ", kind, " ", clause, cursor.rest(), ";\n");
  }
  return cat(statement, ";\n");
}

std::string alter_relation(std::string_view statement, std::string_view alter) {
  Cursor cursor(statement);
  cursor.take(alter);
  cursor.take("IF EXISTS");
  const std::string_view only = cursor.take("ONLY") ? "ONLY " : "";
  const std::string_view relation = cursor.name();
  if (cursor.take("DROP CONSTRAINT")) {
    return cat(alter, " IF EXISTS ", only, relation, " DROP CONSTRAINT IF EXISTS ", cursor.rest(),
               ";\n");
  }
  if (cursor.take("ALTER COLUMN")) {
    const std::string column = unquoted(cursor.name());
    return if_then(
        cat("EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = pg_catalog.to_regclass(",
            sql_literal(relation), ") AND attname = ", sql_literal(column),
            " AND NOT attisdropped)"),
        statement);
  }
  return cat(statement, ";\n");
}

std::string alter_domain(std::string_view statement) {
  Cursor cursor(statement);
  cursor.take("ALTER DOMAIN");
  const std::string_view domain = cursor.name();
  const std::string exists = cat("pg_catalog.to_regtype(", sql_literal(domain), ") IS NOT NULL");
  if (!cursor.take("DROP CONSTRAINT")) return if_then(exists, statement);
  return if_then(exists,
                 cat("ALTER DOMAIN ", domain, " DROP CONSTRAINT IF EXISTS ", cursor.rest()));
}

std::optional<std::string> with_if_exists(std::string_view statement) {
  if (statement.starts_with("DROP ")) return drop(statement);
  if (statement.starts_with("ALTER TABLE ")) return alter_relation(statement, "ALTER TABLE");
  if (statement.starts_with("ALTER FOREIGN TABLE "))
    return alter_relation(statement, "ALTER FOREIGN TABLE");
  if (statement.starts_with("ALTER DOMAIN ")) return alter_domain(statement);
  if (Cursor cursor(statement); cursor.take("CREATE OR REPLACE VIEW")) {
    return if_then(relation_exists(cursor.name()), statement);
  }
  return cat(statement, ";\n");
}
}  // namespace

std::optional<std::string> drop_if_exists_statement(const TocEntry& entry) {
  if (const std::vector<std::string> oids = large_object_oids(entry); !oids.empty()) {
    return cat(
        "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid IN (",
        util::join(oids, ", "), ");\n");
  }
  if (!entry.drop) return std::nullopt;
  std::string all;
  for (const std::string_view statement : statements(*entry.drop)) {
    all += with_if_exists(statement).value_or("");
  }
  if (all.empty()) return std::nullopt;
  return all;
}

}  // namespace archive
