// A scratch object is made in the temporary schema, beside a temporary table that has the columns
// and the name of the real one, so that a text means there what it means in its own place. A rule
// alone needs the real table.
#include "schema/sql_reparse.h"

#include "pg/ident.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using pg::quote_literal;
using util::cat;

constexpr std::string_view kName = "pgbelay_scratch";

// The raw name of the relation that `element` is a part of: the last part of `of`.
std::string table_name(const Element& element) {
  const std::string& of = element.of;
  bool quoted = false;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < of.size(); ++at) {
    if (of[at] == '"') quoted = !quoted;
    if (of[at] == '.' && !quoted) begin = at + 1;
  }
  return of.substr(begin);
}

std::string like(const Element& element, std::string_view partition_by = {}) {
  return cat("create temporary table ", table_name(element), " (like ", element.of, ")",
             partition_by.empty() ? "" : " partition by ", partition_by, ";\n");
}

std::string temporary(const Element& element) { return cat("pg_temp.", table_name(element)); }

// Where `word` is in `text` outside of double quotes; npos if nowhere.
std::size_t find_unquoted(std::string_view text, std::string_view word) {
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (!quoted && text.substr(at).starts_with(word)) return at;
    if (text[at] == '"') quoted = !quoted;
  }
  return std::string_view::npos;
}

Scratch view_of(std::string_view query) {
  return {cat("create temporary view ", kName, " as ", query),
          cat("select pg_catalog.pg_get_viewdef('pg_temp.", kName, "'::pg_catalog.regclass)")};
}

// An expression over the columns of a relation, or over none.
Scratch expression(const std::string& text, const std::string& relation) {
  return view_of(cat("select ", text, " as it", relation.empty() ? "" : " from ", relation));
}

Scratch constraint(const Element& element, const std::string& text) {
  return {
      cat(like(element), "alter table ", temporary(element), " add constraint ", kName, " ", text),
      cat("select pg_catalog.pg_get_constraintdef(oid) from pg_catalog.pg_constraint where conname "
          "= '",
          kName, "' and conrelid = ", quote_literal(temporary(element)), "::pg_catalog.regclass")};
}

std::optional<Scratch> index(const Element& element, const std::string& text) {
  const std::size_t clause = find_unquoted(text, " USING ");
  if (clause == std::string::npos) return std::nullopt;
  return Scratch{
      cat(like(element),
          text.starts_with("CREATE UNIQUE") ? "create unique index " : "create index ", kName,
          " on ", temporary(element), text.substr(clause)),
      cat("select pg_catalog.pg_get_indexdef('pg_temp.", kName, "'::pg_catalog.regclass)")};
}

std::optional<Scratch> statistics(const Element& element, const std::string& text) {
  const std::string begin = cat("CREATE STATISTICS ", element.identity),
                    end = cat(" FROM ", element.of);
  if (!text.starts_with(begin) || !text.ends_with(end)) return std::nullopt;
  const std::string what = text.substr(begin.size(), text.size() - begin.size() - end.size());
  return Scratch{
      cat(like(element), "create statistics pg_temp.", kName, what, " from ", temporary(element)),
      cat("select pg_catalog.pg_get_statisticsobjdef(oid) from pg_catalog.pg_statistic_ext where "
          "stxname = '",
          kName, "'")};
}

std::optional<Scratch> trigger(const Element& element, const std::string& text) {
  const std::string on = cat(" ON ", element.of, " ");
  const std::size_t at = find_unquoted(text, on);
  if (at == std::string::npos) return std::nullopt;
  return Scratch{
      cat(like(element), text.substr(0, at), " ON ", temporary(element), " ",
          text.substr(at + on.size())),
      cat("select pg_catalog.pg_get_triggerdef(oid) from pg_catalog.pg_trigger where tgrelid = ",
          quote_literal(temporary(element)), "::pg_catalog.regclass and not tgisinternal")};
}

std::optional<Scratch> rule(const Element& element, const std::string& text) {
  const std::size_t at = find_unquoted(text, " AS");
  if (at == std::string::npos) return std::nullopt;
  return Scratch{
      cat("create rule ", kName, text.substr(at)),
      cat("select pg_catalog.pg_get_ruledef(oid) from pg_catalog.pg_rewrite where rulename = '",
          kName, "' and ev_class = ", quote_literal(element.of), "::pg_catalog.regclass")};
}

Scratch domain_constraint(const std::string& type, const std::string& text) {
  return {cat("create domain pg_temp.", kName, " as ", type, " constraint ", kName, " ", text),
          cat("select pg_catalog.pg_get_constraintdef(oid) from pg_catalog.pg_constraint where "
              "conname = '",
              kName, "' and contypid = 'pg_temp.", kName, "'::pg_catalog.regtype")};
}

// A function of the same arguments; of its body only one that the server has parsed.
std::optional<Scratch> function(const Element& element, std::string_view fact,
                                const std::string& text) {
  const std::string_view arguments =
      fact == "arguments" ? std::string_view(text) : element.value("arguments");
  const std::string_view body = fact == "body" ? std::string_view(text) : element.value("body");
  const bool procedure = element.kind == Kind::Procedure;
  const std::string returns = procedure ? std::string() : cat(" returns ", element.value("result"));
  const std::string of = cat("oid from pg_catalog.pg_proc where proname = '", kName, "'");
  return Scratch{
      cat("create ", procedure ? "procedure" : "function", " pg_temp.", kName, "(", arguments, ")",
          returns, " language ", body.empty() ? element.value("language") : "sql",
          body.empty() ? std::string(" as ''") : cat("\n", body)),
      fact == "body"
          ? cat("select pg_catalog.pg_get_function_sqlbody(p.oid) from (select ", of, ") p")
          : cat("select pg_catalog.pg_get_function_arguments(p.oid) from (select ", of, ") p")};
}

}  // namespace

bool locks(const Element& element) { return element.kind == Kind::Rule; }

std::optional<Scratch> scratch(const Element& element, std::string_view fact,
                               const std::string& text) {
  switch (element.kind) {
    case Kind::Constraint:
      if (element.value("type") == "foreign key") return std::nullopt;
      return constraint(element, text);
    case Kind::DomainConstraint:
      return domain_constraint(element.of, text);
    case Kind::Index:
      return index(element, text);
    case Kind::Statistics:
      return statistics(element, text);
    case Kind::Trigger:
      return trigger(element, text);
    case Kind::Rule:
      return rule(element, text);
    case Kind::View:
    case Kind::MaterializedView:
      return view_of(text);
    case Kind::Table: {  // its partition key
      Element part = element;
      part.of = element.identity;
      return Scratch{like(part, text),
                     cat("select pg_catalog.pg_get_partkeydef(", quote_literal(temporary(part)),
                         "::pg_catalog.regclass)")};
    }
    case Kind::Function:
    case Kind::Procedure:
      return function(element, fact, text);
    case Kind::Domain:
      return expression(text, {});
    case Kind::Column:
      return expression(text, fact == "default" ? std::string() : element.of);
    case Kind::Policy:
    case Kind::PublicationTable:
      return expression(text, element.of);
    default:
      return std::nullopt;
  }
}

}  // namespace schema::sql
