// Replication slots and subscriptions of a migration that is undone: they stay, and are told (M4).
#include "guard_fixture.h"
#include "pg/ident.h"

namespace guard {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SlotTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    logical_.emplace(test::ServerOptions{.password = {}, .settings = {"wal_level = logical"}});
    database.emplace(*logical_, "slots");
    fill();
  }
  // There is nobody else, and wait_alone() looks at the other server.
  Options decided(const std::string& script) {
    Options options = psql(script);
    options.hold = Hold::None;
    options.on_foreign_writes = OnForeignWrites::Undo;
    return options;
  }
  pg::Connection connect(const std::string& name = "postgres") { return logical_->connect(name); }
  std::string of_server(const std::string& query) { return connect().query(query).str(0, 0); }

 private:
  std::optional<test::TestServer> logical_;
};

TEST_F(SlotTest, M4ASlotThatTheMigrationMadeIsToldByTheUndo) {
  const Result result =
      go(decided(util::cat("select pg_create_logical_replication_slot('made', 'pgoutput');\n"
                           "select pg_create_physical_replication_slot('standby', true);\n",
                           kBreaks)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(of_server("select database from pg_replication_slots where slot_name = 'made'"),
            result.kept);
  EXPECT_THAT(reporter.all(),
              AllOf(HasSubstr("replication slot made was added"),
                    HasSubstr("pg_drop_replication_slot('made'); -- until then the server keeps "
                              "WAL from "),
                    HasSubstr("its consumer is at "),
                    HasSubstr(util::cat("it hangs on database ", result.kept)),
                    HasSubstr("replication slot standby was added")));
  of_server("select count(pg_drop_replication_slot(slot_name)) from pg_replication_slots");
}

// Its consumer moves on meanwhile; a base backup comes and goes.
TEST_F(SlotTest, M4ASlotThatWasThereIsNoChange) {
  of_server("select pg_create_physical_replication_slot('standby', true)");
  const Result result = go(decided(kBreaks));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), Not(HasSubstr("replication slot")));
  of_server("select count(pg_drop_replication_slot('standby'))");
}

TEST_F(SlotTest, F8ASubscriptionThatTheMigrationMadeIsTold) {
  const Result result = go(decided(
      util::cat("create subscription s1 connection 'dbname=x' publication p with (connect = "
                "false, enabled = false, slot_name = none);\n",
                kBreaks)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(),
              AllOf(HasSubstr("subscription s1 was added"), Not(HasSubstr("dbname=x"))));
  connect().execute(
      util::cat("alter database ", pg::quote_ident(result.kept), " allow_connections true"));
  connect(result.kept).execute("drop subscription s1");
}

}  // namespace
}  // namespace guard
