#include "pg/server_facts.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "pg/ident.h"
#include "support/server.h"
#include "util/clock.h"
#include "util/text.h"

namespace pg {
namespace {

class ServerFactsTest : public test::ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    test::test_server().connect().execute(
        "create role plain login createdb; create role boss superuser login");
  }
  void TearDown() override {
    if (test::have_server())
      test::test_server().connect().execute("drop role if exists plain, boss");
  }
  static Connection connect_as(const test::TestDatabase& database, std::string_view role) {
    return Connection::open(database.conninfo().with_option("user", role), util::cat("app-", role));
  }
};

const SessionRow* find(const std::vector<SessionRow>& rows, const Connection& connection) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const SessionRow& row) {
    return row.pid == connection.backend_pid();
  });
  return found == rows.end() ? nullptr : &*found;
}

TEST_F(ServerFactsTest, S3TellsWhatARoleMayDo) {
  const test::TestDatabase database = test::make_database("facts");
  Connection admin = database.connect();
  EXPECT_TRUE(role_facts(admin).superuser);
  EXPECT_TRUE(role_facts(admin).signal_backend);
  EXPECT_TRUE(role_facts(admin).database_owner);
  Connection plain = connect_as(database, "plain");
  RoleFacts facts = role_facts(plain);
  EXPECT_EQ(facts.name, "plain");
  EXPECT_TRUE(facts.createdb);
  EXPECT_FALSE(facts.superuser || facts.createrole || facts.signal_backend ||
               facts.read_all_stats || facts.database_owner);
  admin.execute(util::cat("grant pg_signal_backend, pg_read_all_stats to plain; alter database ",
                          database.name(), " owner to plain"));
  facts = role_facts(plain);
  EXPECT_TRUE(facts.signal_backend && facts.read_all_stats && facts.database_owner);
  admin.execute(util::cat("alter database ", database.name(), " owner to postgres"));
}

TEST_F(ServerFactsTest, TellsWhatAServerIs) {
  Connection admin = test::test_server().connect();
  const ServerFacts facts = server_facts(admin);
  EXPECT_EQ(facts.version, admin.server_version());
  EXPECT_TRUE(facts.version_text.starts_with(util::cat(admin.server_major(), '.')));
  EXPECT_EQ(facts.data_directory, test::test_server().server().data_directory());
  EXPECT_GT(util::parse_u64(facts.system_identifier).value_or(0), 0U);
  EXPECT_TRUE(util::parse_rfc3339(facts.started_at).has_value()) << facts.started_at;
  EXPECT_FALSE(facts.in_recovery);
  const test::TestDatabase database = test::make_database("facts");
  Connection plain = connect_as(database, "plain");
  EXPECT_EQ(server_facts(plain).data_directory, "");
}

TEST_F(ServerFactsTest, S6TellsWhichSessionsARoleMayEnd) {
  const test::TestDatabase database = test::make_database("facts");
  Connection plain = connect_as(database, "plain");
  Connection other = connect_as(database, "plain");
  Connection boss = connect_as(database, "boss");
  Connection elsewhere = test::test_server().connect();
  const std::vector<SessionRow> rows = sessions(plain, database.name());
  EXPECT_EQ(rows.size(), 3U);
  ASSERT_TRUE(find(rows, plain) && find(rows, other) && find(rows, boss));
  EXPECT_TRUE(find(rows, other)->may_terminate);
  EXPECT_EQ(find(rows, other)->state, "idle");
  EXPECT_EQ(find(rows, other)->backend_type, "client backend");
  EXPECT_TRUE(find(rows, other)->client.starts_with("127.0.0.1:"));
  EXPECT_FALSE(find(rows, other)->backend_start.empty());
  EXPECT_FALSE(find(rows, boss)->may_terminate);
  EXPECT_EQ(find(rows, boss)->state, "");  // not visible to plain
  EXPECT_EQ(find(rows, boss)->application, "app-boss");
  EXPECT_TRUE(find(sessions(boss, database.name()), plain)->may_terminate);
  elsewhere.execute("grant pg_signal_backend to plain");
  EXPECT_FALSE(find(sessions(plain, database.name()), boss)->may_terminate);
}

TEST_F(ServerFactsTest, SessionsAreFreshWithinATransactionToo) {
  const test::TestDatabase database = test::make_database("facts");
  Connection watching = test::test_server().connect();
  const Transaction transaction(watching);
  EXPECT_EQ(sessions(watching, database.name()).size(), 0U);
  const Connection newcomer = database.connect();
  EXPECT_EQ(sessions(watching, database.name()).size(), 1U);
}

TEST_F(ServerFactsTest, IdentityDoesNotDependOnTheTimeZone) {
  const test::TestDatabase database = test::make_database("facts");
  Connection one = database.connect();
  const std::string start = find(sessions(one, database.name()), one)->backend_start;
  one.execute("set timezone = 'Asia/Tokyo'; set datestyle = 'German'");
  EXPECT_EQ(find(sessions(one, database.name()), one)->backend_start, start);
}

TEST_F(ServerFactsTest, KnowsDatabasesByTheirExactName) {
  Connection admin = test::test_server().connect();
  const std::string odd = "Odd \"name\"\n%";
  admin.execute(util::cat("create database ", quote_ident(odd)));
  EXPECT_TRUE(database_exists(admin, odd));
  EXPECT_FALSE(database_exists(admin, "odd"));
  EXPECT_GT(database_size(admin, odd), 1'000'000U);
  admin.execute(util::cat("drop database ", quote_ident(odd)));
  EXPECT_FALSE(database_exists(admin, odd));
}

TEST_F(ServerFactsTest, ADirectConnectionIsNoPooler) {
  Connection admin = test::test_server().connect();
  EXPECT_FALSE(behind_transaction_pooler(admin));
}

}  // namespace
}  // namespace pg
