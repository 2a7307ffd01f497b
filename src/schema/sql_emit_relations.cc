// Sequences and views; what stands around the columns of a table, and its columns.
#include "schema/emit_sql.h"
#include "util/text.h"

namespace schema::sql {
namespace {

// Those of identity columns are made by the column.
constexpr std::string_view kSequences = R"sql(
select 'pg_catalog.pg_class'::regclass::oid, c.oid, 'SEQUENCE', c.relname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), false, format('SEQUENCE %I.%I', n.nspname, c.relname),
       case when i.attname is null then format('CREATE %sSEQUENCE %I.%I', case when c.relpersistence = 'u' then 'UNLOGGED ' else '' end, n.nspname, c.relname)
                 || case when s.seqtypid <> 'int8'::regtype then format(E'\n    AS %s', format_type(s.seqtypid, null)) else '' end
            else format(E'ALTER TABLE %I.%I ALTER COLUMN %I ADD GENERATED %s AS IDENTITY (\n    SEQUENCE NAME %I.%I', i.nspname, i.relname, i.attname,
                        case i.attidentity when 'a' then 'ALWAYS' else 'BY DEFAULT' end, n.nspname, c.relname) end
         || format(E'\n    START WITH %s\n    INCREMENT BY %s\n    MINVALUE %s\n    MAXVALUE %s\n    CACHE %s', s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache)
         || case when s.seqcycle then E'\n    CYCLE' else '' end
         || case when i.attname is null then E';\n' else E'\n);\n' end
         $PERSISTENCE,
       case when i.attname is not null then '' end
  from pg_catalog.pg_sequence s join pg_catalog.pg_class c on c.oid = s.seqrelid
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join lateral (select tn.nspname, t.relname, t.relpersistence, a.attname, a.attidentity
                       from pg_catalog.pg_depend d join pg_catalog.pg_class t on t.oid = d.refobjid
                       join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
                       join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
                      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
                        and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype = 'i') i on true
 where c.oid >= 16384 and c.relpersistence <> 't')sql";

// Since 15 that of an identity column need not be logged as its table is.
constexpr std::string_view kOwnPersistence = R"sql(
         || case when i.relpersistence <> c.relpersistence then format(E'ALTER SEQUENCE %I.%I SET %s;\n', n.nspname, c.relname,
                   case c.relpersistence when 'u' then 'UNLOGGED' else 'LOGGED' end) else '' end)sql";

// A "sequence OWNED BY" is no object of a catalogue: its entry has the catalogue 0.
constexpr std::string_view kOwnedSequences = R"sql(
select 0::oid, c.oid, 'SEQUENCE OWNED BY', c.relname, n.nspname, (select rolname from pg_catalog.pg_roles where oid = c.relowner), false, '',
       format(E'ALTER SEQUENCE %I.%I OWNED BY %I.%I.%I;\n', n.nspname, c.relname, tn.nspname, t.relname, a.attname), ''
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
       and d.refclassid = 'pg_catalog.pg_class'::regclass and d.deptype = 'a'
  join pg_catalog.pg_class t on t.oid = d.refobjid join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
 where c.relkind = 'S' and c.oid >= 16384 and c.relpersistence <> 't')sql";

