// Operators, their classes and families, casts, transforms, conversions, collations, access methods
// and languages.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

constexpr std::string_view kOperators = R"sql(
select 'pg_catalog.pg_operator'::regclass::oid, o.oid, 'OPERATOR', o.oprname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = o.oprowner), false,
       format('OPERATOR %I.%s (%s, %s)', n.nspname, o.oprname, x.l, x.r),
       format(E'CREATE OPERATOR %I.%s (\n    FUNCTION = %s', n.nspname, o.oprname, o.oprcode)
         || case when o.oprleft <> 0 then format(E',\n    LEFTARG = %s', x.l) else '' end
         || case when o.oprright <> 0 then format(E',\n    RIGHTARG = %s', x.r) else '' end
         || case when c.oid is not null then format(E',\n    COMMUTATOR = OPERATOR(%I.%s)', cn.nspname, c.oprname) else '' end
         || case when g.oid is not null then format(E',\n    NEGATOR = OPERATOR(%I.%s)', gn.nspname, g.oprname) else '' end
         || case when o.oprcanmerge then E',\n    MERGES' else '' end || case when o.oprcanhash then E',\n    HASHES' else '' end
         || case when o.oprrest <> 0 then format(E',\n    RESTRICT = %s', o.oprrest) else '' end
         || case when o.oprjoin <> 0 then format(E',\n    JOIN = %s', o.oprjoin) else '' end
         || E'\n);\n', null
  from pg_catalog.pg_operator o join pg_catalog.pg_namespace n on n.oid = o.oprnamespace
  cross join lateral (select case when o.oprleft = 0 then 'NONE' else format_type(o.oprleft, null) end as l,
                             case when o.oprright = 0 then 'NONE' else format_type(o.oprright, null) end as r) x
  left join pg_catalog.pg_operator c on c.oid = o.oprcom left join pg_catalog.pg_namespace cn on cn.oid = c.oprnamespace
  left join pg_catalog.pg_operator g on g.oid = o.oprnegate left join pg_catalog.pg_namespace gn on gn.oid = g.oprnamespace
 where o.oid >= 16384 and o.oprcode <> 0)sql";

// What belongs to a family beyond its classes is added when the family is made complete.
constexpr std::string_view kFamilies = R"sql(
select 'pg_catalog.pg_opfamily'::regclass::oid, f.oid, 'OPERATOR FAMILY', f.opfname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = f.opfowner), false,
       format('OPERATOR FAMILY %I.%I USING %I', n.nspname, f.opfname, a.amname),
       format(E'CREATE OPERATOR FAMILY %I.%I USING %I;\n', n.nspname, f.opfname, a.amname)
         || coalesce(format(E'ALTER OPERATOR FAMILY %I.%I USING %I ADD\n    ', n.nspname, f.opfname, a.amname) || (
              select string_agg(m.item, E',\n    ' order by m.place, m.item) from (
                select 1 as place, format('OPERATOR %s %s', ao.amopstrategy, ao.amopopr::regoperator)
                         || coalesce((select format(' FOR ORDER BY %I.%I', sn.nspname, sf.opfname) from pg_catalog.pg_opfamily sf join pg_catalog.pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = ao.amopsortfamily), '') as item
                  from pg_catalog.pg_amop ao join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_amop'::regclass and d.objid = ao.oid
                 where d.refclassid = 'pg_catalog.pg_opfamily'::regclass and d.refobjid = f.oid
                union all
                select 2, format('FUNCTION %s (%s, %s) %s', ap.amprocnum, format_type(ap.amproclefttype, null), format_type(ap.amprocrighttype, null), ap.amproc::regprocedure)
                  from pg_catalog.pg_amproc ap join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_amproc'::regclass and d.objid = ap.oid
                 where d.refclassid = 'pg_catalog.pg_opfamily'::regclass and d.refobjid = f.oid) m) || E';\n', ''), null
  from pg_catalog.pg_opfamily f join pg_catalog.pg_namespace n on n.oid = f.opfnamespace join pg_catalog.pg_am a on a.oid = f.opfmethod
 where f.oid >= 16384)sql";

