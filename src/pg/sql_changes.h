// What the server counts, and what the catalogues are: whether anything was changed in between.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "pg/connection.h"

namespace pg {

struct SessionCounter {
  std::optional<std::uint64_t> sessions;  // pg_stat_database.sessions, 14+
  std::string stats_reset;
};
SessionCounter session_counter(Connection& connection, const std::string& database);

// What one system catalogue of the connected database holds, as (number, sum over ctid and xmin of
// its visible rows): changes with every committed change, whoever made it; ANALYZE and VACUUM leave
// it alone.
struct CatalogDigest {
  std::string rows, sum;
  friend bool operator==(const CatalogDigest&, const CatalogDigest&) = default;
};
std::map<std::string, CatalogDigest> catalog_digests(Connection& connection);

// Rows inserted, updated, deleted since the counters began, rolled back ones too, and the file
// (TRUNCATE counts nothing but gives a new one, S10); of user tables, of large objects, and of
// those catalogues whose rows this role may not read. By schema and name.
struct ChangeCounters {
  bool exact = false;  // 15+, track_counts on
  std::string stats_reset;
  std::map<std::pair<std::string, std::string>, std::string> tables;
};
ChangeCounters change_counters(Connection& connection);

}  // namespace pg
