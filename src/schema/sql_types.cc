// Types that users make, domains among them. Row types come with their relation, array types with
// their element, multirange types with their range.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

std::string collation_of(std::string_view oid) {
  return cat("(select ", qualified("l.collname"), R"sql( from pg_catalog.pg_collation l
             join pg_catalog.pg_namespace n on n.oid = l.collnamespace where l.oid = )sql",
             oid, ")");
}

std::string base_facts(const Server& server) {
  std::string facts;
  const auto function = [&](std::string_view column, std::string_view name) {
    facts += cat(",\n         case when t.typtype = 'b' then ", function_name(cat("t.", column)),
                 " end as \"", name, "\"");
  };
  function("typinput", "input");
  function("typoutput", "output");
  function("typreceive", "receive");
  function("typsend", "send");
  function("typmodin", "modifier input");
  function("typmodout", "modifier output");
  function("typanalyze", "analyze");
  if (server.major >= 14) function("typsubscript", "subscript");
  return facts + R"sql(,
         case when t.typtype = 'b' then case t.typlen when -1 then 'variable' else t.typlen::pg_catalog.text end end as "length",
         case when t.typtype = 'b' and t.typbyval then 'yes' end as "by value",
         case when t.typtype = 'b' then case t.typalign when 'c' then 'char' when 's' then 'int2' when 'i' then 'int4'
                                                        when 'd' then 'double' end end as "alignment",
         case when t.typtype = 'b' then case t.typstorage when 'p' then 'plain' when 'e' then 'external'
                                             when 'm' then 'main' when 'x' then 'extended' end end as "storage",
         case when t.typtype = 'b' then t.typcategory::pg_catalog.text end as "category",
         case when t.typtype = 'b' and t.typispreferred then 'yes' end as "preferred",
         case when t.typtype = 'b' and t.typelem <> 0 then pg_catalog.format_type(t.typelem, null) end as "element",
         case when t.typtype = 'b' then t.typdelim::pg_catalog.text end as "delimiter",
         case when t.typtype = 'b' and t.typcollation <> 0 then 'yes' end as "collatable",
         case when t.typtype = 'b' and t.typdefaultbin is null then t.typdefault end as "default text")sql";
}

}  // namespace

std::string types(const Server& server) {
  return cat(R"sql(
  select case t.typtype when 'd' then 'domain' else 'type' end as kind,
         t.oid, 0 as sub, n.nspname as schema, t.typname as name, )sql",
             qualified("t.typname"), R"sql( as identity,
         '' as of, null as of_oid,
         )sql",
             role("t.typowner"), R"sql( as "owner",
         case when not t.typisdefined then 'shell' when t.typtype = 'e' then 'enum' when t.typtype = 'c' then 'composite'
              when t.typtype = 'r' then 'range' when t.typtype = 'b' then 'base' end as "form",
         case when t.typtype = 'e' then array(
           select e.enumlabel::pg_catalog.text from pg_catalog.pg_enum e
            where e.enumtypid = t.oid order by e.enumsortorder) end as "labels[]",
         pg_catalog.format_type(r.rngsubtype, null) as "subtype",
         (select )sql",
             qualified("o.opcname"), R"sql( from pg_catalog.pg_opclass o
            join pg_catalog.pg_namespace n on n.oid = o.opcnamespace where o.oid = r.rngsubopc) as "operator class",
         case when r.rngcollation <> 0 then )sql",
             collation_of("r.rngcollation"), R"sql( end as "subtype collation",
         )sql",
             function_name("r.rngcanonical"), R"sql( as "canonical",
         )sql",
             function_name("r.rngsubdiff"), R"sql( as "subtype difference",
         )sql",
             server.major >= 14 ? "pg_catalog.format_type(r.rngmultitypid, null)" : "null",
             R"sql( as "multirange",
         case when t.typtype = 'd' then pg_catalog.format_type(t.typbasetype, t.typtypmod) end as "type",
         case when t.typtype = 'd' and t.typcollation <> (select b.typcollation from pg_catalog.pg_type b where b.oid = t.typbasetype)
              then )sql",
             collation_of("t.typcollation"), R"sql( end as "collation",
         case when t.typtype = 'd' and t.typnotnull then 'yes' end as "not null",
         )sql",
             server.major >= 18 ? R"sql((select k.conname from pg_catalog.pg_constraint k
            where k.contypid = t.oid and k.contype = 'n' and k.conname <> t.typname || '_not_null'))sql"
                                : "null",
             R"sql( as "not null name",
         (select pg_catalog.obj_description(k.oid, 'pg_constraint') from pg_catalog.pg_constraint k
           where k.contypid = t.oid and k.contype = 'n') as "not null comment",
         case when t.typdefaultbin is not null then
           pg_catalog.pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::pg_catalog.regclass)
              -- The default of a base type, which its domain takes over as a text.
              when t.typtype = 'd' and t.typdefault is not null then
           pg_catalog.quote_literal(t.typdefault) || '::' || pg_catalog.format_type(t.typbasetype, t.typtypmod)
              end as "default~")sql",
             base_facts(server), R"sql(,
         )sql",
             acl("T", "t.typacl", "t.typowner"), R"sql( as "acl[]"
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_class c on c.oid = t.typrelid
    left join pg_catalog.pg_range r on r.rngtypid = t.oid
   where (t.typrelid = 0 or c.relkind = 'c') and t.typtype <> 'm'
     and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
     and )sql",
             user_schema());
}

// Their address is a column's, their type's is not: what an extension made is left out here.
std::string type_attributes(const Server&) {
  return cat(R"sql(
  select 'attribute' as kind, a.attrelid as oid, a.attnum as sub, n.nspname as schema, a.attname as name,
         )sql",
             qualified("t.typname"), R"sql( || '.' || pg_catalog.quote_ident(a.attname) as identity,
         )sql",
             qualified("t.typname"), R"sql( as of, t.oid as of_oid,
         pg_catalog.row_number() over (partition by a.attrelid order by a.attnum) as "position",
         pg_catalog.format_type(a.atttypid, a.atttypmod) as "type",
         case when a.attcollation <> b.typcollation then )sql",
             collation_of("a.attcollation"), R"sql( end as "collation"
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
    join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_catalog.pg_type b on b.oid = a.atttypid
   where )sql",
             user_schema());
}

std::string domain_constraints(const Server&) {
  return cat(R"sql(
  select 'domain constraint' as kind, k.oid, 0 as sub, n.nspname as schema, k.conname as name,
         pg_catalog.quote_ident(k.conname) || ' on ' || )sql",
             qualified("t.typname"), R"sql( as identity,
         )sql",
             qualified("t.typname"), R"sql( as of, t.oid as of_oid,
         pg_catalog.pg_get_constraintdef(k.oid) as "definition~"
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_type t on t.oid = k.contypid
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
   where k.contype = 'c' and )sql",
             user_schema());
}

}  // namespace schema::sql
