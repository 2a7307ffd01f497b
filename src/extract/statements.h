// INSERT statements for the rows of a table, by what the archive's contents say of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/toc.h"
#include "extract/tables.h"

namespace extract {

// "INSERT INTO … VALUES (" for rows of these columns.
std::string insert_begin(const archive::Toc& toc, const Table& table,
                         const std::vector<std::string>& columns);
// ") ON CONFLICT (key) DO UPDATE SET …;\n". Kind::Usage if the table has no primary key that can
// decide, or `columns` are without a part of it.
std::string upsert_end(const archive::Toc& toc, const Table& table,
                       const std::vector<std::string>& columns);

// In the key's order; empty if the archive has none for the table that rows go into.
std::vector<std::string> primary_key_columns(const archive::Toc& toc, const Table& table);

// Around the statements of any number of tables: one transaction, so that a script that was cut off
// changes nothing, in which text means what it meant in the source.
std::string script_head(std::string_view encoding);
std::string_view script_tail();

}  // namespace extract
