// The statements that list what is content: tables, sequences, materialised views, large objects.
#include <algorithm>
#include <map>

#include "scan/table.h"
#include "util/error.h"
#include "util/text.h"

namespace scan {
namespace {

constexpr std::size_t kSequencesPerStatement = 500;

// Members of an extension are not content, unless it declares them as its configuration (M3).
constexpr std::string_view kRelations = R"sql(
  with config as (
    select e.extname, entry.oid, coalesce(e.extcondition[entry.position], '') as condition
      from pg_catalog.pg_extension e
      cross join lateral pg_catalog.unnest(e.extconfig) with ordinality as entry(oid, position)),
  relation as (
    select c.oid, n.nspname, c.relname, c.relkind, c.relam, c.relispopulated, c.relfilenode,
           config.extname, coalesce(config.condition, '') as condition
      from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      left join config on config.oid = c.oid
     where c.relpersistence <> 't' and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
       and (config.oid is not null or not exists (
             select from pg_catalog.pg_depend d
              where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid
                and d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass and d.deptype = 'e')))
)sql";

// Partitions whose rows a restore may find in others: as pg_dump knows them.
constexpr std::string_view kMovable = R"sql(,
  movable as (
    select r.oid, pg_catalog.pg_partition_root(r.oid)::pg_catalog.oid as root
      from relation r join pg_catalog.pg_class c on c.oid = r.oid and c.relispartition
     where r.relkind = 'r' and exists (
       select from pg_catalog.pg_partition_ancestors(r.oid) ancestor
         join pg_catalog.pg_partitioned_table p on p.partrelid = ancestor.relid and p.partstrat = 'h'
         join pg_catalog.pg_opclass o on o.oid = any (p.partclass::pg_catalog.oid[]) and o.opcname = 'enum_ops'
         join pg_catalog.pg_namespace n on n.oid = o.opcnamespace and n.nspname = 'pg_catalog'
         join pg_catalog.pg_am am on am.oid = o.opcmethod and am.amname = 'hash'))
)sql";

constexpr std::string_view kTables = R"sql(
  select r.oid, r.nspname::pg_catalog.text, r.relname::pg_catalog.text, r.condition,
         coalesce(r.extname::pg_catalog.text, ''), coalesce(am.amname = 'heap', false),
         coalesce(pg_catalog.pg_relation_size(r.oid), 0), coalesce(m.root, 0),
         coalesce(rn.nspname::pg_catalog.text, ''), coalesce(root.relname::pg_catalog.text, '')
    from relation r left join pg_catalog.pg_am am on am.oid = r.relam
    left join movable m on m.oid = r.oid
    left join pg_catalog.pg_class root on root.oid = m.root
    left join pg_catalog.pg_namespace rn on rn.oid = root.relnamespace
   where r.relkind = 'r'
   order by r.nspname collate "C", r.relname collate "C")sql";

constexpr std::string_view kLockable = R"sql(
  select r.oid, r.nspname::pg_catalog.text, r.relname::pg_catalog.text, r.relfilenode, r.relkind = 'p'
    from relation r where r.relkind in ('r', 'p')
   order by r.nspname collate "C", r.relname collate "C")sql";

constexpr std::string_view kColumns = R"sql(
  select a.attrelid, a.attname::pg_catalog.text, a.attgenerated::pg_catalog.text
    from relation r join pg_catalog.pg_attribute a on a.attrelid = r.oid
   where r.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped
   order by a.attrelid, a.attnum)sql";

constexpr std::string_view kSequences = R"sql(
  select r.oid, r.nspname::pg_catalog.text, r.relname::pg_catalog.text, coalesce(r.extname::pg_catalog.text, '')
    from relation r where r.relkind = 'S'
   order by r.nspname collate "C", r.relname collate "C")sql";

constexpr std::string_view kMaterializedViews = R"sql(
  select r.oid, r.nspname::pg_catalog.text, r.relname::pg_catalog.text, r.relispopulated
    from relation r where r.relkind = 'm'
   order by r.nspname collate "C", r.relname collate "C")sql";

constexpr std::string_view kLargeObjects = R"sql(
  select m.oid, pg_catalog.pg_get_userbyid(m.lomowner)::pg_catalog.text, coalesce(m.lomacl::pg_catalog.text, ''),
         coalesce(d.description, '')
    from pg_catalog.pg_largeobject_metadata m
    left join pg_catalog.pg_description d on d.objoid = m.oid and d.objsubid = 0
          and d.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass
   order by m.oid)sql";

constexpr std::string_view kLargeObjectLabels = R"sql(
  select l.objoid, l.provider, l.label
    from pg_catalog.pg_seclabel l
   where l.classoid = 'pg_catalog.pg_largeobject'::pg_catalog.regclass and l.objsubid = 0
   order by l.objoid, l.provider collate "C")sql";

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

struct Columns {
  std::vector<std::string> stored;
  std::vector<std::string> generated;
};

std::map<std::uint32_t, Columns> columns_of_relations(pg::Connection& connection) {
  const pg::Result rows = connection.query(util::cat(kRelations, kColumns));
  std::map<std::uint32_t, Columns> columns;
  for (int row = 0; row < rows.row_count(); ++row) {
    Columns& of = columns[oid_at(rows, row, 0)];
    const std::string generated = rows.str(row, 2);
    if (generated.empty()) of.stored.push_back(rows.str(row, 1));
    if (generated == "s") of.generated.push_back(rows.str(row, 1));
  }
  return columns;
}

