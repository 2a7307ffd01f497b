// What round trips need: stock client programs, and the content and the definitions of a database
// as texts that can be compared. Nothing here is shared with the program under test.
#pragma once

#include <gtest/gtest.h>

#include <compare>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/connection.h"
#include "support/run_binary.h"
#include "support/server.h"
#include "util/files.h"
#include "util/subprocess.h"

namespace test {

// Runs a program of the server's version (psql, pg_dump, pg_restore …) in `folder`.
util::Captured run_stock(const std::filesystem::path& folder, std::string_view program,
                         std::vector<std::string> args);
// The same; a failure fails the test, with its output.
std::string stock(const std::filesystem::path& folder, std::string_view program,
                  std::vector<std::string> args);
// Of the stock pg_dump, which may be newer than the server. {15, 18}
struct ClientVersion {
  int major = 0, minor = 0;
  auto operator<=>(const ClientVersion&) const = default;
};
ClientVersion client_version(const std::filesystem::path& folder);
// `gunzip -c file | psql -X -1 -v ON_ERROR_STOP=1`, all output kept.
util::Captured run_sql(const std::filesystem::path& folder, const std::filesystem::path& file,
                       const std::string& url);
// Runs a script in psql, with variables since14 to since18 for its \if.
void load_script(const std::filesystem::path& folder, const TestDatabase& database,
                 const std::filesystem::path& script);
// One of tests/e2e/kinds.
void load_kinds(const std::filesystem::path& folder, const TestDatabase& database,
                std::string_view script);
// The scripts of tests/schema/corpus: one for each class of objects, and whole applications.
std::vector<std::filesystem::path> schema_corpus();
// The roles that the scripts name, once per server.
void make_kinds_roles(TestServer& server);

enum class Rows { All, WithoutMatviews };
// One line per table, sequence, large object and materialised view: rows as count and hash, not
// depending on the order of rows and columns.
std::string content(const TestDatabase& database, Rows rows = Rows::All);
// pg_dump --schema-only without what differs at every call.
std::string definitions(const std::filesystem::path& folder, const TestDatabase& database,
                        std::vector<std::string> flags = {});
// The lines that only one of two texts has: what a failed comparison shows.
std::string difference(const std::string& one, const std::string& other);

// A database that the scripts fill, its backup, and the ways back.
class RoundTrip : public ServerTest {
 protected:
  explicit RoundTrip(TestServer& (*which)() = test_server) : server_(which) {}

  void make(std::string_view name, std::string_view create_options,
            const std::vector<std::string>& scripts);
  // pgbelay with DATABASE_URL of the database.
  BinaryResult run(std::vector<std::string> args);
  // A proven backup. Owners and privileges are in the SQL file too, so that all copies can be the
  // same.
  void back_up();
  void back_up(std::vector<std::string> options);

  TestDatabase empty(std::string_view name);
  TestDatabase stock_copy();          // pg_dump -Fc and pg_restore, without us
  TestDatabase copy_by_pg_restore();  // -j 4
  TestDatabase copy_by_psql();        // the SQL file
  TestDatabase copy_by_pgbelay();
  // All rows but those of stale materialised views are the source's; and everything is the same in
  // all copies.
  void expect_all_copies_equal();

  // pg_dump from 15 on does not write that nobody may create objects in `public` of a server before
  // 15. pgbelay restores it all the same; stock copies, and archives of such a pg_dump in the hands
  // of others, have to be given it before they are compared.
  bool stock_loses_public();
  static void close_public(const TestDatabase& copy);

  const std::filesystem::path& folder() const { return folder_.path(); }
  const std::filesystem::path& backup() const { return backup_; }
  std::string dump() const { return (backup_ / "full_backup.dump").string(); }
  std::string sql() const;  // the SQL file, however it is packed
  TestServer& server() const { return server_(); }
  TestDatabase& database() { return *database_; }
  const std::string& told() const { return told_; }  // to people, by the backup

 private:
  bool read_by_pg_dump() const;

  TestServer& (*server_)();
  util::TempDir folder_{"pgbelay-round-trip-"};
  std::string options_;  // of CREATE DATABASE
  std::optional<TestDatabase> database_;
  std::filesystem::path backup_;
  std::string told_;
};

}  // namespace test
