// Types as statements: what is made of several parts is put together by the server.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

constexpr std::string_view kEnums = R"sql(
select 'pg_catalog.pg_type'::regclass::oid, t.oid, 'TYPE', t.typname, n.nspname,
       (select rolname from pg_catalog.pg_roles r where r.oid = t.typowner), false,
       format('TYPE %I.%I', n.nspname, t.typname),
       format(E'CREATE TYPE %I.%I AS ENUM (%s\n);\n', n.nspname, t.typname,
              (select string_agg(format(E'\n    %L', e.enumlabel), ',' order by e.enumsortorder)
                 from pg_catalog.pg_enum e where e.enumtypid = t.oid)), null
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
 where t.typtype = 'e' and t.oid >= 16384)sql";

constexpr std::string_view kComposites = R"sql(
select 'pg_catalog.pg_type'::regclass::oid, t.oid, 'TYPE', t.typname, n.nspname,
       (select rolname from pg_catalog.pg_roles r where r.oid = t.typowner), false,
       format('TYPE %I.%I', n.nspname, t.typname),
       format(E'CREATE TYPE %I.%I AS (%s\n);\n', n.nspname, t.typname,
              (select string_agg(format(E'\n\t%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
                        || case when a.attcollation <> at.typcollation then format(' COLLATE %I.%I', cn.nspname, co.collname) else '' end,
                        ',' order by a.attnum)
                 from pg_catalog.pg_attribute a join pg_catalog.pg_type at on at.oid = a.atttypid
                 left join pg_catalog.pg_collation co on co.oid = a.attcollation
                 left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
                where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped)), null
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
 where t.typtype = 'c' and t.oid >= 16384)sql";

// $MULTIRANGE: since 14 each range has a multirange, whose name may be chosen.
constexpr std::string_view kRanges = R"sql(
select 'pg_catalog.pg_type'::regclass::oid, t.oid, 'TYPE', t.typname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = t.typowner), false,
       format('TYPE %I.%I', n.nspname, t.typname),
       format(E'CREATE TYPE %I.%I AS RANGE (\n    subtype = %s', n.nspname, t.typname, format_type(r.rngsubtype, null))
         $MULTIRANGE
         || case when not oc.opcdefault then format(E',\n    subtype_opclass = %I.%I', ocn.nspname, oc.opcname) else '' end
         || case when r.rngcollation <> st.typcollation then format(E',\n    collation = %I.%I', cn.nspname, co.collname) else '' end
         || case when r.rngcanonical <> 0 then format(E',\n    canonical = %s', r.rngcanonical) else '' end
         || case when r.rngsubdiff <> 0 then format(E',\n    subtype_diff = %s', r.rngsubdiff) else '' end
         || E'\n);\n', null
  from pg_catalog.pg_range r join pg_catalog.pg_type t on t.oid = r.rngtypid
  join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join pg_catalog.pg_type st on st.oid = r.rngsubtype
  join pg_catalog.pg_opclass oc on oc.oid = r.rngsubopc
  join pg_catalog.pg_namespace ocn on ocn.oid = oc.opcnamespace
  left join pg_catalog.pg_collation co on co.oid = r.rngcollation
  left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
 where t.typtype = 'r' and t.oid >= 16384)sql";

constexpr std::string_view kMultirange =
    "|| (select format(E',\\n    multirange_type_name = %I.%I', mn.nspname, m.typname) from "
    "pg_catalog.pg_type m join pg_catalog.pg_namespace mn on mn.oid = m.typnamespace where m.oid = "
    "r.rngmultitypid)";

