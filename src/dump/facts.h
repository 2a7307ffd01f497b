// What the manifest says of the database beside its rows, read in the snapshot.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/manifest.h"
#include "dump/snapshot.h"
#include "util/reporter.h"

namespace dump {

// Server, properties, extensions, objects, applied migrations; the schema model goes into a file of
// its own in `directory`. Holds the snapshot's session only
// for one question at a time, so that a table that only it may read need not wait for all of them.
// A schema that cannot be read is a warning: then there is no such file, and objects are compared
// by name. The record of the file, if there is one.
std::optional<archive::FileRecord> read_facts(Snapshot& snapshot,
                                              const std::filesystem::path& directory,
                                              archive::Manifest& manifest,
                                              util::Reporter& reporter);

// What the history tables of known tools list, in the order in which it was applied. Best effort: a
// table that looks different or may not be read is left out. Needs a transaction, which stays
// usable.
std::vector<std::string> applied_migrations(pg::Connection& connection);

// Whether a table, or a schema with all that is in it, of this name is where a migration tool keeps
// its books.
bool is_history_table(std::string_view name);
bool is_history_schema(std::string_view name);

}  // namespace dump
