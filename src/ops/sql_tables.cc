#include "ops/sql_tables.h"

#include "util/text.h"

namespace ops::sql {
namespace {

using util::cat;

std::string oid_list(const std::vector<std::uint32_t>& oids) {
  std::string list;
  for (const std::uint32_t oid : oids) list += cat(list.empty() ? "" : ",", oid);
  return list;
}

// The tables and everything below them. $1 is a list of OIDs.
constexpr std::string_view kTree = R"sql(
  with recursive tree as (
    select pg_catalog.unnest(pg_catalog.string_to_array($1, ',')::pg_catalog.oid[]) as oid
    union
    select i.inhrelid from tree
      join pg_catalog.pg_inherits i on i.inhparent = tree.oid
      join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relispartition)
)sql";

std::string alter_kind(char kind) {
  switch (kind) {
    case 'i':
    case 'I':
      return "INDEX";
    case 'S':
      return "SEQUENCE";
    case 'x':
      return "STATISTICS";
    default:
      return "TABLE";
  }
}

}  // namespace

bool schema_exists(pg::Connection& connection, const std::string& schema) {
  return connection
      .query("select exists (select from pg_catalog.pg_namespace where nspname = $1)", {schema})
      .boolean(0, 0);
}

bool name_taken(pg::Connection& connection, const pg::QualifiedName& name) {
  return connection
      .query(R"sql(
        select exists (select from pg_catalog.pg_class c
                        where c.relname = $2 and c.relnamespace = n.oid)
            or exists (select from pg_catalog.pg_type t
                        where t.typname = $2 and t.typnamespace = n.oid)
            or exists (select from pg_catalog.pg_statistic_ext s
                        where s.stxname = $2 and s.stxnamespace = n.oid)
          from pg_catalog.pg_namespace n where n.nspname = $1)sql",
             {name.schema, name.name})
      .boolean(0, 0);
}

std::optional<LiveTable> find_table(pg::Connection& connection, const pg::QualifiedName& name) {
  const pg::Result result = connection.query(R"sql(
      select c.oid, c.relkind::pg_catalog.text, pg_catalog.pg_get_userbyid(c.relowner),
             pg_catalog.pg_has_role(c.relowner, 'USAGE'), c.relforcerowsecurity
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relname = $2)sql",
                                             {name.schema, name.name});
  if (result.row_count() == 0) return std::nullopt;
  return LiveTable{.oid = static_cast<std::uint32_t>(result.u64(0, 0)),
                   .kind = result.str(0, 1).front(),
                   .owner = result.str(0, 2),
                   .ours = result.boolean(0, 3),
                   .forces_policies = result.boolean(0, 4)};
}

std::vector<Leaf> leaves(pg::Connection& connection, std::uint32_t table) {
  const pg::Result result = connection.query(cat(kTree, R"sql(
      select n.nspname, c.relname, c.relkind::pg_catalog.text, c.relforcerowsecurity
        from tree join pg_catalog.pg_class c on c.oid = tree.oid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind <> 'p' order by 1, 2)sql"),
                                             {oid_list({table})});
  std::vector<Leaf> out;
  for (int row = 0; row < result.row_count(); ++row) {
    out.push_back({.name = {result.str(row, 0), result.str(row, 1)},
                   .kind = result.str(row, 2).front(),
                   .forces_policies = result.boolean(row, 3)});
  }
  return out;
}

std::vector<std::string> column_differences(pg::Connection& connection,
                                            const pg::QualifiedName& archived,
                                            const pg::QualifiedName& live) {
  const pg::Result result =
      connection.query(R"sql(
      with columns as (
        select n.nspname, c.relname, a.attname,
               pg_catalog.format_type(a.atttypid, a.atttypmod)
               || case when a.attcollation <> t.typcollation
                       then ' collate ' || a.attcollation::pg_catalog.regcollation else '' end
               || case when a.attgenerated <> '' then ' generated' else '' end as type
          from pg_catalog.pg_attribute a
          join pg_catalog.pg_class c on c.oid = a.attrelid
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          join pg_catalog.pg_type t on t.oid = a.atttypid
         where a.attnum > 0 and not a.attisdropped)
      select coalesce(a.attname, b.attname), a.type, b.type
        from (select * from columns where nspname = $1 and relname = $2) a
        full join (select * from columns where nspname = $3 and relname = $4) b
          on a.attname = b.attname
       where a.type is distinct from b.type order by 1)sql",
                       {archived.schema, archived.name, live.schema, live.name});
  std::vector<std::string> out;
  for (int row = 0; row < result.row_count(); ++row) {
    const auto in_backup = result.text(row, 1);
    const auto in_live = result.text(row, 2);
    out.push_back(cat(result.str(row, 0), ": ",
                      in_backup ? cat(*in_backup, " in the backup") : "not in the backup", ", ",
                      in_live ? cat(*in_live, " in the live table") : "not in the live table"));
  }
  return out;
}

