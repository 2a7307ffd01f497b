// Which files have been applied: table "migrations" in schema "pgbelay" of the migrated database.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "migrate/files.h"
#include "pg/connection.h"

namespace migrate {

struct Applied {
  std::string name;
  std::string sha256;
  std::string applied_at;  // RFC 3339
  std::uint64_t duration_ms = 0;
  std::string run;
};

// By time; none if there is no history yet. Changes nothing.
std::vector<Applied> history(pg::Connection& connection);

struct Pending {
  std::vector<File> files;
  std::vector<std::string>
      warnings;  // applied files that are gone, pending ones that sort before applied ones
};
// What is to be done. Kind::Usage naming the file if one was changed after it had been applied.
Pending pending(pg::Connection& connection, std::vector<File> files);

// Used by apply(): the schema and the table if they are missing, and one row, in the caller's
// transaction.
void create_history(pg::Connection& connection);
void record_applied(pg::Connection& connection, const File& file, std::uint64_t duration_ms,
                    const std::string& run);

}  // namespace migrate
