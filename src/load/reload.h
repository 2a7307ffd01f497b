// A follow-up's rows in the place of those that a restored copy has: single tables, large objects,
// positions of sequences (postgres-hazards.md S11).
//
// Guarantees: nothing fires while rows are replaced: keys that point at the tables or away from
// them and indexes are dropped and made again from the archive, triggers are off and get back what
// they had. An error leaves the copy unusable: it must be made again from the backup.
#pragma once

#include <cstdint>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "archive/reader.h"
#include "pg/conninfo.h"
#include "pg/ident.h"
#include "util/reporter.h"

namespace load {

struct ReloadOptions {
  pg::ConnInfo target;  // has every object of the archive
  std::string application_name;
  // Tables whose rows are only in part content: the condition of an extension's configuration, or
  // nothing of it.
  std::map<pg::QualifiedName, std::string> configuration;
  bool large_objects = false;  // those of the target go, those of the archive come
  std::uint64_t total_bytes = 0;
};

struct Reloaded {
  std::uint64_t rows = 0;
  std::vector<std::string> warnings;  // of the server, and keys that are NOT VALID now
};

// Everything that `archive` has data of. Kind::Query and others as load::run.
Reloaded reload(const archive::Reader& archive, const ReloadOptions& options,
                util::Reporter& reporter, std::stop_token stop);

}  // namespace load
