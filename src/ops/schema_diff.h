// The schemas of two sides, each a backup, a live database, or the record of a run.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "backup/backup.h"
#include "pg/conninfo.h"
#include "schema/change.h"
#include "schema/model.h"

namespace ops {

struct SchemaSide {
  std::string display;  // for people
  schema::Model model;
  std::optional<pg::ConnInfo> database;  // of a live one
};

// Kind::Usage if the backup was made before there was a schema.json.
SchemaSide schema_of(const backup::Backup& backup);
SchemaSide schema_of(const pg::ConnInfo& database, const std::string& application_name);
// At the end of the last run that recorded it. Kind::Usage if no run on that database has,
// Kind::Damage if the file is not what the run's journal says that it wrote.
SchemaSide schema_of_last_run(const std::filesystem::path& dir, const pg::ConnInfo& database);

// Moves: the changes are about elements of the two models.
struct SchemaDiff {
  SchemaSide a, b;
  std::vector<schema::Change> changes;
  std::vector<std::string> not_compared;  // a line each, with the reason

  SchemaDiff(SchemaSide before, SchemaSide after) : a(std::move(before)), b(std::move(after)) {}
  SchemaDiff(SchemaDiff&&) = default;
  SchemaDiff& operator=(SchemaDiff&&) = default;
};

// What expressions look like is compared after one reparse in the live database among the two (F6),
// in a transaction that is rolled back. Kind::Usage for servers of different major versions: the
// same objects are described otherwise.
SchemaDiff compare_schemas(SchemaSide a, SchemaSide b, const std::string& application_name);

// The one reparse of compare_schemas() alone. Nothing if neither side is a live database.
void settle_in_live(SchemaDiff& diff, const std::string& application_name);

}  // namespace ops
