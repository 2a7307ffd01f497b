#include "schema/script_writer.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <utility>
#include <vector>

#include "pg/ident.h"
#include "util/text.h"

namespace schema {
namespace {

using pg::quote_ident;
using pg::quote_literal;
using util::cat;

const Element* find_relation(const Model& model, std::string_view identity) {
  for (const Kind kind : {Kind::Table, Kind::View, Kind::MaterializedView, Kind::ForeignTable}) {
    if (const Element* const found = model.find(kind, identity)) return found;
  }
  return nullptr;
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

// What the relation above gives and takes.
bool is_inherited(const Element& element) {
  return element.has("inherited") && element.value("local") == "no";
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

bool is_plain_column(const Element& column) {
  return only_facts(column,
                    {"type", "collation", "default", "not null", "generated", "expression"}) &&
         column.value("generated") != "virtual" && !column.has("acl");
}

// A tag that the text does not hold.
std::string dollar_quoted(std::string_view text) {
  std::string tag = "$body$";
  while (text.find(tag) != std::string_view::npos) tag.insert(tag.size() - 1, "_");
  return cat(tag, text, tag);
}

std::optional<std::string> function_definition(const Element& function) {
  if (!only_facts(function,
                  {"arguments", "result", "language", "source", "body", "volatility", "strict",
                   "security definer", "parallel", "leakproof", "cost", "rows"}))
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
  if (function.has("cost")) text += cat(" COST ", function.value("cost"));
  if (function.has("rows")) text += cat(" ROWS ", function.value("rows"));
  text += function.has("body") ? cat("\n", function.value("body"))
                               : cat(" AS ", dollar_quoted(function.value("source")));
  return cat(text, ";");
}

Written comment_statement(const Element& element, const std::optional<std::string>& comment) {
  const std::string_view kind = keyword(element.kind);
  if (kind.empty()) return std::nullopt;
  const std::string what = element.kind == Kind::Constraint
                               ? cat(quote_ident(element.name), " ON ", element.of)
                               : element.identity;
  const std::string text = comment ? quote_literal(*comment) : std::string("NULL");
  return Statements{
      {.phase = Phase::Comment, .text = cat("COMMENT ON ", kind, " ", what, " IS ", text, ";")}};
}

// "character varying(20)" without its measure.
std::string_view base_type(std::string_view type) {
  return util::trim(type.substr(0, type.find('(')));
}

// Every value has an assignment to these, and a cast that is written would cut it in silence.
bool is_text_type(std::string_view type) {
  const std::string_view base = base_type(type);
  return base == "text" || base == "character varying" || base == "character";
}

bool is_bit_type(std::string_view type) { return base_type(type).starts_with("bit"); }

}  // namespace

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

std::set<std::string, std::less<>> needs_of(const Element& element, const Model& model) {
  std::set<std::string, std::less<>> needs = names_in(element).qualified;
  if (element.kind != Kind::Table) return needs;
  for (const Element& part : model.elements) {
    if (part.kind == Kind::Column && part.of == element.identity)
      needs.merge(names_in(part).qualified);
  }
  return needs;
}

Statement Writer::drop(const Element& element, Phase phase, std::string text) const {
  return {.phase = phase,
          .text = std::move(text),
          .drops = called(element),
          .frees = needs_of(element, before_)};
}

Statement Writer::make(const Element& element, Phase phase, std::string text) const {
  return {.phase = phase,
          .text = std::move(text),
          .makes = called(element),
          .needs = needs_of(element, after_)};
}

Written Writer::write(const Change& change, Remade remade) const {
  switch (change.what) {
    case Change::What::Added:
      return added(*change.after);
    case Change::What::Removed:
      return removed(*change.before);
    case Change::What::Changed:
      return remade == Remade::Yes ? made_again(*change.before, *change.after) : changed(change);
  }
  return std::nullopt;
}

Written Writer::made_again(const Element& was, const Element& is) const {
  const std::string_view kind = keyword(was.kind);
  const Phase phase = was.kind == Kind::View ? Phase::DropView : Phase::Drop;
  Statements statements{drop(was, phase, cat("DROP ", kind, " ", was.identity, ";"))};
  Written again = added(is);
  if (!again) return again;
  append(statements, *std::move(again));
  for (const Element& part : after_.elements) {
    const std::string* const comment =
        part.of == is.identity && part.kind == Kind::Column ? part.fact("comment") : nullptr;
    if (comment != nullptr) append(statements, *comment_statement(part, *comment));
  }
  return statements;
}

// With the comment and the privileges that it has.
Written Writer::added(const Element& element) const {
  Written written = made(element);
  if (!written) return written;
  if (const std::string* const comment = element.fact("comment")) {
    Written more = comment_statement(element, *comment);
    if (!more) return more;
    append(*written, *std::move(more));
  }
  if (const std::string* const acl = element.fact("acl")) {
    Written more = grant_statements(element, std::nullopt, *acl);
    if (!more) return more;
    append(*written, *std::move(more));
  }
  return written;
}

Written Writer::made(const Element& element) const {
  switch (element.kind) {
    case Kind::Schema:
      return Statements{make(element, Phase::Schema, cat("CREATE SCHEMA ", element.identity, ";"))};
    case Kind::Sequence: {
      if (!only_facts(element, {"type", "start", "increment", "minimum", "maximum", "cache",
                                "cycle", "owned by"}))
        return std::nullopt;
      Statements statements{make(
          element, Phase::Sequence,
          cat("CREATE SEQUENCE ", element.identity, " AS ", element.value("type"), " INCREMENT ",
              element.value("increment"), " MINVALUE ", element.value("minimum"), " MAXVALUE ",
              element.value("maximum"), " START ", element.value("start"), " CACHE ",
              element.value("cache"), element.has("cycle") ? " CYCLE;" : ";"))};
      if (element.has("owned by")) {
        statements.push_back({.phase = Phase::OwnedBy,
                              .text = cat("ALTER SEQUENCE ", element.identity, " OWNED BY ",
                                          element.value("owned by"), ";"),
                              .needs = names_in(element.value("owned by")).qualified});
      }
      return statements;
    }
    case Kind::Table:
      return table(element);
    case Kind::Column:
      return column(element);
    case Kind::Index:
      if (element.has("constraint")) return Statements{};
      if (!only_facts(element, {"definition"})) return std::nullopt;
      return Statements{make(element, Phase::Index, cat(element.value("definition"), ";"))};
    case Kind::Constraint: {
      if (is_inherited(element)) return Statements{};
      if (!only_facts(element, {"type", "definition"})) return std::nullopt;
      const bool key = element.value("type") == "foreign key";
      return Statements{
          make(element, key ? Phase::ForeignKey : Phase::Constraint,
               cat("ALTER TABLE ", element.of, " ADD CONSTRAINT ", quote_ident(element.name), " ",
                   element.value("definition"), ";"))};
    }
    case Kind::View:
      return view(element, "CREATE VIEW ");
    case Kind::Function:
    case Kind::Procedure: {
      std::optional<std::string> text = function_definition(element);
      if (!text) return std::nullopt;
      return Statements{make(element, Phase::Function, *std::move(text))};
    }
    default:
      return std::nullopt;
  }
}

Written Writer::view(const Element& element, std::string_view create) const {
  if (!only_facts(element, {"query", "options"})) return std::nullopt;
  std::string text = cat(create, element.identity);
  if (element.has("options"))
    text += cat(" WITH (", util::join(texts_of(element.value("options")), ", "), ")");
  return Statements{make(element, Phase::View, cat(text, " AS\n", element.value("query")))};
}

Written Writer::table(const Element& element) const {
  if (!only_facts(element, {})) return std::nullopt;
  std::vector<std::pair<std::uint64_t, std::string>> columns;
  for (const Element& part : after_.elements) {
    if (part.kind != Kind::Column || part.of != element.identity) continue;
    if (!is_plain_column(part)) return std::nullopt;
    columns.emplace_back(util::parse_u64(part.value("position")).value_or(0),
                         column_definition(part));
  }
  std::sort(columns.begin(), columns.end());
  std::vector<std::string> texts;
  for (auto& [position, text] : columns) texts.push_back(cat("\n    ", text));
  return Statements{
      make(element, Phase::Table,
           cat("CREATE TABLE ", element.identity, " (", util::join(texts, ","), "\n);"))};
}

// Columns of a new relation are in its statement, those of a view always.
Written Writer::column(const Element& element) const {
  const Element* const relation = find_relation(before_, element.of);
  if (relation == nullptr || is_inherited(element)) return Statements{};
  if (relation->kind == Kind::View)
    return only_facts(element, {"type", "collation"}) && !element.has("acl") ? Written(Statements{})
                                                                             : std::nullopt;
  if (relation->kind != Kind::Table || !is_plain_column(element)) return std::nullopt;
  Statement statement =
      make(element, Phase::Column,
           cat("ALTER TABLE ", element.of, " ADD COLUMN ", column_definition(element), ";"));
  statement.makes = element.of;  // whoever needs the table may need this of it
  return Statements{std::move(statement)};
}

Written Writer::removed(const Element& element) const {
  const bool with_relation = !element.of.empty() && find_relation(before_, element.of) != nullptr &&
                             find_relation(after_, element.of) == nullptr;
  if (with_relation || is_inherited(element)) return Statements{};
  const std::string object = cat("DROP ", keyword(element.kind), " ", element.identity, ";");
  switch (element.kind) {
    case Kind::View:
      return Statements{drop(element, Phase::DropView, object)};
    case Kind::Constraint: {
      const bool key = element.value("type") == "foreign key";
      return Statements{drop(
          element, key ? Phase::DropForeignKey : Phase::DropConstraint,
          cat("ALTER TABLE ", element.of, " DROP CONSTRAINT ", quote_ident(element.name), ";"))};
    }
    case Kind::Index:
      if (element.has("constraint")) return Statements{};
      if (element.has("attached to")) return std::nullopt;
      return Statements{drop(element, Phase::DropIndex, object)};
    case Kind::Column: {
      const Kind relation = find_relation(before_, element.of)->kind;
      if (relation == Kind::View) return Statements{};
      if (relation != Kind::Table) return std::nullopt;
      return Statements{
          drop(element, Phase::Drop,
               cat("ALTER TABLE ", element.of, " DROP COLUMN ", quote_ident(element.name), ";"))};
    }
    case Kind::Sequence: {
      const std::string_view owner =
          element.has("owned by") ? element.value("owned by") : element.value("identity of");
      const bool with_column = !owner.empty() && after_.find(Kind::Column, owner) == nullptr;
      if (with_column) return Statements{};
      if (element.has("identity of")) return std::nullopt;
      return Statements{drop(element, Phase::Drop, object)};
    }
    case Kind::Schema:
    case Kind::Table:
    case Kind::MaterializedView:
    case Kind::Function:
    case Kind::Procedure:
      return Statements{drop(element, Phase::Drop, object)};
    default:
      return std::nullopt;
  }
}

Written Writer::changed(const Change& change) const {
  const Element& element = *change.after;
  if (element.kind == Kind::Column) return changed_column(change);
  Statements statements;
  bool whole = false;  // its definition is written anew
  for (const FactChange& fact : change.facts) {
    Written written = Statements{};
    if (fact.name == "comment") {
      written = comment_statement(element, fact.after);
    } else if (fact.name == "acl") {
      written = grant_statements(element, fact.before, fact.after);
    } else if (fact.name == "owner") {
      return std::nullopt;
    } else if (fact.name != "dropped columns") {  // nothing makes those, and nobody sees them
      whole = true;
    }
    if (!written) return written;
    append(statements, *std::move(written));
  }
  if (!whole) return statements;
  Written written = replaced(change);
  if (!written) return written;
  append(statements, *std::move(written));
  return statements;
}

// The type with its collation, and the default, which may be none of the new type, around it.
Written Writer::changed_column(const Change& change) const {
  const Element &was = *change.before, &is = *change.after;
  const Element* const relation = find_relation(after_, is.of);
  const bool table = relation != nullptr && relation->kind == Kind::Table;
  const std::string alter = cat("ALTER TABLE ", is.of, " ALTER COLUMN ", quote_ident(is.name), " ");
  Statements statements;
  bool type = false, value = false;
  const auto add = [&](std::string text) {
    statements.push_back({.phase = Phase::Alter,
                          .text = cat(alter, text, ";"),
                          .needs = names_in(is).qualified,
                          .frees = names_in(was).qualified});
  };
  for (const FactChange& fact : change.facts) {
    if (fact.name == "comment") {
      append(statements, *comment_statement(is, fact.after));
    } else if (fact.name == "type" || fact.name == "collation") {
      type = true;
    } else if (fact.name == "default" && table) {
      value = true;
    } else if (fact.name == "not null" && table) {
      if (!is_inherited(is)) add(cat(fact.after ? "SET" : "DROP", " NOT NULL"));
    } else if (fact.name != "position") {
      return std::nullopt;
    }
  }
  if (!table && relation != nullptr && relation->kind != Kind::View && (type || value))
    return std::nullopt;
  if (!table || is_inherited(is)) return value ? std::nullopt : Written(statements);
  const bool other_base = base_type(was.value("type")) != base_type(is.value("type"));
  if (type && (is.has("generated") || (other_base && is_bit_type(is.value("type")))))
    return std::nullopt;
  if ((value && !is.has("default")) || (type && other_base && was.has("default")))
    add("DROP DEFAULT");
  if (type) {
    std::string text = cat("TYPE ", is.value("type"));
    if (is.has("collation")) text += cat(" COLLATE ", is.value("collation"));
    if (other_base && !is_text_type(is.value("type")))
      text += cat(" USING ", quote_ident(is.name), "::", is.value("type"));
    add(text);
  }
  if (is.has("default") && (value || (type && other_base)))
    add(cat("SET DEFAULT ", is.value("default")));
  return statements;
}

Written Writer::replaced(const Change& change) const {
  const Element& element = *change.after;
  Written made_anew;
  switch (element.kind) {
    case Kind::Function:
    case Kind::Procedure:
      made_anew = made(element);
      break;
    case Kind::View:
      made_anew = view(element, "CREATE OR REPLACE VIEW ");
      break;
    case Kind::Index:
    case Kind::Constraint: {
      Written gone = removed(*change.before);
      Written again = made(element);
      if (!gone || !again) return std::nullopt;
      if (const std::string* const comment = element.fact("comment"))
        append(*again, *comment_statement(element, *comment));
      append(*gone, *std::move(again));
      return gone;
    }
    default:
      return std::nullopt;
  }
  if (made_anew) made_anew->front().frees = needs_of(*change.before, before_);
  return made_anew;
}

}  // namespace schema
