// The statements of a dump that scan and schema do not have.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace dump::sql {

// Several tables by one statement; waits for the session's lock_timeout.
std::string lock_tables(const std::vector<pg::QualifiedName>& tables, std::size_t begin,
                        std::size_t end);
// One table, without waiting, within a savepoint that keep_lock() or undo_lock() ends; a failure
// leaves the transaction usable after undo_lock().
std::string lock_at_once(const pg::QualifiedName& table);
std::string_view savepoint();  // the same for what is not locked before
std::string_view keep_lock();
std::string_view undo_lock();
// No statement of ours may wait longer than a moment for a lock: behind somebody who waits for one
// of ours it would be for ever.
std::string_view wait_little_for_locks();

// Whether a session of this application name waits for a lock on a relation.
bool waits_for_lock(pg::Connection& connection, const std::string& application_name);

// Tables of `oids` on which somebody holds or wants a lock that excludes readers.
std::vector<pg::QualifiedName> excluded_by_others(pg::Connection& connection,
                                                  const std::vector<std::uint32_t>& oids);

std::string export_snapshot(pg::Connection& connection);   // its id
std::string current_snapshot(pg::Connection& connection);  // pg_current_snapshot()

// Texts of relations with the quoting of pg_dump, which is the server's: only where it is needed.
struct RelationText {
  std::string owner;
  std::string name;     // schema.name
  std::string columns;  // those that COPY reads, with commas
};
std::map<std::uint32_t, RelationText> relation_texts(pg::Connection& connection);

// Which materialised view reads which other one, directly or through views.
std::vector<std::pair<std::uint32_t, std::uint32_t>> refresh_dependencies(
    pg::Connection& connection);

// Which configuration table of an extension refers to which other table by a foreign key. CREATE
// EXTENSION makes these keys, so that they hold while rows are loaded.
std::vector<std::pair<std::uint32_t, std::uint32_t>> configuration_keys(pg::Connection& connection);

struct LargeObjectGrant {
  std::uint32_t oid = 0;
  std::string grantor, grantee;  // "" = PUBLIC
  std::string privilege;
  bool grantable = false;
};
// Of all large objects that have an ACL, in its order.
std::vector<LargeObjectGrant> large_object_grants(pg::Connection& connection);

// What pg_dump before 15 says nothing of: that `public` has another owner, comment or label than
// initdb gave it.
bool public_was_altered(pg::Connection& connection);

std::string count_statement(const pg::QualifiedName& table);  // COPY of one row, the number

}  // namespace dump::sql