std::vector<ForeignKey> foreign_keys_to(pg::Connection& connection,
                                        const std::vector<std::uint32_t>& tables) {
  // A key to a partitioned table has one for each partition below it: those go with theirs, unless
  // it points to what is above our tables.
  const pg::Result result = connection.query(cat(kTree, R"sql(
      select n.nspname, c.relname, k.conname, pg_catalog.pg_get_constraintdef(k.oid),
             coalesce(pg_catalog.obj_description(k.oid, 'pg_constraint'), ''),
             pg_catalog.pg_has_role(c.relowner, 'USAGE'), k.conparentid = 0
        from pg_catalog.pg_constraint k
        join pg_catalog.pg_class c on c.oid = k.conrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where k.contype = 'f' and k.confrelid in (select oid from tree)
         and not exists (select from pg_catalog.pg_constraint p
                          where p.oid = k.conparentid and p.confrelid in (select oid from tree))
       order by 1, 2, 3)sql"),
                                             {oid_list(tables)});
  std::vector<ForeignKey> out;
  for (int row = 0; row < result.row_count(); ++row) {
    out.push_back({.table = {result.str(row, 0), result.str(row, 1)},
                   .name = result.str(row, 2),
                   .definition = result.str(row, 3),
                   .comment = result.str(row, 4),
                   .ours = result.boolean(row, 5),
                   .movable = result.boolean(row, 6)});
  }
  return out;
}

std::vector<Trigger> firing_triggers(pg::Connection& connection,
                                     const std::vector<std::uint32_t>& tables) {
  const pg::Result result = connection.query(cat(kTree, R"sql(
      select n.nspname, c.relname, t.tgname, t.tgenabled = 'A'
        from pg_catalog.pg_trigger t
        join pg_catalog.pg_class c on c.oid = t.tgrelid
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where t.tgrelid in (select oid from tree) and not t.tgisinternal
         and t.tgenabled in ('O', 'A') order by 1, 2, 3)sql"),
                                             {oid_list(tables)});
  std::vector<Trigger> out;
  for (int row = 0; row < result.row_count(); ++row) {
    out.push_back({.table = {result.str(row, 0), result.str(row, 1)},
                   .name = result.str(row, 2),
                   .always = result.boolean(row, 3)});
  }
  return out;
}

std::string disable_trigger(const Trigger& trigger) {
  return cat("ALTER TABLE ONLY ", trigger.table.quoted(), " DISABLE TRIGGER ",
             pg::quote_ident(trigger.name), ";\n");
}

std::string enable_trigger(const Trigger& trigger) {
  return cat("ALTER TABLE ONLY ", trigger.table.quoted(), " ENABLE ",
             trigger.always ? "ALWAYS " : "", "TRIGGER ", pg::quote_ident(trigger.name), ";\n");
}

std::vector<std::string> materialized_views_of(pg::Connection& connection,
                                               const std::vector<std::uint32_t>& tables) {
  const pg::Result result = connection.query(cat(kTree, R"sql(,
      using_views as (
        select r.ev_class as oid from pg_catalog.pg_depend d
          join pg_catalog.pg_rewrite r
            on r.oid = d.objid and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
         where d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and d.refobjid in (select oid from tree)
        union
        select r.ev_class from using_views v
          join pg_catalog.pg_depend d on d.refobjid = v.oid
           and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
           and d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
          join pg_catalog.pg_rewrite r on r.oid = d.objid)
      select pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname)
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind = 'm' and c.oid in (select oid from using_views) order by 1)sql"),
                                             {oid_list(tables)});
  std::vector<std::string> out;
  for (int row = 0; row < result.row_count(); ++row) out.push_back(result.str(row, 0));
  return out;
}

std::vector<pg::QualifiedName> sequences_of(pg::Connection& connection, std::uint32_t table) {
  const pg::Result result = connection.query(R"sql(
      select n.nspname, c.relname
        from pg_catalog.pg_depend d
        join pg_catalog.pg_class c on c.oid = d.objid and c.relkind = 'S'
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
         and d.refobjid = $1::pg_catalog.oid and d.deptype in ('a', 'i') order by 1, 2)sql",
                                             {cat(table)});
  std::vector<pg::QualifiedName> out;
  for (int row = 0; row < result.row_count(); ++row)
    out.push_back({result.str(row, 0), result.str(row, 1)});
  return out;
}

