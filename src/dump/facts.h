// What the manifest says of the database beside its rows, read in the snapshot.
#pragma once

#include <string>
#include <vector>

#include "archive/manifest.h"
#include "dump/snapshot.h"

namespace dump {

// Server, properties, extensions, objects, applied migrations. Holds the snapshot's session only
// for one question at a time, so that a table that only it may read need not wait for all of them.
void read_facts(Snapshot& snapshot, archive::Manifest& manifest);

// What the history tables of known tools list, in the order in which it was applied. Best effort: a
// table that looks different or may not be read is left out. Needs a transaction, which stays
// usable.
std::vector<std::string> applied_migrations(pg::Connection& connection);

}  // namespace dump
