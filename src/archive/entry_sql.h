// The SQL around the entries of an archive: owners, IF EXISTS, names. What pg_restore derives from
// the contents, derived here for our loader and for the SQL file alike. All text is SQL without
// parameters: identifiers are quoted, everything else comes from the server's own deparse.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/toc.h"

namespace archive {

// "name" quoted as SQL wants it (always quoted); inner quotes doubled.
std::string quoted(std::string_view name);

// ALTER … OWNER TO "owner"; for the kinds that have owners, nothing for the others. One statement
// per object of a group of large objects.
std::optional<std::string> owner_statement(const TocEntry& entry);

// The drop statement with IF EXISTS wherever the kind knows it, and guarded by DO blocks where it
// does not, so that it succeeds in an empty database and drops nothing that it does not name.
// Nothing if the entry has none, and for SUBSCRIPTION, whose drop would end a live replication slot
// (F8), and DATABASE.
std::optional<std::string> drop_if_exists_statement(const TocEntry& entry);

// SET default_tablespace / default_table_access_method that must hold before the definition; empty
// if none.
std::string storage_settings(const TocEntry& entry);
// What sets the access method of a partitioned table after its definition (archives of
// version 1.16).
std::optional<std::string> access_method_statement(const TocEntry& entry);

// The comment line for people above an entry in an SQL file; control characters replaced (M9).
std::string comment_block(const TocEntry& entry);

// The decimal OIDs that a BLOB or BLOB METADATA entry stands for; empty for every other kind.
std::vector<std::string> large_object_oids(const TocEntry& entry);
bool is_large_object_related(
    const TocEntry& entry);              // BLOB, BLOB METADATA, BLOBS, their ACL, COMMENT, LABEL
bool is_special(const TocEntry& entry);  // ENCODING, STDSTRINGS, SEARCHPATH

}  // namespace archive
