// The schema at the end of a run, in the run's folder: schema.json, which `drift` compares with,
// and after a migration that stays, what it changed: schema_changes.txt and schema_changes.json.
//
// Best effort: a run's outcome is known by then, and a failure here is a warning.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "guard/take_back.h"
#include "migrate/mentions.h"
#include "schema/change.h"

namespace guard {

struct SchemaRecord {
  const backup::Backup& backup;
  // What the migration said; nothing if nobody heard it. Any other change is marked.
  const std::optional<migrate::Mentions>& said;
  bool restored = false;  // the database is a restored copy by now (--blue-green)
};
struct RecordedChanges {
  std::vector<std::string> lines;  // for people; those that the migration did not say come first
  std::size_t not_said = 0;        // how many they are
};

// What changed since the backup.
RecordedChanges record_changes(const RunContext& context, const SchemaRecord& record);

// Of the history of our own runner's files: no work of the migration.
bool is_history(const schema::Change& change);

// schema.json alone.
void record_schema(const RunContext& context);

}  // namespace guard