// The filter as it stands, with one blank before it.
std::string filter_of(std::string_view condition) {
  const std::string_view text = util::trim(condition);
  return text.empty() ? std::string() : util::cat(" ", text);
}

// Positions of `sequences` in [begin, end) by one statement.
void read_positions(pg::Connection& connection, std::vector<Sequence>& sequences, std::size_t begin,
                    std::size_t end) {
  std::string sql;
  for (std::size_t n = begin; n < end; ++n) {
    if (n != begin) sql += " union all ";
    sql += util::cat("select ", n, "::pg_catalog.int8, last_value, is_called from ",
                     sequences[n].name.quoted());
  }
  const pg::Result rows = connection.query(sql);
  for (int row = 0; row < rows.row_count(); ++row) {
    Sequence& sequence = sequences.at(rows.u64(row, 0));
    sequence.last_value = rows.i64(row, 1);
    sequence.is_called = rows.boolean(row, 2);
  }
}

}  // namespace

std::vector<Table> list_tables(pg::Connection& connection) {
  std::map<std::uint32_t, Columns> columns = columns_of_relations(connection);
  const pg::Result rows = connection.query(util::cat(kRelations, kMovable, kTables));
  std::vector<Table> tables;
  tables.reserve(static_cast<std::size_t>(rows.row_count()));
  for (int row = 0; row < rows.row_count(); ++row) {
    Table table{.oid = oid_at(rows, row, 0), .name = {rows.str(row, 1), rows.str(row, 2)}};
    table.filter = filter_of(rows.str(row, 3));
    table.extension = rows.str(row, 4);
    table.extension_config = !table.extension.empty();
    table.heap = rows.boolean(row, 5);
    table.bytes = rows.u64(row, 6);
    table.load_root_oid = oid_at(rows, row, 7);
    if (table.load_root_oid != 0)
      table.load_root.emplace(pg::QualifiedName{rows.str(row, 8), rows.str(row, 9)});
    Columns& of = columns[table.oid];
    table.columns = table.load_root ? columns[table.load_root_oid].stored : std::move(of.stored);
    table.generated = std::move(of.generated);
    tables.push_back(std::move(table));
  }
  return tables;
}

std::vector<Lockable> list_lockable(pg::Connection& connection) {
  const pg::Result rows = connection.query(util::cat(kRelations, kLockable));
  std::vector<Lockable> tables;
  tables.reserve(static_cast<std::size_t>(rows.row_count()));
  for (int row = 0; row < rows.row_count(); ++row) {
    tables.push_back({oid_at(rows, row, 0),
                      {rows.str(row, 1), rows.str(row, 2)},
                      oid_at(rows, row, 3),
                      rows.boolean(row, 4)});
  }
  return tables;
}

std::vector<Sequence> list_sequences(pg::Connection& connection) {
  const pg::Result rows = connection.query(util::cat(kRelations, kSequences));
  std::vector<Sequence> sequences;
  for (int row = 0; row < rows.row_count(); ++row) {
    sequences.push_back({.oid = oid_at(rows, row, 0),
                         .name = {rows.str(row, 1), rows.str(row, 2)},
                         .extension = rows.str(row, 3)});
  }
  for (std::size_t begin = 0; begin < sequences.size(); begin += kSequencesPerStatement) {
    read_positions(connection, sequences, begin,
                   std::min(begin + kSequencesPerStatement, sequences.size()));
  }
  return sequences;
}

std::vector<MaterializedView> list_materialized_views(pg::Connection& connection) {
  std::map<std::uint32_t, Columns> columns = columns_of_relations(connection);
  const pg::Result rows = connection.query(util::cat(kRelations, kMaterializedViews));
  std::vector<MaterializedView> views;
  for (int row = 0; row < rows.row_count(); ++row) {
    const std::uint32_t oid = oid_at(rows, row, 0);
    views.push_back({oid,
                     {rows.str(row, 1), rows.str(row, 2)},
                     rows.boolean(row, 3),
                     std::move(columns[oid].stored)});
  }
  return views;
}

std::vector<LargeObject> list_large_objects(pg::Connection& connection) {
  const pg::Result rows = connection.query(kLargeObjects);
  std::vector<LargeObject> objects;
  std::map<std::uint32_t, std::size_t> position;
  for (int row = 0; row < rows.row_count(); ++row) {
    position[oid_at(rows, row, 0)] = objects.size();
    objects.push_back(
        {oid_at(rows, row, 0), rows.str(row, 1), rows.str(row, 2), rows.str(row, 3), {}});
  }
  if (objects.empty()) return objects;
  const pg::Result labels = connection.query(kLargeObjectLabels);
  for (int row = 0; row < labels.row_count(); ++row) {
    const auto found = position.find(oid_at(labels, row, 0));
    if (found != position.end()) {
      objects[found->second].labels.emplace_back(labels.str(row, 1), labels.str(row, 2));
    }
  }
  return objects;
}

}  // namespace scan
