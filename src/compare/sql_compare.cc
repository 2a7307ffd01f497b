#include "compare/sql_compare.h"

#include "util/text.h"

namespace compare::sql {
namespace {

constexpr std::string_view kPrimaryKeys = R"sql(
  select i.indrelid, a.attname::pg_catalog.text,
         pg_catalog.bool_or(a.attgenerated <> '') over (partition by i.indrelid)
    from pg_catalog.pg_index i
    cross join lateral pg_catalog.unnest(i.indkey::pg_catalog.int2[]) with ordinality as k(attnum, position)
    join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
   where i.indisprimary and k.position <= i.indnkeyatts
   order by i.indrelid, k.position)sql";

constexpr std::string_view kForeignKeys = R"sql(
  with side as (
    select oid, oid as member from pg_catalog.pg_class where relkind in ('r', 'p')
    union
    select c.oid, t.relid::pg_catalog.oid from pg_catalog.pg_class c
     cross join lateral pg_catalog.pg_partition_tree(c.oid) as t
     where c.relkind = 'p')
  select distinct fn.nspname::pg_catalog.text, f.relname::pg_catalog.text,
         tn.nspname::pg_catalog.text, t.relname::pg_catalog.text
    from pg_catalog.pg_constraint k
    join side fs on fs.oid = k.conrelid
    join side ts on ts.oid = k.confrelid
    join pg_catalog.pg_class f on f.oid = fs.member
    join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
    join pg_catalog.pg_class t on t.oid = ts.member
    join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
   where k.contype = 'f')sql";

}  // namespace

std::map<std::uint32_t, std::vector<std::string>> primary_keys(pg::Connection& connection) {
  const pg::Result rows = connection.query(kPrimaryKeys);
  std::map<std::uint32_t, std::vector<std::string>> keys;
  for (int row = 0; row < rows.row_count(); ++row) {
    if (rows.boolean(row, 2)) continue;
    keys[static_cast<std::uint32_t>(rows.u64(row, 0))].push_back(rows.str(row, 1));
  }
  return keys;
}

ForeignKeys foreign_keys(pg::Connection& connection) {
  const pg::Result rows = connection.query(kForeignKeys);
  ForeignKeys keys;
  for (int row = 0; row < rows.row_count(); ++row) {
    keys.push_back({{rows.str(row, 0), rows.str(row, 1)}, {rows.str(row, 2), rows.str(row, 3)}});
  }
  return keys;
}

}  // namespace compare::sql
