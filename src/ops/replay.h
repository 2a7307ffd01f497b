// What migration files make of an empty database, compared with a live one: `drift --against`.
//
// The files run in a scratch database beside the live one (same encoding, locale and settings),
// which is dropped in every end. One that was killed leaves it: the next one, the next run, and a
// person by `doctor`, find it by its name.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "ops/schema_diff.h"
#include "pg/conninfo.h"
#include "util/reporter.h"

namespace ops {

struct ReplayOptions {
  pg::ConnInfo database;
  std::string maintenance_db;
  std::filesystem::path migrations;
};

// A is what the files make, B the live database. Not compared, and said so in the result:
// statements that reach beyond the database, which are not run; what belongs to the database itself
// and subscriptions; versions of extensions; the books of migration tools that no file makes. What
// a restore cannot keep (dropped columns, the order of inherited ones) is no difference.
//
// Failure: Kind::Usage if the folder has no file or one that `migrate` would not take; the error of
// a statement, naming file and line; Kind::Interrupted after a stop.
SchemaDiff compare_with_replay(const ReplayOptions& options, util::Reporter& reporter,
                               const std::stop_token& stop);

}  // namespace ops
