#include "check/relations.h"

#include "check/sql_check.h"

namespace check {
namespace {

RelationKind kind_of(char relkind) {
  if (relkind == 'r') return RelationKind::Table;
  return relkind == 'p' ? RelationKind::Partitioned : RelationKind::Other;
}

std::uint32_t oid_at(const pg::Result& rows, int row, int column) {
  return static_cast<std::uint32_t>(rows.u64(row, column));
}

}  // namespace

Relations Relations::read(pg::Connection& connection) {
  Relations out;
  const pg::Result rows = connection.query(sql::relations());
  for (int row = 0; row < rows.row_count(); ++row) {
    const RelationNow relation{.oid = oid_at(rows, row, 0),
                               .name = {rows.str(row, 1), rows.str(row, 2)},
                               .kind = kind_of(rows.str(row, 3).front()),
                               .partition = rows.boolean(row, 4)};
    out.by_oid_.emplace(relation.oid, relation);
    out.by_name_.emplace(relation.name, relation.oid);
  }
  const pg::Result pairs = connection.query(sql::inheritance());
  for (int row = 0; row < pairs.row_count(); ++row) {
    out.parents_.emplace(oid_at(pairs, row, 0), oid_at(pairs, row, 1));
    out.children_.emplace(oid_at(pairs, row, 1), oid_at(pairs, row, 0));
  }
  return out;
}

const RelationNow* Relations::by_oid(std::uint32_t oid) const {
  const auto found = by_oid_.find(oid);
  return found == by_oid_.end() ? nullptr : &found->second;
}

const RelationNow* Relations::by_name(const pg::QualifiedName& name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : by_oid(found->second);
}

std::vector<const RelationNow*> Relations::parts(std::uint32_t oid) const {
  std::vector<const RelationNow*> out;
  const auto [first, last] = children_.equal_range(oid);
  for (auto child = first; child != last; ++child) {
    const RelationNow* const part = by_oid(child->second);
    if (part == nullptr || !part->partition) continue;
    out.push_back(part);
    for (const RelationNow* const deeper : parts(part->oid)) out.push_back(deeper);
  }
  return out;
}

std::vector<pg::QualifiedName> Relations::ancestors(std::uint32_t oid) const {
  std::vector<pg::QualifiedName> out;
  const auto [first, last] = parents_.equal_range(oid);
  for (auto parent = first; parent != last; ++parent) {
    if (const RelationNow* const relation = by_oid(parent->second)) out.push_back(relation->name);
    for (pg::QualifiedName& further : ancestors(parent->second)) out.push_back(std::move(further));
  }
  return out;
}

}  // namespace check
