// Text search: parsers, templates, dictionaries, configurations.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

std::string head(std::string_view kind, std::string_view name) {
  return cat("\n  select '", kind, "' as kind, o.oid, 0 as sub, n.nspname as schema, o.", name,
             " as name, ", qualified(cat("o.", name)), " as identity, '' as of, null as of_oid");
}

std::string tail(std::string_view catalogue, std::string_view namespace_column) {
  return cat("\n    from pg_catalog.", catalogue, " o join pg_catalog.pg_namespace n on n.oid = o.",
             namespace_column, "\n   where ", user_schema());
}

std::string other(std::string_view catalogue, std::string_view prefix, std::string_view oid) {
  return cat("(select ", qualified(cat("x.", prefix, "name")), " from pg_catalog.", catalogue,
             " x join pg_catalog.pg_namespace n on n.oid = x.", prefix,
             "namespace where x.oid = ", oid, ")");
}

}  // namespace

std::string text_search_parsers(const Server&) {
  return cat(head("text search parser", "prsname"), ", ", function_name("o.prsstart"),
             " as \"start\", ", function_name("o.prstoken"), " as \"token\", ",
             function_name("o.prsend"), " as \"end\", ", function_name("o.prsheadline"),
             " as \"headline\", ", function_name("o.prslextype"), " as \"types\"",
             tail("pg_ts_parser", "prsnamespace"));
}

std::string text_search_templates(const Server&) {
  return cat(head("text search template", "tmplname"), ", ", function_name("o.tmplinit"),
             " as \"init\", ", function_name("o.tmpllexize"), " as \"lexize\"",
             tail("pg_ts_template", "tmplnamespace"));
}

std::string text_search_dictionaries(const Server&) {
  return cat(head("text search dictionary", "dictname"), ", ", role("o.dictowner"),
             " as \"owner\", ", other("pg_ts_template", "tmpl", "o.dicttemplate"),
             " as \"template\", o.dictinitoption as \"options\"",
             tail("pg_ts_dict", "dictnamespace"));
}

std::string text_search_configurations(const Server&) {
  return cat(head("text search configuration", "cfgname"), ", ", role("o.cfgowner"),
             " as \"owner\", ", other("pg_ts_parser", "prs", "o.cfgparser"), R"sql( as "parser",
         (select pg_catalog.array_agg(x.mapping order by x.mapping collate "C") from (
            select t.alias || ': ' || pg_catalog.string_agg()sql",
             other("pg_ts_dict", "dict", "m.mapdict"),
             R"sql(, ', ' order by m.mapseqno) as mapping
              from pg_catalog.pg_ts_config_map m
              join pg_catalog.ts_token_type(o.cfgparser) t on t.tokid = m.maptokentype
             where m.mapcfg = o.oid group by t.alias) x) as "mappings[]")sql",
             tail("pg_ts_config", "cfgnamespace"));
}

}  // namespace schema::sql
