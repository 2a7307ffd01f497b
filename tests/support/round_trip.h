// What round trips need: stock client programs, and the content and the definitions of a database as texts that
// can be compared. Nothing here is shared with the program under test.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "support/server.h"
#include "util/subprocess.h"

namespace test {

// Runs a program of the server's version (psql, pg_dump, pg_restore …) in `folder`.
util::Captured run_stock(const std::filesystem::path& folder, std::string_view program, std::vector<std::string> args);
// The same; a failure fails the test, with its output.
std::string stock(const std::filesystem::path& folder, std::string_view program, std::vector<std::string> args);
// `gunzip -c file | psql -X -1 -v ON_ERROR_STOP=1`, all output kept.
util::Captured run_sql(const std::filesystem::path& folder, const std::filesystem::path& file, const std::string& url);
// Runs a script of tests/e2e/kinds in psql.
void load_kinds(const std::filesystem::path& folder, const TestDatabase& database, std::string_view script);
// The roles that the scripts name, once per server.
void make_kinds_roles(TestServer& server);

enum class Rows { All, WithoutMatviews };
// One line per table, sequence, large object and materialised view: rows as count and hash, not depending on the
// order of rows and columns.
std::string content(const TestDatabase& database, Rows rows = Rows::All);
// pg_dump --schema-only without what differs at every call.
std::string definitions(const std::filesystem::path& folder, const TestDatabase& database,
                        std::vector<std::string> flags = {});
// The lines that only one of two texts has: what a failed comparison shows.
std::string difference(const std::string& one, const std::string& other);

}  // namespace test
