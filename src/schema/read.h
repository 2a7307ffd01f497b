// Reading the model of a database.
//
// Guarantees: one query per class of objects, whatever their number; what one transaction reads is
// of one snapshot, but for the texts that the server writes of expressions, which are of now.
// Failure: Kind::Query. An object that somebody drops meanwhile, or whose definition the server can
// no longer write, is named. Needs a session with pinned settings (pg::pin_settings).
#pragma once

#include <chrono>

#include "pg/connection.h"
#include "schema/model.h"

namespace schema {

// Without members of extensions, system objects, temporary and toast relations, internal triggers,
// and what partitions inherit under names of the server's choice (foreign keys, triggers).
Model read(pg::Connection& connection);

// The same in a transaction of its own that waits at most `patience` for a lock: the definition of
// a view, for instance, is not told while somebody has a table of it in ACCESS EXCLUSIVE. Then
// Kind::Query names who locks what.
Model read_patiently(pg::Connection& connection, std::chrono::milliseconds patience);

}  // namespace schema
