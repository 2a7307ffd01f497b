#include "schema/as_sql.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "pg/ident.h"
#include "schema/tell.h"
#include "util/text.h"

namespace schema {
namespace {

using pg::quote_ident;
using pg::quote_literal;
using util::cat;

// What has to come before what: views go before what they read, and come after it.
enum class Order {
  DropView,
  DropConstraint,
  DropIndex,
  Drop,
  Schema,
  Sequence,
  Table,
  OwnedBy,
  Column,
  Alter,
  Function,
  Constraint,
  ForeignKey,
  Index,
  View,
  Comment,
  Grant
};

struct Statement {
  Order order;
  std::string text;
};
using Statements = std::vector<Statement>;
// Nothing: not a simple case.
using Written = std::optional<Statements>;

// How a statement names objects of this kind; empty for kinds that are left to a person.
std::string_view keyword(Kind kind) {
  switch (kind) {
    case Kind::Schema:
      return "SCHEMA";
    case Kind::Table:
      return "TABLE";
    case Kind::View:
      return "VIEW";
    case Kind::Sequence:
      return "SEQUENCE";
    case Kind::Function:
      return "FUNCTION";
    case Kind::Procedure:
      return "PROCEDURE";
    case Kind::Type:
      return "TYPE";
    case Kind::Domain:
      return "DOMAIN";
    case Kind::Index:
      return "INDEX";
    case Kind::Column:
      return "COLUMN";
    case Kind::Constraint:
      return "CONSTRAINT";
    case Kind::MaterializedView:
      return "MATERIALIZED VIEW";
    default:
      return {};
  }
}

std::string column_definition(const Element& column) {
  std::string text = cat(quote_ident(column.name), " ", column.value("type"));
  if (column.has("collation")) text += cat(" COLLATE ", column.value("collation"));
  if (column.has("default")) text += cat(" DEFAULT ", column.value("default"));
  if (column.value("generated") == "stored")
    text += cat(" GENERATED ALWAYS AS (", column.value("expression"), ") STORED");
  if (column.has("not null")) text += " NOT NULL";
  return text;
}

// Facts that say no more than that a plain object is there; comment and privileges have statements
// of their own, the owner is whoever runs the script.
bool only_facts(const Element& element, std::initializer_list<std::string_view> known) {
  return std::all_of(element.facts.begin(), element.facts.end(), [&](const Fact& fact) {
    constexpr std::string_view kAlways[] = {"owner", "comment", "acl", "position"};
    return std::find(known.begin(), known.end(), fact.name) != known.end() ||
           std::find(std::begin(kAlways), std::end(kAlways), fact.name) != std::end(kAlways);
  });
}

// item: grantee=privileges/grantor, a role in double quotes where it needs them.
struct Grant {
  std::string grantee, letters;
};

std::optional<Grant> parse_grant(std::string_view item) {
  bool quoted = false;
  std::size_t equals = std::string_view::npos, slash = std::string_view::npos;
  for (std::size_t at = 0; at < item.size(); ++at) {
    if (item[at] == '"') quoted = !quoted;
    if (quoted) continue;
    if (item[at] == '=' && equals == std::string_view::npos) equals = at;
    if (item[at] == '/' && slash == std::string_view::npos) slash = at;
  }
  if (equals == std::string_view::npos || slash == std::string_view::npos || slash < equals)
    return std::nullopt;
  return Grant{std::string(item.substr(0, equals)),
               std::string(item.substr(equals + 1, slash - equals - 1))};
}

std::string_view privilege(char letter) {
  switch (letter) {
    case 'r':
      return "SELECT";
    case 'a':
      return "INSERT";
    case 'w':
      return "UPDATE";
    case 'd':
      return "DELETE";
    case 'D':
      return "TRUNCATE";
    case 'x':
      return "REFERENCES";
    case 't':
      return "TRIGGER";
    case 'm':
      return "MAINTAIN";
    case 'X':
      return "EXECUTE";
    case 'U':
      return "USAGE";
    case 'C':
      return "CREATE";
    default:
      return {};
  }
}

bool has_grants(Kind kind) {
  return kind == Kind::Table || kind == Kind::View || kind == Kind::Sequence ||
         kind == Kind::Schema || kind == Kind::MaterializedView;
}

std::string grantable_kind(Kind kind) {
  return kind == Kind::Schema || kind == Kind::Sequence ? std::string(keyword(kind))
                                                        : std::string("TABLE");
}

// Of one grantee, to or from whom all of it goes.
Written grant_statements(const Element& element, const std::string& item, bool give) {
  const std::optional<Grant> grant = parse_grant(item);
  if (!grant) return std::nullopt;
  const std::string on = cat(" ON ", grantable_kind(element.kind), " ", element.identity);
  const std::string who = grant->grantee.empty() ? std::string("PUBLIC") : grant->grantee;
  if (!give) return Statements{{Order::Grant, cat("REVOKE ALL", on, " FROM ", who, ";")}};
  std::vector<std::string> plain, grantable;
  for (std::size_t at = 0; at < grant->letters.size(); ++at) {
    const std::string_view word = privilege(grant->letters[at]);
    if (word.empty()) return std::nullopt;
    const bool option = at + 1 < grant->letters.size() && grant->letters[at + 1] == '*';
    (option ? grantable : plain).emplace_back(word);
    if (option) ++at;
  }
  Statements statements;
  if (!plain.empty())
    statements.push_back(
        {Order::Grant, cat("GRANT ", util::join(plain, ", "), on, " TO ", who, ";")});
  if (!grantable.empty()) {
    statements.push_back({Order::Grant, cat("GRANT ", util::join(grantable, ", "), on, " TO ", who,
                                            " WITH GRANT OPTION;")});
  }
  return statements;
}

void append(Statements& to, Statements from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

// Without grants an owner has all of an object of these kinds, and nobody else anything.
std::vector<std::string> items_of(const Element& element, const std::optional<std::string>& acl) {
  std::vector<std::string> items = texts_of(acl.value_or("{}"));
  const std::string owner(element.value("owner"));
  std::erase_if(items, [&](const std::string& item) {
    return item.starts_with(cat(owner, "=")) || item.starts_with(cat(quote_ident(owner), "="));
  });
  return items;
}

Written acl_statements(const Element& element, const std::optional<std::string>& before,
                       const std::optional<std::string>& after) {
  if (!has_grants(element.kind)) return std::nullopt;
  const std::vector<std::string> was = items_of(element, before), is = items_of(element, after);
  if (was == is) return std::nullopt;  // it is about the owner
  Statements statements;
  const auto add = [&](const std::vector<std::string>& items,
                       const std::vector<std::string>& others, bool give) {
    return std::all_of(items.begin(), items.end(), [&](const std::string& item) {
      if (std::find(others.begin(), others.end(), item) != others.end()) return true;
      Written written = grant_statements(element, item, give);
      if (!written) return false;
      append(statements, *std::move(written));
      return true;
    });
  };
  if (!add(was, is, false) || !add(is, was, true)) return std::nullopt;
  return statements;
}

Written comment_statement(const Element& element, const std::optional<std::string>& comment) {
  const std::string_view kind = keyword(element.kind);
  if (kind.empty()) return std::nullopt;
  const std::string what = element.kind == Kind::Constraint
                               ? cat(quote_ident(element.name), " ON ", element.of)
                               : element.identity;
  return Statements{
      {Order::Comment, cat("COMMENT ON ", kind, " ", what, " IS ",
                           comment ? quote_literal(*comment) : std::string("NULL"), ";")}};
}

// A tag that the text does not hold.
std::string dollar_quoted(std::string_view text) {
  std::string tag = "$body$";
  while (text.find(tag) != std::string_view::npos) tag.insert(tag.size() - 1, "_");
  return cat(tag, text, tag);
}

Written function_statement(const Element& function) {
  if (!only_facts(function, {"arguments", "result", "language", "source", "body", "volatility",
                             "strict", "security definer", "parallel", "leakproof"}))
    return std::nullopt;
  const std::string name = cat(quote_ident(function.schema), ".", quote_ident(function.name));
  std::string text = cat("CREATE OR REPLACE ", keyword(function.kind), " ", name, "(",
                         function.value("arguments"), ")");
  if (function.has("result")) text += cat(" RETURNS ", function.value("result"));
  text += cat(" LANGUAGE ", function.value("language"));
  if (function.has("volatility")) text += cat(" ", function.value("volatility"));
  if (function.has("strict")) text += " STRICT";
  if (function.has("security definer")) text += " SECURITY DEFINER";
  if (function.has("leakproof")) text += " LEAKPROOF";
  if (function.has("parallel")) text += cat(" PARALLEL ", function.value("parallel"));
  text += function.has("body") ? cat("\n", function.value("body"))
                               : cat(" AS ", dollar_quoted(function.value("source")));
  return Statements{{Order::Function, cat(text, ";")}};
}

class Writer {
 public:
  Writer(const Model& before, const Model& after) : before_(before), after_(after) {}

  Written write(const Change& change) const {
    switch (change.what) {
      case Change::What::Added:
        return added(*change.after);
      case Change::What::Removed:
        return removed(*change.before);
      case Change::What::Changed:
        return changed(change);
    }
    return std::nullopt;
  }

 private:
  // With the comment and the privileges that it has.
  Written added(const Element& element) const {
    Written written = made(element);
    if (!written) return written;
    if (const std::string* const comment = element.fact("comment")) {
      Written more = comment_statement(element, *comment);
      if (!more) return more;
      append(*written, *std::move(more));
    }
    if (const std::string* const acl = element.fact("acl")) {
      Written more = acl_statements(element, std::nullopt, *acl);
      if (!more) return more;
      append(*written, *std::move(more));
    }
    return written;
  }

  Written made(const Element& element) const {
    switch (element.kind) {
      case Kind::Schema:
        return Statements{{Order::Schema, cat("CREATE SCHEMA ", element.identity, ";")}};
      case Kind::Sequence:
        return sequence(element);
      case Kind::Table:
        return table(element);
      case Kind::Column:
        return column(element);
      case Kind::Index:
        if (element.has("constraint")) return Statements{};
        if (!only_facts(element, {"definition"})) return std::nullopt;
        return Statements{{Order::Index, cat(element.value("definition"), ";")}};
      case Kind::Constraint:
        return constraint(element);
      case Kind::View:
        if (!only_facts(element, {"query"})) return std::nullopt;
        return Statements{
            {Order::View, cat("CREATE VIEW ", element.identity, " AS\n", element.value("query"))}};
      case Kind::Function:
      case Kind::Procedure:
        return function_statement(element);
      default:
        return std::nullopt;
    }
  }

  static Written sequence(const Element& element) {
    if (!only_facts(element, {"type", "start", "increment", "minimum", "maximum", "cache", "cycle",
                              "owned by"}))
      return std::nullopt;
    Statements statements{
        {Order::Sequence,
         cat("CREATE SEQUENCE ", element.identity, " AS ", element.value("type"), " INCREMENT ",
             element.value("increment"), " MINVALUE ", element.value("minimum"), " MAXVALUE ",
             element.value("maximum"), " START ", element.value("start"), " CACHE ",
             element.value("cache"), element.has("cycle") ? " CYCLE;" : ";")}};
    if (element.has("owned by")) {
      statements.push_back({Order::OwnedBy, cat("ALTER SEQUENCE ", element.identity, " OWNED BY ",
                                                element.value("owned by"), ";")});
    }
    return statements;
  }

  Written table(const Element& element) const {
    if (!only_facts(element, {})) return std::nullopt;
    std::vector<std::pair<std::uint64_t, std::string>> columns;
    for (const Element& part : after_.elements) {
      if (part.kind != Kind::Column || part.of != element.identity) continue;
      if (!plain_column(part)) return std::nullopt;
      columns.emplace_back(util::parse_u64(part.value("position")).value_or(0),
                           column_definition(part));
    }
    std::sort(columns.begin(), columns.end());
    std::vector<std::string> texts;
    for (auto& [position, text] : columns) texts.push_back(cat("\n    ", text));
    return Statements{{Order::Table, cat("CREATE TABLE ", element.identity, " (",
                                         util::join(texts, ","), "\n);")}};
  }

  static bool plain_column(const Element& column) {
    return only_facts(column,
                      {"type", "collation", "default", "not null", "generated", "expression"}) &&
           column.value("generated") != "virtual";
  }

  // Columns of a view are in its query, those of a new table in its statement.
  Written column(const Element& element) const {
    if (before_.find(Kind::Table, element.of) == nullptr)
      return after_.find(Kind::Table, element.of) != nullptr ? Written(Statements{})
                                                             : view_column(element);
    if (!plain_column(element)) return std::nullopt;
    return Statements{{Order::Column, cat("ALTER TABLE ", element.of, " ADD COLUMN ",
                                          column_definition(element), ";")}};
  }
  static Written view_column(const Element& element) {
    return only_facts(element, {"type", "collation"}) ? Written(Statements{}) : std::nullopt;
  }

  static Written constraint(const Element& element) {
    if (!only_facts(element, {"type", "definition"})) return std::nullopt;
    const bool key = element.value("type") == "foreign key";
    return Statements{{key ? Order::ForeignKey : Order::Constraint,
                       cat("ALTER TABLE ", element.of, " ADD CONSTRAINT ",
                           quote_ident(element.name), " ", element.value("definition"), ";")}};
  }

  Written removed(const Element& element) const {
    const bool with_table = !element.of.empty() &&
                            before_.find(Kind::Table, element.of) != nullptr &&
                            after_.find(Kind::Table, element.of) == nullptr;
    if (with_table) return Statements{};
    switch (element.kind) {
      case Kind::View:
        return Statements{{Order::DropView, cat("DROP VIEW ", element.identity, ";")}};
      case Kind::Constraint:
        return Statements{
            {Order::DropConstraint,
             cat("ALTER TABLE ", element.of, " DROP CONSTRAINT ", quote_ident(element.name), ";")}};
      case Kind::Index:
        if (element.has("constraint")) return Statements{};
        return Statements{{Order::DropIndex, cat("DROP INDEX ", element.identity, ";")}};
      case Kind::Column:
        if (before_.find(Kind::Table, element.of) == nullptr) return Statements{};
        return Statements{{Order::Drop, cat("ALTER TABLE ", element.of, " DROP COLUMN ",
                                            quote_ident(element.name), ";")}};
      case Kind::Sequence:
        if (element.has("owned by") || element.has("identity of"))
          return Statements{};  // goes with its column
        return Statements{{Order::Drop, cat("DROP SEQUENCE ", element.identity, ";")}};
      case Kind::Table:
      case Kind::Function:
      case Kind::Procedure:
        return Statements{
            {Order::Drop, cat("DROP ", keyword(element.kind), " ", element.identity, ";")}};
      default:
        return std::nullopt;
    }
  }

  Written changed(const Change& change) const {
    Statements statements;
    bool whole = false;  // its definition is written anew
    for (const FactChange& fact : change.facts) {
      Written written = fact_statements(change, fact, whole);
      if (!written) return written;
      append(statements, *std::move(written));
    }
    if (!whole) return statements;
    Written written = again(change);
    if (!written) return written;
    append(statements, *std::move(written));
    return statements;
  }

  static Written fact_statements(const Change& change, const FactChange& fact, bool& whole) {
    const Element& element = *change.after;
    if (fact.name == "comment") return comment_statement(element, fact.after);
    if (fact.name == "acl") return acl_statements(element, fact.before, fact.after);
    if (element.kind == Kind::Column) return column_fact(element, fact);
    if (fact.name == "owner") return std::nullopt;
    whole = true;
    return Statements{};
  }

  static Written column_fact(const Element& column, const FactChange& fact) {
    const std::string alter =
        cat("ALTER TABLE ", column.of, " ALTER COLUMN ", quote_ident(column.name), " ");
    if (fact.name == "position") return Statements{};
    if (fact.name == "type")
      return Statements{{Order::Alter, cat(alter, "TYPE ", column.value("type"), ";")}};
    if (fact.name == "default") {
      return Statements{{Order::Alter, fact.after ? cat(alter, "SET DEFAULT ", *fact.after, ";")
                                                  : cat(alter, "DROP DEFAULT;")}};
    }
    if (fact.name == "not null")
      return Statements{{Order::Alter, cat(alter, fact.after ? "SET" : "DROP", " NOT NULL;")}};
    return std::nullopt;
  }

  Written again(const Change& change) const {
    const Element& element = *change.after;
    switch (element.kind) {
      case Kind::Function:
      case Kind::Procedure:
        return function_statement(element);
      case Kind::View:
        if (!only_facts(element, {"query"})) return std::nullopt;
        return Statements{{Order::View, cat("CREATE OR REPLACE VIEW ", element.identity, " AS\n",
                                            element.value("query"))}};
      case Kind::Index:
      case Kind::Constraint: {
        Written gone = removed(*change.before), made_again = made(element);
        if (!gone || !made_again) return std::nullopt;
        append(*gone, *std::move(made_again));
        return gone;
      }
      default:
        return std::nullopt;
    }
  }

  const Model& before_;
  const Model& after_;
};

}  // namespace

Script as_sql(const std::vector<Change>& changes, const Model& before, const Model& after) {
  const Writer writer(before, after);
  Statements statements;
  std::vector<Change> left;
  for (const Change& change : changes) {
    Written written = writer.write(change);
    if (written) {
      append(statements, *std::move(written));
    } else {
      left.push_back(change);
    }
  }
  std::stable_sort(statements.begin(), statements.end(),
                   [](const Statement& a, const Statement& b) { return a.order < b.order; });
  Script script;
  for (Statement& statement : statements) script.statements.push_back(std::move(statement.text));
  for (const Change& change : left) script.left.push_back(tell(change));
  return script;
}

std::string to_text(const Script& script) {
  std::string text = "BEGIN;\n";
  for (const std::string& statement : script.statements) text += cat(statement, "\n");
  text += "COMMIT;\n";
  if (!script.left.empty()) text += "-- Left to a person:\n";
  for (const std::string& line : script.left) text += cat("-- ", line, "\n");
  return text;
}

}  // namespace schema