constexpr std::string_view kClasses = R"sql(
select 'pg_catalog.pg_opclass'::regclass::oid, c.oid, 'OPERATOR CLASS', c.opcname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.opcowner), false,
       format('OPERATOR CLASS %I.%I USING %I', n.nspname, c.opcname, a.amname),
       format(E'CREATE OPERATOR CLASS %I.%I\n    %sFOR TYPE %s USING %I FAMILY %I.%I AS\n    %s;\n', n.nspname, c.opcname,
              case when c.opcdefault then 'DEFAULT ' else '' end, format_type(c.opcintype, null), a.amname, fn.nspname, f.opfname, (
              select string_agg(m.item, E',\n    ' order by m.place, m.number, m.item) from (
                select 0 as place, 0 as number, format('STORAGE %s', format_type(case when c.opckeytype <> 0 then c.opckeytype else c.opcintype end, null)) as item
                union all
                select 1, ao.amopstrategy, format('OPERATOR %s %s', ao.amopstrategy, ao.amopopr::regoperator)
                         || coalesce((select format(' FOR ORDER BY %I.%I', sn.nspname, sf.opfname) from pg_catalog.pg_opfamily sf join pg_catalog.pg_namespace sn on sn.oid = sf.opfnamespace where sf.oid = ao.amopsortfamily), '')
                  from pg_catalog.pg_amop ao join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_amop'::regclass and d.objid = ao.oid
                 where d.refclassid = 'pg_catalog.pg_opclass'::regclass and d.refobjid = c.oid
                union all
                select 2, ap.amprocnum, format('FUNCTION %s (%s, %s) %s', ap.amprocnum, format_type(ap.amproclefttype, null), format_type(ap.amprocrighttype, null), ap.amproc::regprocedure)
                  from pg_catalog.pg_amproc ap join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_amproc'::regclass and d.objid = ap.oid
                 where d.refclassid = 'pg_catalog.pg_opclass'::regclass and d.refobjid = c.oid) m
               where m.place > 0 or c.opckeytype <> 0 or not exists (
                 select from pg_catalog.pg_depend d where d.refclassid = 'pg_catalog.pg_opclass'::regclass and d.refobjid = c.oid
                    and d.classid in ('pg_catalog.pg_amop'::regclass, 'pg_catalog.pg_amproc'::regclass)))), null
  from pg_catalog.pg_opclass c join pg_catalog.pg_namespace n on n.oid = c.opcnamespace join pg_catalog.pg_am a on a.oid = c.opcmethod
  join pg_catalog.pg_opfamily f on f.oid = c.opcfamily join pg_catalog.pg_namespace fn on fn.oid = f.opfnamespace
 where c.oid >= 16384)sql";

constexpr std::string_view kCasts = R"sql(
select 'pg_catalog.pg_cast'::regclass::oid, c.oid, 'CAST', format('CAST (%s AS %s)', x.s, x.t), null, '', false,
       format('CAST (%s AS %s)', x.s, x.t),
       format('CREATE CAST (%s AS %s) ', x.s, x.t)
         || case c.castmethod when 'b' then 'WITHOUT FUNCTION' when 'i' then 'WITH INOUT'
                else (select format('WITH FUNCTION %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid))
                        from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.oid = c.castfunc) end
         || case c.castcontext when 'a' then ' AS ASSIGNMENT' when 'i' then ' AS IMPLICIT' else '' end || E';\n', null
  from pg_catalog.pg_cast c
  cross join lateral (select format_type(c.castsource, null) as s, format_type(c.casttarget, null) as t) x
 where c.oid >= 16384
   -- Ranges bring a cast to their multirange.
   and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_cast'::regclass and d.objid = c.oid and d.deptype = 'i'))sql";

constexpr std::string_view kTransforms = R"sql(
select 'pg_catalog.pg_transform'::regclass::oid, t.oid, 'TRANSFORM', format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, null), l.lanname), null, '', false,
       format('TRANSFORM FOR %s LANGUAGE %I', format_type(t.trftype, null), l.lanname),
       format(E'CREATE TRANSFORM FOR %s LANGUAGE %I (%s);\n', format_type(t.trftype, null), l.lanname,
              concat_ws(', ', case when t.trffromsql <> 0 then format('FROM SQL WITH FUNCTION %s', t.trffromsql::oid::regprocedure) end,
                              case when t.trftosql <> 0 then format('TO SQL WITH FUNCTION %s', t.trftosql::oid::regprocedure) end)), null
  from pg_catalog.pg_transform t join pg_catalog.pg_language l on l.oid = t.trflang
 where t.oid >= 16384)sql";

