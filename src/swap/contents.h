// What a database holds, as it can be taken away object by object and made again in place: for an
// undo where no second database can be made (architecture.md §5, replace; postgres-hazards.md S5).
//
// Only what the role of the connection owns goes, and never a member of an extension by itself.
// What stays (extensions that the role could not make again, objects of superusers, the schemas
// that those need, `public`) must not depend on anything that goes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/connection.h"

namespace swap {

struct StayingObject {
  std::uint32_t class_oid = 0;  // of the catalogue
  std::uint32_t oid = 0;
  std::string type;  // "extension", "schema" … as the server calls it
  std::string name;
  std::string identity;
  bool ours = false;  // a schema of the role's, whose privileges and comment can be made again
};

struct Contents {
  std::vector<std::string> drops;      // statements, what depends on something before it
  std::vector<StayingObject> staying;  // ascending by class and OID
  // Tables and sequences of extensions that stay: schema, name; ascending.
  std::vector<std::pair<std::string, std::string>> staying_relations;
  std::vector<std::string> blockers;  // why this role cannot take everything away, for people
  std::uint64_t locks = 0;            // that dropping all of it takes, at most
  std::uint64_t relations = 0;        // with indexes and what is toasted
  std::uint64_t large_objects = 0;

  const StayingObject* staying_of(std::uint32_t class_oid, std::uint32_t oid) const noexcept;
  const StayingObject* staying_named(std::string_view type, std::string_view name) const noexcept;
};

// Looks only. Needs a session with an empty search_path.
Contents read_contents(pg::Connection& connection);

// Within an open transaction: drops it, takes back default privileges of the role's, and gives the
// schemas that stay and are the role's the privileges and the comment of a new one. What stays is
// then compared with what was to stay: Kind::NotUndone if anything else is gone or left.
void drop_contents(pg::Connection& connection, const Contents& contents);

// How many locks one transaction may count on: half of the server's table of them (S5).
std::uint64_t lock_room(pg::Connection& connection);

}  // namespace swap