constexpr std::string_view kViews = R"sql(
select 'pg_catalog.pg_class'::regclass::oid, c.oid, case c.relkind when 'm' then 'MATERIALIZED VIEW' else 'VIEW' end, c.relname, n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), false,
       format('%s %I.%I', case c.relkind when 'm' then 'MATERIALIZED VIEW' else 'VIEW' end, n.nspname, c.relname),
       format('CREATE %s %I.%I', case c.relkind when 'm' then 'MATERIALIZED VIEW' else 'VIEW' end, n.nspname, c.relname)
         || coalesce((select format(' WITH (%s)', string_agg(x.item, ', '))
                        from (select format('%I=%L', o.option_name, o.option_value) as item from pg_catalog.pg_options_to_table(c.reloptions) o
                              union all select format('toast.%I=%L', o.option_name, o.option_value) from pg_catalog.pg_class tc, pg_catalog.pg_options_to_table(tc.reloptions) o where tc.oid = c.reltoastrelid) x
                       having count(*) > 0), '')
         || E' AS\n' || rtrim(pg_get_viewdef(c.oid), ';')
         || case c.relkind when 'm' then E'\n  WITH NO DATA;\n' else E';\n' end
         || coalesce((select string_agg(x.item, '') from (
                select format(E'ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I SET STATISTICS %s;\n', n.nspname, c.relname, a.attname, a.attstattarget) as item
                  from pg_catalog.pg_attribute a where a.attrelid = c.oid and c.relkind = 'm' and a.attnum > 0 and a.attstattarget >= 0
                union all
                select format(E'ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I SET STORAGE %s;\n', n.nspname, c.relname, a.attname,
                              case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end)
                  from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid
                 where a.attrelid = c.oid and c.relkind = 'm' and a.attnum > 0 and a.attstorage <> t.typstorage
                $COMPRESSION
                union all
                select format(E'ALTER TABLE ONLY %I.%I REPLICA IDENTITY %s;\n', n.nspname, c.relname, case c.relreplident when 'f' then 'FULL' else 'NOTHING' end)
                 where c.relkind = 'm' and c.relreplident in ('f', 'n')
                union all
                select format(E'ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I SET (%s);\n', n.nspname, c.relname, a.attname,
                              (select string_agg(format('%I=%L', o.option_name, o.option_value), ', ') from pg_catalog.pg_options_to_table(a.attoptions) o where o.option_name <> 'pg_attver'))
                  from pg_catalog.pg_attribute a where a.attrelid = c.oid and c.relkind = 'm' and a.attnum > 0
                   and exists (select from pg_catalog.pg_options_to_table(a.attoptions) o where o.option_name <> 'pg_attver')) x), ''), null,
       case when c.relkind = 'm' then coalesce((select spcname from pg_catalog.pg_tablespace where oid = c.reltablespace), '') end,
       (select amname from pg_catalog.pg_am where oid = c.relam)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('v', 'm') and c.oid >= 16384 and c.relpersistence <> 't')sql";

constexpr std::string_view kViewCompression = R"sql(
                union all
                select format(E'ALTER MATERIALIZED VIEW %I.%I ALTER COLUMN %I SET COMPRESSION %s;\n', n.nspname, c.relname, a.attname,
                              case a.attcompression when 'p' then 'pglz' else 'lz4' end)
                  from pg_catalog.pg_attribute a where a.attrelid = c.oid and c.relkind = 'm' and a.attnum > 0 and a.attcompression in ('p', 'l'))sql";

// Defaults of the columns of views, and those of tables that cannot stand within them: the second
// kind is chosen by whoever puts the tables together.
constexpr std::string_view kDefaults = R"sql(
select 'pg_catalog.pg_attrdef'::regclass::oid, d.oid, 'DEFAULT', format('%s %s', c.relname, a.attname), n.nspname,
       (select rolname from pg_catalog.pg_roles where oid = c.relowner), false, '',
       format(E'ALTER %s %I.%I ALTER COLUMN %I SET DEFAULT %s;\n', case c.relkind when 'v' then 'VIEW' when 'f' then 'FOREIGN TABLE ONLY' else 'TABLE ONLY' end, n.nspname, c.relname, a.attname, pg_get_expr(d.adbin, d.adrelid)),
       -- As pg_dump says it of views too: whoever reads archives knows this form.
       format(E'ALTER %s %I.%I ALTER COLUMN %I DROP DEFAULT;\n', case c.relkind when 'f' then 'FOREIGN TABLE' else 'TABLE' end, n.nspname, c.relname, a.attname)
  from pg_catalog.pg_attrdef d join pg_catalog.pg_class c on c.oid = d.adrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  join pg_catalog.pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
 where c.oid >= 16384 and a.attgenerated = '' and c.relpersistence <> 't')sql";

constexpr std::string_view kTables = R"sql(
select c.oid, c.relname, n.nspname, (select rolname from pg_catalog.pg_roles where oid = c.relowner), c.relkind, c.relispartition,
       format('%I.%I', n.nspname, c.relname) as name,
       case c.relpersistence when 'u' then 'UNLOGGED ' else '' end,
       coalesce(am.amname, ''),
       case when c.relkind = 'f' or c.relkind = 'p' and c.reltablespace = 0 then null else coalesce(ts.spcname, '') end,
       case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
       case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
       case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
       (select string_agg(format('%I.%I', pn.nspname, p.relname), ', ' order by i.inhseqno)
          from pg_catalog.pg_inherits i join pg_catalog.pg_class p on p.oid = i.inhparent join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace where i.inhrelid = c.oid),
       (select string_agg(x.item, ', ') from (select format('%I=%L', o.option_name, o.option_value) as item from pg_catalog.pg_options_to_table(c.reloptions) o
               union all select format('toast.%I=%L', o.option_name, o.option_value) from pg_catalog.pg_class tc, pg_catalog.pg_options_to_table(tc.reloptions) o where tc.oid = c.reltoastrelid) x),
       (select format('%I', s.srvname) || coalesce((select format(E'\nOPTIONS (\n    %s\n)', string_agg(format('%I %L', o.option_name, o.option_value), E',\n    ')) from pg_catalog.pg_options_to_table(f.ftoptions) o having count(*) > 0), '')
          from pg_catalog.pg_foreign_table f join pg_catalog.pg_foreign_server s on s.oid = f.ftserver where f.ftrelid = c.oid),
       c.relreplident, c.relforcerowsecurity, c.relrowsecurity,
       (select i.inhparent from pg_catalog.pg_inherits i where i.inhrelid = c.oid and c.relispartition)
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  left join pg_catalog.pg_am am on am.oid = c.relam left join pg_catalog.pg_tablespace ts on ts.oid = c.reltablespace
 where c.relkind in ('r', 'p', 'f') and c.oid >= 16384 and c.relpersistence <> 't'
 order by c.oid)sql";

