#include "load/sql_reload.h"

#include "util/error.h"
#include "util/text.h"

namespace load::sql {
namespace {

std::string oid_array(const std::vector<std::uint32_t>& oids) {
  std::vector<std::string> texts;
  for (const std::uint32_t oid : oids) texts.push_back(util::cat(oid));
  return util::cat("{", util::join(texts, ","), "}");
}

std::string array_element(std::string_view text) {
  std::string escaped = util::replace_all(std::string(text), "\\", "\\\\");
  return util::cat('"', util::replace_all(std::move(escaped), "\"", "\\\""), '"');
}

constexpr std::string_view kWithAncestors = R"sql(
  with named as (
    select w.position, c.oid
      from rows from (pg_catalog.unnest($1::pg_catalog.text[]), pg_catalog.unnest($2::pg_catalog.text[]))
             with ordinality as w(schema, name, position)
      left join pg_catalog.pg_namespace n on n.nspname = w.schema
      left join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.name)
  select oid, position from named
  union all
  select a.relid::pg_catalog.oid, 0 from named cross join lateral pg_catalog.pg_partition_ancestors(named.oid) a
   where a.relid::pg_catalog.oid <> named.oid
   order by 2)sql";

constexpr std::string_view kForeignKeys = R"sql(
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text, k.conname::pg_catalog.text
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where k.contype = 'f' and k.conparentid = 0
     and (k.conrelid = any ($1::pg_catalog.oid[]) or k.confrelid = any ($1::pg_catalog.oid[]))
   order by 1, 2, 3)sql";

constexpr std::string_view kPlainIndexes = R"sql(
  select n.nspname::pg_catalog.text, i.relname::pg_catalog.text
    from pg_catalog.pg_index x
    join pg_catalog.pg_class i on i.oid = x.indexrelid
    join pg_catalog.pg_namespace n on n.oid = i.relnamespace
   where x.indrelid = any ($1::pg_catalog.oid[]) and i.relkind = 'i' and not i.relispartition
     and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.oid and k.contype in ('p', 'u', 'x'))
   order by 1, 2)sql";

constexpr std::string_view kTriggers = R"sql(
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text, t.tgname::pg_catalog.text, t.tgenabled::pg_catalog.text
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where t.tgrelid = any ($1::pg_catalog.oid[]) and not t.tgisinternal and t.tgenabled <> 'D'
   order by 1, 2, 3)sql";

constexpr std::string_view kEventTriggers =
    "select evtname::pg_catalog.text, evtenabled::pg_catalog.text from pg_catalog.pg_event_trigger"
    " where evtenabled <> 'D' order by 1";

constexpr std::string_view kForcedRowSecurity = R"sql(
  select n.nspname::pg_catalog.text, c.relname::pg_catalog.text
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.oid = any ($1::pg_catalog.oid[]) and c.relrowsecurity and c.relforcerowsecurity
   order by 1, 2)sql";

// O: ordinary, R: in replica mode, A: always.
std::string_view enabling(std::string_view mode) {
  return mode == "R" ? "ENABLE REPLICA" : mode == "A" ? "ENABLE ALWAYS" : "ENABLE";
}

std::vector<pg::QualifiedName> names(const pg::Result& rows) {
  std::vector<pg::QualifiedName> out;
  for (int row = 0; row < rows.row_count(); ++row)
    out.push_back({rows.str(row, 0), rows.str(row, 1)});
  return out;
}

}  // namespace

std::vector<std::uint32_t> with_ancestors(pg::Connection& connection,
                                          const std::vector<pg::QualifiedName>& tables) {
  std::vector<std::string> schemas, relations;
  for (const pg::QualifiedName& table : tables) {
    schemas.push_back(array_element(table.schema));
    relations.push_back(array_element(table.name));
  }
  const pg::Result rows =
      connection.query(kWithAncestors, {util::cat("{", util::join(schemas, ","), "}"),
                                        util::cat("{", util::join(relations, ","), "}")});
  std::vector<std::uint32_t> oids;
  for (int row = 0; row < rows.row_count(); ++row) {
    if (rows.text(row, 0)) {
      oids.push_back(static_cast<std::uint32_t>(rows.u64(row, 0)));
      continue;
    }
    const pg::QualifiedName& missing = tables[rows.u64(row, 1) - 1];
    throw util::Error(util::Kind::Query,
                      util::cat("table ", missing.display(), " is not in the copy"));
  }
  return oids;
}

std::vector<Key> foreign_keys(pg::Connection& connection, const std::vector<std::uint32_t>& oids) {
  const pg::Result rows = connection.query(kForeignKeys, {oid_array(oids)});
  std::vector<Key> keys;
  for (int row = 0; row < rows.row_count(); ++row)
    keys.push_back({{rows.str(row, 0), rows.str(row, 1)}, rows.str(row, 2)});
  return keys;
}

std::vector<pg::QualifiedName> plain_indexes(pg::Connection& connection,
                                             const std::vector<std::uint32_t>& oids) {
  return names(connection.query(kPlainIndexes, {oid_array(oids)}));
}

std::vector<Switch> switches(pg::Connection& connection, const std::vector<std::uint32_t>& oids) {
  std::vector<Switch> out;
  const pg::Result events = connection.query(kEventTriggers);  // first: they see the others
  for (int row = 0; row < events.row_count(); ++row) {
    const std::string alter =
        util::cat("ALTER EVENT TRIGGER ", pg::quote_ident(events.str(row, 0)), " ");
    out.push_back({alter + "DISABLE", util::cat(alter, enabling(events.str(row, 1)))});
  }
  const pg::Result triggers = connection.query(kTriggers, {oid_array(oids)});
  for (int row = 0; row < triggers.row_count(); ++row) {
    const pg::QualifiedName table{triggers.str(row, 0), triggers.str(row, 1)};
    const std::string alter = util::cat("ALTER TABLE ONLY ", table.quoted(), " ");
    const std::string trigger = util::cat(" TRIGGER ", pg::quote_ident(triggers.str(row, 2)));
    out.push_back({util::cat(alter, "DISABLE", trigger),
                   util::cat(alter, enabling(triggers.str(row, 3)), trigger)});
  }
  for (const pg::QualifiedName& table :
       names(connection.query(kForcedRowSecurity, {oid_array(oids)}))) {
    const std::string alter = util::cat("ALTER TABLE ONLY ", table.quoted(), " ");
    out.push_back({alter + "DISABLE ROW LEVEL SECURITY", alter + "ENABLE ROW LEVEL SECURITY"});
  }
  return out;
}

std::string truncate(const std::vector<pg::QualifiedName>& tables) {
  std::vector<std::string> parts;
  for (const pg::QualifiedName& table : tables) parts.push_back("ONLY " + table.quoted());
  return util::cat("TRUNCATE TABLE ", util::join(parts, ", "));
}

std::string delete_rows(const pg::QualifiedName& table, const std::string& condition) {
  return util::cat("DELETE FROM ONLY ", table.quoted(), condition);
}

std::uint64_t unlink_some(pg::Connection& connection) {
  // Each takes a lock until the end of its transaction: few enough for a small lock table.
  return connection
      .query(R"sql(
    select pg_catalog.count(pg_catalog.lo_unlink(part.oid))
      from (select m.oid from pg_catalog.pg_largeobject_metadata m order by m.oid limit 500) part)sql")
      .u64(0, 0);
}

}  // namespace load::sql
