// The statements of this module that are not in the archive.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "archive/toc.h"
#include "pg/connection.h"

namespace load {

// On top of pg::pin_settings.
std::string_view session_settings();
// Where the server compresses full pages in its log, with its faster method; may do nothing.
std::string_view log_settings(int server_major);
// Before the definition of `entry`, where a setting of the session makes a difference; empty
// mostly.
std::string_view index_settings(const archive::TocEntry& entry);

std::vector<std::string> extension_versions(pg::Connection& connection,
                                            const std::string& extension);
std::string extension_comment(pg::Connection& connection,
                              const std::string& extension);  // "" if none

// Of the table that a data entry belongs to.
std::string analyze_statement(const archive::TocEntry& data);
// ANALYZE statements, in the same words, that cover every table of the database once, the largest
// first; but for those that have foreign tables below them.
std::vector<std::string> analyze_statements(pg::Connection& connection);

}  // namespace load
