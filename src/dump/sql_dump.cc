#include "dump/sql_dump.h"

#include "util/text.h"

namespace dump::sql {
namespace {

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

std::string oid_array(const std::vector<std::uint32_t>& oids) {
  std::vector<std::string> digits;
  for (const std::uint32_t oid : oids) digits.push_back(util::cat(oid));
  return util::cat("{", util::join(digits, ","), "}");
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs_of_oids(pg::Connection& connection,
                                                                   std::string_view sql) {
  const pg::Result rows = connection.query(sql);
  std::vector<std::pair<std::uint32_t, std::uint32_t>> pairs;
  for (int row = 0; row < rows.row_count(); ++row)
    pairs.emplace_back(oid_at(rows, row, 0), oid_at(rows, row, 1));
  return pairs;
}

constexpr std::string_view kExcluded = R"sql(
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text
    from pg_catalog.pg_locks l
    join pg_catalog.pg_class c on c.oid = l.relation
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock' and l.relation = any ($1::pg_catalog.oid[])
     and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
   order by l.granted desc, n.nspname collate "C", c.relname collate "C")sql";

constexpr std::string_view kWaits = R"sql(
  select exists (
    select from pg_catalog.pg_locks l join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where not l.granted and l.locktype = 'relation' and a.application_name = $1
       and a.datname = pg_catalog.current_database()))sql";

constexpr std::string_view kRelationTexts = R"sql(
  select c.oid, pg_catalog.pg_get_userbyid(c.relowner)::pg_catalog.text,
         pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname),
         coalesce((select pg_catalog.string_agg(pg_catalog.quote_ident(a.attname), ', ' order by a.attnum)
                     from pg_catalog.pg_attribute a
                    where c.relkind in ('r', 'p') and a.attrelid = c.oid and a.attnum > 0
                      and not a.attisdropped and a.attgenerated = ''), '')
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'S', 'm') and c.relpersistence <> 't'
     and n.nspname !~ '^pg_' and n.nspname <> 'information_schema')sql";

constexpr std::string_view kRefreshDependencies = R"sql(
  with recursive reads (reader, relation) as (
    select r.ev_class, d.refobjid
      from pg_catalog.pg_rewrite r
      join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
       and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.refobjid <> r.ev_class
      join pg_catalog.pg_class reader on reader.oid = r.ev_class and reader.relkind in ('m', 'v')
      join pg_catalog.pg_class read on read.oid = d.refobjid and read.relkind in ('m', 'v')),
  reaches (reader, relation) as (
    select reader, relation from reads
    union
    select reaches.reader, reads.relation
      from reaches
      join pg_catalog.pg_class through on through.oid = reaches.relation and through.relkind = 'v'
      join reads on reads.reader = reaches.relation)
  select reaches.reader, reaches.relation
    from reaches
    join pg_catalog.pg_class reader on reader.oid = reaches.reader and reader.relkind = 'm'
    join pg_catalog.pg_class read on read.oid = reaches.relation and read.relkind = 'm'
   order by 1, 2)sql";

constexpr std::string_view kConfigurationKeys = R"sql(
  select distinct k.conrelid, k.confrelid
    from pg_catalog.pg_extension e
    cross join lateral pg_catalog.unnest(e.extconfig) as config(oid)
    join pg_catalog.pg_constraint k on k.conrelid = config.oid and k.contype = 'f'
   where k.confrelid <> k.conrelid
   order by 1, 2)sql";

constexpr std::string_view kLargeObjectGrants = R"sql(
  select m.oid, pg_catalog.pg_get_userbyid(acl.grantor)::pg_catalog.text,
         case when acl.grantee = 0 then '' else pg_catalog.pg_get_userbyid(acl.grantee)::pg_catalog.text end,
         acl.privilege_type, acl.is_grantable
    from pg_catalog.pg_largeobject_metadata m
    cross join lateral pg_catalog.aclexplode(m.lomacl)
          with ordinality as acl(grantor, grantee, privilege_type, is_grantable, position)
   order by m.oid, acl.position)sql";

