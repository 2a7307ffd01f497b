// The settings that make text stable, for every session of ours that reads or writes data
// (architecture.md §2, postgres-hazards.md M1).
#pragma once

#include <string_view>

#include "pg/connection.h"

namespace pg {

// Sets all of them on `connection`, those that its server has. `client_encoding` is the encoding of
// the data in the archive: the database's own, so that nothing is converted.
void pin_settings(Connection& connection, std::string_view client_encoding);

// Views and foreign tables of users may not be read by this session from now on, where the server
// can refuse them (restrict_nonsystem_relation_kind, postgres-hazards.md S17). For sessions that
// read a live database; never for one that loads: a refresh of a materialised view reads views.
void refuse_user_views(Connection& connection);

// What this session commits from now on is on the disk when its COMMIT returns, also where the
// role, the database or the server has synchronous_commit = off. A setting that waits already stays
// as it is.
void commit_durably(Connection& connection);

// Everything that any session of the server has committed so far is on the disk when it returns.
// The session commits durably from then on.
void flush_commits(Connection& connection);

// The encoding of the connected database (pg_encoding_to_char), e.g. UTF8, LATIN1, SQL_ASCII.
std::string database_encoding(Connection& connection);

}  // namespace pg
