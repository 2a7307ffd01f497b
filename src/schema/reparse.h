// Texts that the server writes of expressions change once on their way through an archive: what
// parses to the same is then another text (postgres-hazards.md F6).
#pragma once

#include <vector>

#include "pg/connection.h"
#include "schema/change.h"

namespace schema {

enum class Database { Copy, Live };  // in a live one nothing is locked that others need

// Drops from `changes` the texts that mean the same: both are parsed and written once more by the
// server of `connection`, a database that has the objects that were compared, as objects of a
// scratch name in a transaction that is rolled back. Equal then is equal: both went through the
// same parser in the same database, and what the server writes of two trees is the same only for
// what it reads as the same. A text that it refuses stays a change. Needs a session with pinned
// settings; within an open transaction nothing of it remains either, unless it throws.
void settle_texts(std::vector<Change>& changes, pg::Connection& connection, Database database);

}  // namespace schema