bool advance_sequence(pg::Connection& connection, const pg::QualifiedName& sequence,
                      std::int64_t last_value, bool is_called) {
  const pg::Result result = connection.query(
      cat("select pg_catalog.setval(s.seqrelid, $2::pg_catalog.int8, $3::pg_catalog.bool) from ",
          sequence.quoted(), R"sql( l
       join pg_catalog.pg_sequence s on s.seqrelid = $1::pg_catalog.regclass
      where $2::pg_catalog.int8 between s.seqmin and s.seqmax
        and case when s.seqincrement > 0 then l.last_value < $2::pg_catalog.int8
                                         else l.last_value > $2::pg_catalog.int8 end
         or l.last_value = $2::pg_catalog.int8 and $3::pg_catalog.bool and not l.is_called)sql"),
      {sequence.quoted(), cat(last_value), std::string(is_called ? "t" : "f")});
  return result.row_count() > 0;
}

std::vector<Made> made_in(pg::Connection& connection, const std::string& schema) {
  const pg::Result result = connection.query(R"sql(
      select c.relname, c.relkind::pg_catalog.text, c.relkind in ('r', 'p')
        from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relkind in ('r', 'p', 'i', 'I', 'S')
       union all
      select s.stxname, 'x', true
        from pg_catalog.pg_statistic_ext s
        join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
       where n.nspname = $1 order by 3, 1)sql",
                                             {schema});
  std::vector<Made> out;
  for (int row = 0; row < result.row_count(); ++row) {
    out.push_back({.name = result.str(row, 0),
                   .kind = result.str(row, 1).front(),
                   .moves_alone = result.boolean(row, 2)});
  }
  return out;
}

std::string rename_statement(const Made& made, const pg::QualifiedName& from,
                             const std::string& to) {
  return cat("ALTER ", alter_kind(made.kind), " ", from.quoted(), " RENAME TO ",
             pg::quote_ident(to));
}

std::string set_schema_statement(const Made& made, const pg::QualifiedName& name,
                                 const std::string& schema) {
  return cat("ALTER ", alter_kind(made.kind), " ", name.quoted(), " SET SCHEMA ",
             pg::quote_ident(schema));
}

std::vector<Inherits> parents_outside(pg::Connection& connection,
                                      const std::vector<std::string>& schemas) {
  std::vector<Inherits> out;
  for (const std::string& schema : schemas) {
    const pg::Result result = connection.query(R"sql(
        select c.relname, pn.nspname, p.relname
          from pg_catalog.pg_inherits i
          join pg_catalog.pg_class c on c.oid = i.inhrelid and c.relkind in ('r', 'p')
          join pg_catalog.pg_namespace n on n.oid = c.relnamespace
          join pg_catalog.pg_class p on p.oid = i.inhparent
          join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
         where n.nspname = $1
           and pn.nspname <> all (pg_catalog.string_to_array($2, ',')))sql",
                                               {schema, util::join(schemas, ",")});
    for (int row = 0; row < result.row_count(); ++row) {
      out.push_back({.child = {schema, result.str(row, 0)},
                     .parent = {result.str(row, 1), result.str(row, 2)}});
    }
  }
  return out;
}

Owner owner_state(pg::Connection& connection, const std::string& role) {
  const pg::Result result = connection.query(
      "select pg_catalog.pg_has_role(oid, 'MEMBER') from pg_catalog.pg_roles where rolname = $1",
      {role});
  if (result.row_count() == 0) return Owner::Missing;
  return result.boolean(0, 0) ? Owner::Ours : Owner::NotOurs;
}

std::vector<std::string> revokes(pg::Connection& connection, const pg::QualifiedName& relation) {
  const pg::Result result = connection.query(R"sql(
      select distinct c.relkind = 'S', case when a.grantee = 0 then 'PUBLIC'
                      else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       cross join lateral pg_catalog.aclexplode(c.relacl) a
       where n.nspname = $1 and c.relname = $2 and a.grantee <> c.relowner)sql",
                                             {relation.schema, relation.name});
  std::vector<std::string> out;
  for (int row = 0; row < result.row_count(); ++row) {
    out.push_back(cat("REVOKE ALL ON ", result.boolean(row, 0) ? "SEQUENCE " : "TABLE ",
                      relation.quoted(), " FROM ", result.str(row, 1)));
  }
  return out;
}

}  // namespace ops::sql