constexpr std::string_view kConversions = R"sql(
select 'pg_catalog.pg_conversion'::regclass::oid, c.oid, 'CONVERSION', c.conname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.conowner), false, format('CONVERSION %I.%I', n.nspname, c.conname),
       format(E'CREATE %sCONVERSION %I.%I FOR %L TO %L FROM %s;\n', case when c.condefault then 'DEFAULT ' else '' end, n.nspname, c.conname,
              pg_encoding_to_char(c.conforencoding), pg_encoding_to_char(c.contoencoding), c.conproc), null
  from pg_catalog.pg_conversion c join pg_catalog.pg_namespace n on n.oid = c.connamespace
 where c.oid >= 16384)sql";

// $LOCALE and $RULES: the columns that the version has.
constexpr std::string_view kCollations = R"sql(
select 'pg_catalog.pg_collation'::regclass::oid, c.oid, 'COLLATION', c.collname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.collowner), false, format('COLLATION %I.%I', n.nspname, c.collname),
       format('CREATE COLLATION %I.%I (provider = %s', n.nspname, c.collname,
              case c.collprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' else 'default' end)
         || case when not c.collisdeterministic then ', deterministic = false' else '' end
         || case when c.collprovider = 'c' and c.collcollate = c.collctype then format(', locale = %L', c.collcollate)
                 when c.collprovider = 'c' then format(', lc_collate = %L, lc_ctype = %L', c.collcollate, c.collctype)
                 else format(', locale = %L', $LOCALE) end
         || $RULES || E');\n', null
  from pg_catalog.pg_collation c join pg_catalog.pg_namespace n on n.oid = c.collnamespace
 where c.oid >= 16384)sql";

constexpr std::string_view kAccessMethods = R"sql(
select 'pg_catalog.pg_am'::regclass::oid, a.oid, 'ACCESS METHOD', a.amname, null, '', false, format('ACCESS METHOD %I', a.amname),
       format(E'CREATE ACCESS METHOD %I TYPE %s HANDLER %s;\n', a.amname, case a.amtype when 't' then 'TABLE' else 'INDEX' end, a.amhandler), null
  from pg_catalog.pg_am a where a.oid >= 16384)sql";

constexpr std::string_view kLanguages = R"sql(
select 'pg_catalog.pg_language'::regclass::oid, l.oid, 'PROCEDURAL LANGUAGE', l.lanname, null,
       (select rolname from pg_catalog.pg_roles where oid = l.lanowner), false, format('PROCEDURAL LANGUAGE %I', l.lanname),
       format('CREATE %sPROCEDURAL LANGUAGE %I', case when l.lanpltrusted then 'TRUSTED ' else '' end, l.lanname)
         || format(' HANDLER %s', l.lanplcallfoid::regproc)
         || case when l.laninline <> 0 then format(' INLINE %s', l.laninline::regproc) else '' end
         || case when l.lanvalidator <> 0 then format(' VALIDATOR %s', l.lanvalidator::regproc) else '' end || E';\n', null
  from pg_catalog.pg_language l where l.oid >= 16384 and l.lanispl)sql";

std::string collations(int server_major) {
  const std::string_view locale = server_major >= 17   ? "c.colllocale"
                                  : server_major >= 15 ? "c.colliculocale"
                                                       : "c.collcollate";
  const std::string_view rules =
      server_major >= 16
          ? "case when c.collicurules is not null then format(', rules = %L', c.collicurules) else "
            "'' end"
          : "''";
  return util::replace_all(util::replace_all(std::string(kCollations), "$LOCALE", locale), "$RULES",
                           rules);
}

}  // namespace

void add_operator_drafts(int server_major, std::vector<std::string>& statements) {
  for (const std::string_view statement : {kOperators, kFamilies, kClasses, kCasts, kTransforms,
                                           kConversions, kAccessMethods, kLanguages})
    statements.emplace_back(statement);
  statements.push_back(collations(server_major));
}

}  // namespace schema::sql