// The owner before 15: the one who ran initdb, whose OID is 10. Made anew it is no longer initdb's.
// On 13 only a superuser may read what the catalogues are read from (pg_subscription.oid): others
// keep pg_dump.
constexpr std::string_view kPublicWasAltered = R"sql(
  select exists (
    select from pg_catalog.pg_namespace n
      left join pg_catalog.pg_description d on d.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and d.objoid = n.oid
     where n.nspname = 'public' and pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'oid', 'select')
       and (n.nspowner <> 10 or d.description is distinct from 'standard public schema'
            or exists (select from pg_catalog.pg_seclabel l
                        where l.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass and l.objoid = n.oid))))sql";

}  // namespace

std::string lock_tables(const std::vector<pg::QualifiedName>& tables, std::size_t begin,
                        std::size_t end) {
  std::string list;
  for (std::size_t n = begin; n < end; ++n)
    list += util::cat(n == begin ? " " : ", ", "ONLY ", tables[n].quoted());
  return util::cat("LOCK TABLE", list, " IN ACCESS SHARE MODE");
}

std::string lock_at_once(const pg::QualifiedName& table) {
  return util::cat(savepoint(), "; LOCK TABLE ONLY ", table.quoted(),
                   " IN ACCESS SHARE MODE NOWAIT");
}

std::string_view savepoint() { return "SAVEPOINT pgbelay_lock"; }
std::string_view keep_lock() { return "RELEASE SAVEPOINT pgbelay_lock"; }
std::string_view undo_lock() {
  return "ROLLBACK TO SAVEPOINT pgbelay_lock; RELEASE SAVEPOINT pgbelay_lock";
}
std::string_view wait_little_for_locks() { return "SET lock_timeout = '1s'"; }

bool waits_for_lock(pg::Connection& connection, const std::string& application_name) {
  return connection.query(kWaits, {application_name}).boolean(0, 0);
}

std::vector<pg::QualifiedName> excluded_by_others(pg::Connection& connection,
                                                  const std::vector<std::uint32_t>& oids) {
  const pg::Result rows = connection.query(kExcluded, {oid_array(oids)});
  std::vector<pg::QualifiedName> names;
  for (int row = 0; row < rows.row_count(); ++row)
    names.push_back({rows.str(row, 0), rows.str(row, 1)});
  return names;
}

std::string export_snapshot(pg::Connection& connection) {
  return connection.query("select pg_catalog.pg_export_snapshot()").str(0, 0);
}

std::string current_snapshot(pg::Connection& connection) {
  return connection.query("select pg_catalog.pg_current_snapshot()::pg_catalog.text").str(0, 0);
}

std::map<std::uint32_t, RelationText> relation_texts(pg::Connection& connection) {
  const pg::Result rows = connection.query(kRelationTexts);
  std::map<std::uint32_t, RelationText> texts;
  for (int row = 0; row < rows.row_count(); ++row) {
    texts[oid_at(rows, row, 0)] = {rows.str(row, 1), rows.str(row, 2), rows.str(row, 3)};
  }
  return texts;
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> refresh_dependencies(
    pg::Connection& connection) {
  return pairs_of_oids(connection, kRefreshDependencies);
}

std::vector<std::pair<std::uint32_t, std::uint32_t>> configuration_keys(
    pg::Connection& connection) {
  return pairs_of_oids(connection, kConfigurationKeys);
}

std::vector<LargeObjectGrant> large_object_grants(pg::Connection& connection) {
  const pg::Result rows = connection.query(kLargeObjectGrants);
  std::vector<LargeObjectGrant> grants;
  for (int row = 0; row < rows.row_count(); ++row) {
    grants.push_back({oid_at(rows, row, 0), rows.str(row, 1), rows.str(row, 2), rows.str(row, 3),
                      rows.boolean(row, 4)});
  }
  return grants;
}

bool public_was_altered(pg::Connection& connection) {
  return connection.query(kPublicWasAltered).boolean(0, 0);
}

std::string count_statement(const pg::QualifiedName& table) {
  return util::cat("COPY (SELECT pg_catalog.count(*) FROM ONLY ", table.quoted(), ") TO STDOUT");
}

}  // namespace dump::sql
