// The statements of contents.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "pg/connection.h"

namespace swap::sql {

struct ObjectRow {
  std::uint32_t class_oid = 0, oid = 0;
  std::string kind;  // name of the catalogue, without pg_
  std::string type, name, identity;
  std::string owner;            // "" if the kind has none
  bool ours = false;            // the role may drop it
  bool makes = true;            // and could make it again
  std::string keyword, target;  // DROP keyword target
};
// Everything of users that is no part of another object: no members of extensions, no indexes, row
// types, sequences of columns, temporary objects.
std::vector<ObjectRow> objects(pg::Connection& connection);

struct Link {
  std::uint32_t class_oid = 0, oid = 0, on_class = 0, on = 0;
  char type = 'n';
};
// pg_depend, but for what depends on the server's own objects.
std::vector<Link> links(pg::Connection& connection);

struct Counts {
  std::uint64_t relations = 0, large_objects = 0;
};
Counts counts(pg::Connection& connection);
std::vector<std::string> large_objects_of_others(pg::Connection& connection);
// User mappings of others, whose options this role cannot read.
std::vector<std::string> hidden_mappings(pg::Connection& connection);
std::vector<std::pair<std::string, std::string>> extension_relations(
    pg::Connection& connection, const std::vector<std::uint32_t>& extensions);

// Statements that give what is there the state of something new.
std::vector<std::string> default_privilege_resets(pg::Connection& connection);
std::vector<std::string> schema_resets(pg::Connection& connection,
                                       const std::vector<std::uint32_t>& schemas);
void unlink_large_objects(pg::Connection& connection);

std::uint64_t lock_slots(pg::Connection& connection);

}  // namespace swap::sql
