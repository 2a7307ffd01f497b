// The relations of a database at one moment, and how their partitions hang together.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace check {

enum class RelationKind {
  Table,
  Partitioned,
  Other
};  // Other: view, materialised view, foreign table

struct RelationNow {
  std::uint32_t oid = 0;
  pg::QualifiedName name;
  RelationKind kind = RelationKind::Table;
  bool partition = false;
};

class Relations {
 public:
  static Relations read(pg::Connection& connection);

  const RelationNow* by_oid(std::uint32_t oid) const;
  const RelationNow* by_name(const pg::QualifiedName& name) const;
  const std::map<std::uint32_t, RelationNow>& all() const noexcept { return by_oid_; }
  // Partitions below `oid` at any depth, without itself.
  std::vector<const RelationNow*> parts(std::uint32_t oid) const;
  // What `oid` inherits from at any distance.
  std::vector<pg::QualifiedName> ancestors(std::uint32_t oid) const;

 private:
  std::map<std::uint32_t, RelationNow> by_oid_;
  std::map<pg::QualifiedName, std::uint32_t> by_name_;
  std::multimap<std::uint32_t, std::uint32_t> children_, parents_;
};

}  // namespace check
