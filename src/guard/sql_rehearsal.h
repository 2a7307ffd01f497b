// The statements of a rehearsal.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "pg/connection.h"
#include "pg/ident.h"

namespace guard {

// What must go before the clone can be dropped.
void roll_back_prepared(pg::Connection& inside, const std::string& gid);
void forget_subscription(pg::Connection& inside, const std::string& name);
void drop_slot(pg::Connection& maintenance, const std::string& name);

// Who is on the server, whatever the database.
struct ServerSessions {
  std::uint64_t others = 0;              // clients whose application has another name
  std::optional<std::uint64_t> counted;  // opened since the counters began; exact from 15 on
};
ServerSessions server_sessions(pg::Connection& maintenance, const std::string& application);

// Locks on relations of one database that these backends hold.
struct LockRow {
  int pid = 0;
  std::uint32_t relation = 0;
  std::string mode;
};
std::vector<LockRow> relation_locks(pg::Connection& control, std::uint32_t database,
                                    const std::vector<int>& pids);
// Nothing where this role may not ask, or the database is gone.
std::optional<std::uint64_t> database_bytes(pg::Connection& control, std::uint32_t database);
// Bytes of WAL up to now; nothing where this role may not ask.
std::optional<std::uint64_t> wal_position(pg::Connection& control);

// What is in the clone, by OID. Temporary ones and TOAST are left out.
struct StoredRelation {
  pg::QualifiedName name;
  char kind = 'r';            // as pg_class.relkind
  bool system = false;        // of pg_catalog
  std::uint32_t table = 0;    // of an index
  std::uint32_t storage = 0;  // relfilenode; 0: none
  std::uint64_t heap_bytes = 0;
  std::uint64_t total_bytes = 0;  // of a table with its indexes and TOAST
};
std::map<std::uint32_t, StoredRelation> stored_relations(pg::Connection& clone);

// Rows that changed since the clone was made, rolled back ones too; by OID.
struct ChangedRows {
  std::uint64_t inserted = 0, updated = 0, deleted = 0;
};
std::map<std::uint32_t, ChangedRows> changed_rows(pg::Connection& clone);
std::uint64_t count_rows(pg::Connection& clone, const pg::QualifiedName& table);

}  // namespace guard