// $COMPRESSION: what the version has.
constexpr std::string_view kColumns = R"sql(
select a.attrelid, format('%I', a.attname), format_type(a.atttypid, a.atttypmod),
       case when a.attcollation <> t.typcollation then (select format('%I.%I', cn.nspname, co.collname) from pg_catalog.pg_collation co join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) end,
       a.attnotnull, a.attislocal, a.attgenerated, d.oid, pg_get_expr(d.adbin, d.adrelid),
       case when a.attstattarget >= 0 then a.attstattarget end,
       case when a.attstorage <> t.typstorage then case a.attstorage when 'p' then 'PLAIN' when 'e' then 'EXTERNAL' when 'm' then 'MAIN' else 'EXTENDED' end end,
       $COMPRESSION,
       (select string_agg(format('%I=%L', o.option_name, o.option_value), ', ') from pg_catalog.pg_options_to_table(a.attoptions) o where o.option_name <> 'pg_attver'),
       (select string_agg(format('%I %L', o.option_name, o.option_value), E',\n    ') from pg_catalog.pg_options_to_table(a.attfdwoptions) o),
       exists (select from pg_catalog.pg_inherits i join pg_catalog.pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname join pg_catalog.pg_attrdef pd on pd.adrelid = pa.attrelid and pd.adnum = pa.attnum where i.inhrelid = a.attrelid),
       a.attnum,
       not a.attislocal and a.attgenerated <> '' and not exists (select from pg_catalog.pg_inherits i join pg_catalog.pg_attribute pa on pa.attrelid = i.inhparent and pa.attname = a.attname
              join pg_catalog.pg_attrdef pd on pd.adrelid = pa.attrelid and pd.adnum = pa.attnum where i.inhrelid = a.attrelid and pg_get_expr(pd.adbin, pd.adrelid) = pg_get_expr(d.adbin, d.adrelid))
  from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
  join pg_catalog.pg_type t on t.oid = a.atttypid
  left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where c.relkind in ('r', 'p', 'f') and c.oid >= 16384 and c.relpersistence <> 't' and a.attnum > 0 and not a.attisdropped
 order by a.attrelid, a.attnum)sql";

constexpr std::string_view kDummyViews = R"sql(
select c.oid, format(E'CREATE VIEW %I.%I AS\nSELECT%s;\n', n.nspname, c.relname,
         (select string_agg(format(E'\n    NULL::%s', format_type(a.atttypid, a.atttypmod))
                   || case when a.attcollation <> t.typcollation then (select format(' COLLATE %I.%I', cn.nspname, co.collname) from pg_catalog.pg_collation co join pg_catalog.pg_namespace cn on cn.oid = co.collnamespace where co.oid = a.attcollation) else '' end
                   || format(' AS %I', a.attname), ',' order by a.attnum)
            from pg_catalog.pg_attribute a join pg_catalog.pg_type t on t.oid = a.atttypid where a.attrelid = c.oid and a.attnum > 0))
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 where c.relkind = 'v' and c.oid >= 16384 and c.relpersistence <> 't')sql";

}  // namespace

void add_relation_drafts(int server_major, std::vector<std::string>& statements) {
  statements.push_back(util::replace_all(std::string(kSequences), "$PERSISTENCE",
                                         server_major >= 15 ? kOwnPersistence : ""));
  statements.emplace_back(kOwnedSequences);
  statements.push_back(util::replace_all(std::string(kViews), "$COMPRESSION",
                                         server_major >= 14 ? kViewCompression : ""));
  statements.emplace_back(kDefaults);
}

std::string tables(int /*server_major*/) { return std::string(kTables); }

std::string columns(int server_major) {
  return util::replace_all(
      std::string(kColumns), "$COMPRESSION",
      server_major >= 14 ? "case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end"
                         : "null");
}

std::string dummy_views() { return std::string(kDummyViews); }

}  // namespace schema::sql
