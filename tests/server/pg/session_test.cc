// The settings that make text stable (postgres-hazards.md M1), and S17.
#include "pg/session.h"

#include <gtest/gtest.h>

#include "support/server.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

using SessionTest = test::ServerTest;

TEST_F(SessionTest, M1PinsEverythingWhateverRoleAndDatabaseSay) {
  const test::TestDatabase database = test::make_database("pin");
  const std::vector<std::pair<std::string, std::string>> odd{
      {"DateStyle", "German"},
      {"IntervalStyle", "iso_8601"},
      {"TimeZone", "Asia/Tokyo"},
      {"extra_float_digits", "0"},
      {"bytea_output", "escape"},
      {"xmloption", "document"},
      {"array_nulls", "off"},
      {"standard_conforming_strings", "off"},
      {"quote_all_identifiers", "on"},
      {"enable_tidscan", "off"},
      {"default_transaction_read_only", "on"},
      {"default_transaction_isolation", "serializable"},
      {"statement_timeout", "1h"},
      {"lock_timeout", "1h"},
      {"idle_in_transaction_session_timeout", "1h"},
      {"session_replication_role", "replica"},
      {"client_encoding", "LATIN1"},
      {"search_path", "pg_temp"},
      {"row_security", "on"},
      {"max_parallel_workers_per_gather", "4"}};
  Connection admin = test::test_server().connect();
  for (const auto& [name, value] : odd) {
    admin.execute(
        util::cat("alter database ", database.name(), " set ", name, " to '", value, "'"));
  }
  Connection connection = database.connect();
  pin_settings(connection, "UTF8");
  const std::vector<std::pair<std::string, std::string>> pinned{
      {"DateStyle", "ISO, MDY"},
      {"IntervalStyle", "postgres"},
      {"TimeZone", "UTC"},
      {"extra_float_digits", "3"},
      {"bytea_output", "hex"},
      {"xmloption", "content"},
      {"array_nulls", "on"},
      {"standard_conforming_strings", "on"},
      {"quote_all_identifiers", "off"},
      {"enable_tidscan", "on"},
      {"default_transaction_read_only", "off"},
      {"default_transaction_isolation", "read committed"},
      {"statement_timeout", "0"},
      {"lock_timeout", "0"},
      {"idle_in_transaction_session_timeout", "0"},
      {"session_replication_role", "origin"},
      {"client_encoding", "UTF8"},
      {"search_path", ""},
      {"row_security", "off"},
      {"max_parallel_workers_per_gather", "0"},
      {"synchronize_seqscans", "off"},
      {"lc_monetary", "C"},
      {"default_tablespace", ""},
      {"default_table_access_method", "heap"}};
  for (const auto& [name, value] : pinned) {
    EXPECT_EQ(connection.query("select current_setting($1)", {name}).str(0, 0), value) << name;
  }
  if (connection.server_major() >= 15) {
    EXPECT_EQ(connection.query("show stats_fetch_consistency").str(0, 0), "none");
  }
}

TEST_F(SessionTest, M1AnOrdinaryRoleMayPinWhatIsRightAlready) {
  const test::TestDatabase database = test::make_database("pin");
  test::test_server().connect().execute("create role ordinary login");
  Connection connection =
      Connection::open(database.conninfo().with_option("user", "ordinary"), "t");
  pin_settings(connection, "UTF8");
  EXPECT_EQ(connection.query("show row_security").str(0, 0), "off");
  test::test_server().connect().execute("drop role ordinary");
}

TEST_F(SessionTest, S17UserViewsCanBeRefused) {
  const test::TestDatabase database = test::make_database("views");
  Connection connection = database.connect();
  connection.execute("create view v as select 1");
  refuse_user_views(connection);
  const bool has_it =
      connection
          .query("select count(*) from pg_settings where name = 'restrict_nonsystem_relation_kind'")
          .i64(0, 0) == 1;
  if (has_it) {
    EXPECT_THROW(connection.query("select * from v"), util::Error);
  } else {
    connection.query("select * from v");
  }
}

TEST_F(SessionTest, KnowsTheEncodingOfTheDatabase) {
  const test::TestDatabase latin =
      test::make_database("latin", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'");
  const test::TestDatabase raw =
      test::make_database("raw", "encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C'");
  Connection connection = latin.connect();
  EXPECT_EQ(database_encoding(connection), "LATIN1");
  Connection other = raw.connect();
  EXPECT_EQ(database_encoding(other), "SQL_ASCII");
  pin_settings(other, "SQL_ASCII");
}

}  // namespace
}  // namespace pg
