// Operators, their families and classes. A member of a family that belongs to none of its classes
// is a fact of the family, all others are facts of their class.
#include "schema/object_class.h"
#include "util/text.h"

namespace schema::sql {
namespace {

using util::cat;

std::string operator_name(std::string_view oid) {
  return cat("nullif(", oid, "::pg_catalog.regoperator::pg_catalog.text, '0')");
}

// The members that depend on `oid` of catalogue `of` as `deptype`: strategy or support number, and
// what it is.
std::string member_facts(std::string_view of, std::string_view oid, char deptype) {
  const std::string depends =
      cat("d.refclassid = 'pg_catalog.", of, "'::pg_catalog.regclass and d.refobjid = ", oid,
          " and d.deptype = '", deptype, "'");
  return cat(R"sql(,
         (select pg_catalog.array_agg(m.amopstrategy || ' ' || m.amopopr::pg_catalog.regoperator
                   || case when m.amopsortfamily <> 0 then ' for order by ' || (
                        select )sql",
             qualified("y.opfname"), R"sql( from pg_catalog.pg_opfamily y
                          join pg_catalog.pg_namespace n on n.oid = y.opfnamespace where y.oid = m.amopsortfamily) else '' end
                   order by m.amopstrategy, m.amopopr::pg_catalog.regoperator::pg_catalog.text collate "C")
            from pg_catalog.pg_depend d
            join pg_catalog.pg_amop m on m.oid = d.objid
           where d.classid = 'pg_catalog.pg_amop'::pg_catalog.regclass and )sql",
             depends, R"sql() as "operators[]",
         (select pg_catalog.array_agg(m.amprocnum || ' (' || pg_catalog.format_type(m.amproclefttype, null) || ', '
                   || pg_catalog.format_type(m.amprocrighttype, null) || ') ' || m.amproc::pg_catalog.regprocedure
                   order by m.amprocnum, m.amproc::pg_catalog.regprocedure::pg_catalog.text collate "C")
            from pg_catalog.pg_depend d
            join pg_catalog.pg_amproc m on m.oid = d.objid
           where d.classid = 'pg_catalog.pg_amproc'::pg_catalog.regclass and )sql",
             depends, R"sql() as "functions[]")sql");
}

}  // namespace

// Shell operators come with whatever names them.
std::string operators(const Server&) {
  return cat(R"sql(
  select 'operator' as kind, o.oid, 0 as sub, n.nspname as schema, o.oprname as name,
         o.oid::pg_catalog.regoperator::pg_catalog.text as identity, '' as of, null as of_oid,
         )sql",
             role("o.oprowner"), R"sql( as "owner",
         o.oprcode::pg_catalog.regproc::pg_catalog.text as "function",
         case when o.oprleft <> 0 then pg_catalog.format_type(o.oprleft, null) end as "left",
         case when o.oprright <> 0 then pg_catalog.format_type(o.oprright, null) end as "right",
         )sql",
             operator_name("o.oprcom"), R"sql( as "commutator",
         )sql",
             operator_name("o.oprnegate"), R"sql( as "negator",
         )sql",
             function_name("o.oprrest"), R"sql( as "restrict",
         )sql",
             function_name("o.oprjoin"), R"sql( as "join",
         case when o.oprcanmerge then 'yes' end as "merges",
         case when o.oprcanhash then 'yes' end as "hashes"
    from pg_catalog.pg_operator o
    join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
   where o.oprcode <> 0 and )sql",
             user_schema());
}

std::string operator_families(const Server&) {
  return cat(R"sql(
  select 'operator family' as kind, f.oid, 0 as sub, n.nspname as schema, f.opfname as name,
         )sql",
             qualified("f.opfname"),
             R"sql( || ' using ' || pg_catalog.quote_ident(a.amname) as identity,
         '' as of, null as of_oid, )sql",
             role("f.opfowner"), R"sql( as "owner",
         pg_catalog.quote_ident(a.amname) as "method")sql",
             member_facts("pg_opfamily", "f.oid", 'a'), R"sql(
    from pg_catalog.pg_opfamily f
    join pg_catalog.pg_namespace n on n.oid = f.opfnamespace
    join pg_catalog.pg_am a on a.oid = f.opfmethod
   where )sql",
             user_schema());
}

std::string operator_classes(const Server&) {
  return cat(R"sql(
  select 'operator class' as kind, c.oid, 0 as sub, n.nspname as schema, c.opcname as name,
         )sql",
             qualified("c.opcname"),
             R"sql( || ' using ' || pg_catalog.quote_ident(a.amname) as identity,
         '' as of, null as of_oid, )sql",
             role("c.opcowner"), R"sql( as "owner",
         pg_catalog.quote_ident(a.amname) as "method",
         pg_catalog.format_type(c.opcintype, null) as "type",
         case when c.opcdefault then 'yes' end as "default",
         (select )sql",
             qualified("f.opfname"), R"sql( from pg_catalog.pg_opfamily f
            join pg_catalog.pg_namespace n on n.oid = f.opfnamespace where f.oid = c.opcfamily) as "family",
         case when c.opckeytype <> 0 then pg_catalog.format_type(c.opckeytype, null) end as "storage")sql",
             member_facts("pg_opclass", "c.oid", 'i'), R"sql(
    from pg_catalog.pg_opclass c
    join pg_catalog.pg_namespace n on n.oid = c.opcnamespace
    join pg_catalog.pg_am a on a.oid = c.opcmethod
   where )sql",
             user_schema());
}

}  // namespace schema::sql
