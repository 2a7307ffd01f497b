// What a dump writes: the schema's contents, extended by all that holds data (postgres-hazards.md
// M3).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "archive/toc.h"
#include "dump/sql_dump.h"
#include "scan/table.h"

namespace dump {

// What the snapshot holds, as lists.
struct Content {
  std::vector<scan::Table> tables;  // those that a key of an extension refers to before the others
  std::vector<std::vector<scan::PageRange>> ranges;  // of each table
  std::vector<scan::Sequence> sequences;
  std::vector<scan::MaterializedView> views;
  std::vector<scan::LargeObject> large_objects;
  std::vector<sql::LargeObjectGrant> large_object_grants;
  std::map<std::uint32_t, sql::RelationText> texts;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> refresh_dependencies;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> configuration_keys;
};

// Lists it, and decides how each table is cut.
Content list_content(pg::Connection& connection);

struct Plan {
  archive::Toc toc;
  std::vector<int> table_ids;     // dump id of each table's data entry
  std::vector<int> sequence_ids;  // of each sequence's position
  std::vector<int> group_ids;     // of groups of large objects, which are made among the data
  int large_objects_id = 0;       // of their data; 0 if there are none
  std::vector<bool> refreshed;    // materialised views that a restore fills
};

// The oldest version that holds all that such a server has, so that its own pg_restore reads the
// archive although a newer pg_dump read the schema; never newer than `of_pg_dump`.
archive::ArchiveVersion version_for(int server_major, archive::ArchiveVersion of_pg_dump);

// Failure: Kind::Backup when the schema and the lists do not name the same tables.
Plan extend(archive::Toc schema, const Content& content, const std::vector<scan::Lockable>& locked);

// The entries of one large object, as archives up to 1.15 have them: itself, its comment, labels
// and ACL. Ids count from `first_id`.
std::vector<archive::TocEntry> large_object_entries(
    const scan::LargeObject& object, const std::vector<sql::LargeObjectGrant>& grants,
    int first_id);

// From 1.16 on: objects of one owner with the same ACL, at most 1000 of them, by their OIDs.
using LargeObjectGroup = std::vector<const scan::LargeObject*>;
std::vector<LargeObjectGroup> large_object_groups(const std::vector<scan::LargeObject>& objects);
// The group itself, the comments and labels of its objects, and the ACL of all of them.
std::vector<archive::TocEntry> large_object_group_entries(
    const LargeObjectGroup& group, const std::vector<sql::LargeObjectGrant>& grants_of_first,
    int first_id);

}  // namespace dump
