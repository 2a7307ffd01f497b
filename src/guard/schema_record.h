// The schema at the end of a run, in the run's folder: schema.json, which `drift` compares with,
// and after a migration that stays, what it changed: schema_changes.txt and schema_changes.json.
//
// Best effort: a run's outcome is known by then, and a failure here is a warning.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "backup/backup.h"
#include "guard/take_back.h"
#include "migrate/files.h"
#include "schema/change.h"

namespace guard {

// What changed since the backup, as lines for people. `files`: what the migration consisted of;
// empty for a command, of which nobody knows what it meant to change. A change of something that no
// file names is marked.
std::vector<std::string> record_changes(const RunContext& context, const backup::Backup& backup,
                                        const std::vector<migrate::File>& files);

// Of the history of our own runner's files: no work of the migration.
bool is_history(const schema::Change& change);

// schema.json alone.
void record_schema(const RunContext& context);

}  // namespace guard
