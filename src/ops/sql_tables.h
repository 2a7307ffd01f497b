// What restoring single tables asks of the live database, and the statements that move, keep and
// bind them. One function per statement; names are raw.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace ops::sql {

bool schema_exists(pg::Connection& connection, const std::string& schema);
// By a relation, a type or extended statistics.
bool name_taken(pg::Connection& connection, const pg::QualifiedName& name);

struct LiveTable {
  std::uint32_t oid = 0;
  char kind = 'r';  // r, p, f, v, m …
  std::string owner;
  bool ours = false;  // this role has the rights of its owner
  bool forces_policies = false;
};
std::optional<LiveTable> find_table(pg::Connection& connection, const pg::QualifiedName& name);

// What holds the rows of a table: itself, or the partitions at the bottom.
struct Leaf {
  pg::QualifiedName name;
  char kind = 'r';
  bool forces_policies = false;
};
std::vector<Leaf> leaves(pg::Connection& connection, std::uint32_t table);

// Columns that one of two tables lacks or has with another type, one line each.
std::vector<std::string> column_differences(pg::Connection& connection,
                                            const pg::QualifiedName& archived,
                                            const pg::QualifiedName& live);

// Keys that point to one of `tables` or their partitions, as ALTER TABLE needs them.
struct ForeignKey {
  pg::QualifiedName table;  // that it belongs to
  std::string name, definition, comment;
  bool ours = false;
  bool movable = true;  // false: part of a key to a partitioned table above ours
};
std::vector<ForeignKey> foreign_keys_to(pg::Connection& connection,
                                        const std::vector<std::uint32_t>& tables);

struct Trigger {
  pg::QualifiedName table;
  std::string name;
  bool always = false;
};
// Those of `tables` and their partitions that would fire for a session of ours.
std::vector<Trigger> firing_triggers(pg::Connection& connection,
                                     const std::vector<std::uint32_t>& tables);
std::string disable_trigger(const Trigger& trigger);
std::string enable_trigger(const Trigger& trigger);

std::vector<std::string> materialized_views_of(pg::Connection& connection,
                                               const std::vector<std::uint32_t>& tables);
// Sequences that belong to columns of the table.
std::vector<pg::QualifiedName> sequences_of(pg::Connection& connection, std::uint32_t table);
// To the further of where it is and the given position; true if it was moved.
bool advance_sequence(pg::Connection& connection, const pg::QualifiedName& sequence,
                      std::int64_t last_value, bool is_called);

// What was made in a schema of our own.
struct Made {
  std::string name;
  char kind = 'r';           // of pg_class; 'x' extended statistics
  bool moves_alone = false;  // not with the table that it belongs to
};
std::vector<Made> made_in(pg::Connection& connection, const std::string& schema);
std::string rename_statement(const Made& made, const pg::QualifiedName& from,
                             const std::string& to);
std::string set_schema_statement(const Made& made, const pg::QualifiedName& name,
                                 const std::string& schema);
// Parents outside of `schema` of tables in it.
struct Inherits {
  pg::QualifiedName child, parent;
};
std::vector<Inherits> parents_outside(pg::Connection& connection,
                                      const std::vector<std::string>& schemas);

enum class Owner { Missing, NotOurs, Ours };
Owner owner_state(pg::Connection& connection, const std::string& role);
// Takes every privilege from everybody but the owner (default privileges may have given some).
std::vector<std::string> revokes(pg::Connection& connection, const pg::QualifiedName& relation);

}  // namespace ops::sql
