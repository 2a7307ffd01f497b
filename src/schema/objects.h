// The objects of a database by stable identity: type and identity of pg_identify_object, never an
// OID.
//
// Left out: members of extensions, system objects, temporary and toast relations, internal
// triggers. Columns are objects of their own, with type and NOT NULL in the identity. An invalid
// index has the type "index (invalid)", because no restore brings it back (postgres-hazards.md
// S13).
#pragma once

#include <compare>
#include <string>
#include <vector>

#include "pg/connection.h"

namespace schema {

struct Object {
  std::string type;
  std::string identity;
  friend auto operator<=>(const Object&, const Object&) = default;
};
std::vector<Object> list_objects(pg::Connection& connection);  // sorted, unique

struct Extension {
  std::string name, version, schema;
};
std::vector<Extension> list_extensions(pg::Connection& connection);  // by name

// What template0 has and the source may lack (S12).
struct TemplateObjects {
  bool public_schema = true;
  bool plpgsql = true;
};
TemplateObjects template_objects(pg::Connection& connection);

// Missing in the copy, or there without being in the source.
struct Difference {
  enum class What { Missing, Additional } what;
  Object object;
  bool accepted = false;  // of the closed list of S13
};
std::vector<Difference> compare(const std::vector<Object>& source, const std::vector<Object>& copy);

}  // namespace schema