// $SUBSCRIPT: 14 and newer.
constexpr std::string_view kBases = R"sql(
select 'pg_catalog.pg_type'::regclass::oid, t.oid, 'TYPE', t.typname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = t.typowner), false,
       format('TYPE %I.%I', n.nspname, t.typname),
       format(E'CREATE TYPE %I.%I (\n    INTERNALLENGTH = %s', n.nspname, t.typname,
              case when t.typlen < 0 then 'variable' else t.typlen::text end)
         || format(E',\n    INPUT = %s,\n    OUTPUT = %s', t.typinput::regproc, t.typoutput::regproc)
         || case when t.typreceive <> 0 then format(E',\n    RECEIVE = %s', t.typreceive) else '' end
         || case when t.typsend <> 0 then format(E',\n    SEND = %s', t.typsend) else '' end
         || case when t.typmodin <> 0 then format(E',\n    TYPMOD_IN = %s', t.typmodin) else '' end
         || case when t.typmodout <> 0 then format(E',\n    TYPMOD_OUT = %s', t.typmodout) else '' end
         || case when t.typanalyze <> 0 then format(E',\n    ANALYZE = %s', t.typanalyze) else '' end
         $SUBSCRIPT
         || case when t.typcollation <> 0 then E',\n    COLLATABLE = true' else '' end
         || case when t.typdefault is not null then format(E',\n    DEFAULT = %L', t.typdefault) else '' end
         || case when t.typelem <> 0 then format(E',\n    ELEMENT = %s', format_type(t.typelem, null)) else '' end
         || case when t.typcategory <> 'U' then format(E',\n    CATEGORY = %L', t.typcategory) else '' end
         || case when t.typispreferred then E',\n    PREFERRED = true' else '' end
         || case when t.typdelim <> ',' then format(E',\n    DELIMITER = %L', t.typdelim) else '' end
         || case t.typalign when 'c' then E',\n    ALIGNMENT = char' when 's' then E',\n    ALIGNMENT = int2'
                            when 'i' then E',\n    ALIGNMENT = int4' else E',\n    ALIGNMENT = double' end
         || case t.typstorage when 'p' then E',\n    STORAGE = plain' when 'e' then E',\n    STORAGE = external'
                              when 'x' then E',\n    STORAGE = extended' else E',\n    STORAGE = main' end
         || case when t.typbyval then E',\n    PASSEDBYVALUE' else '' end || E'\n);\n',
       format(E'DROP TYPE %I.%I CASCADE;\n', n.nspname, t.typname)
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
 where t.typtype = 'b' and t.oid >= 16384 and t.typisdefined
   and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid))sql";

constexpr std::string_view kSubscript =
    "|| case when t.typsubscript <> 0 then format(E',\\n    SUBSCRIPT = %s', t.typsubscript) else "
    "'' end";

// Alone, or before the functions that a base type or a range is made of (catalogue 0: no object of
// its own there).
constexpr std::string_view kShells = R"sql(
select case when t.typisdefined then 0 else 'pg_catalog.pg_type'::regclass::oid end, t.oid, 'SHELL TYPE', t.typname, n.nspname,
       case when t.typisdefined then '' else (select rolname from pg_catalog.pg_roles where oid = t.typowner) end, false,
       format('TYPE %I.%I', n.nspname, t.typname),
       format(E'CREATE TYPE %I.%I;\n', n.nspname, t.typname)
         || case when t.typisdefined then '' else format(E'ALTER TYPE %I.%I OWNER TO %I;\n', n.nspname, t.typname, pg_get_userbyid(t.typowner)) end,
       ''
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
 where t.oid >= 16384
   and (not t.typisdefined
        or t.typtype = 'b' and not exists (select from pg_catalog.pg_type e where e.typarray = t.oid)
        or t.typtype = 'r' and exists (select from pg_catalog.pg_range r where r.rngtypid = t.oid and r.rngcanonical <> 0)))sql";

// Without the constraints, which may have to stand apart: $CONSTRAINTS takes their place.
constexpr std::string_view kDomains = R"sql(
select 'pg_catalog.pg_type'::regclass::oid, t.oid, 'DOMAIN', t.typname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = t.typowner), false,
       format('DOMAIN %I.%I', n.nspname, t.typname),
       format('CREATE DOMAIN %I.%I AS %s', n.nspname, t.typname, format_type(t.typbasetype, t.typtypmod))
         || case when t.typcollation <> b.typcollation then format(' COLLATE %I.%I', cn.nspname, co.collname) else '' end
         $NOT_NULL
         || case when t.typdefault is not null then ' DEFAULT ' || coalesce(pg_get_expr(t.typdefaultbin, 'pg_catalog.pg_type'::regclass), quote_literal(t.typdefault)) else '' end,
       null
  from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
  join pg_catalog.pg_type b on b.oid = t.typbasetype
  left join pg_catalog.pg_collation co on co.oid = t.typcollation
  left join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace
 where t.typtype = 'd' and t.oid >= 16384)sql";

constexpr std::string_view kNotNull = "|| case when t.typnotnull then ' NOT NULL' else '' end";
// Since 17 it is a constraint, with a name.
constexpr std::string_view kNamedNotNull =
    "|| coalesce((select format(' CONSTRAINT %I NOT NULL', k.conname) from "
    "pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'n'), case when "
    "t.typnotnull then ' NOT NULL' else '' end)";

std::string with(std::string_view statement, std::string_view mark, std::string_view text) {
  return util::replace_all(std::string(statement), mark, text);
}

}  // namespace

void add_type_drafts(int server_major, std::vector<std::string>& statements) {
  statements.emplace_back(kShells);
  statements.emplace_back(kEnums);
  statements.emplace_back(kComposites);
  statements.push_back(with(kRanges, "$MULTIRANGE", server_major >= 14 ? kMultirange : ""));
  statements.push_back(with(kBases, "$SUBSCRIPT", server_major >= 14 ? kSubscript : ""));
  statements.push_back(with(kDomains, "$NOT_NULL", server_major >= 17 ? kNamedNotNull : kNotNull));
}

}  // namespace schema::sql
