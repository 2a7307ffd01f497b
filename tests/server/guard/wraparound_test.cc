// An autovacuum to prevent wraparound: it gives way to no lock, and is on every old server.
#include <chrono>
#include <thread>

#include "guard/wait_watch.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr std::string_view kTold = "a vacuum against wraparound, which does not give way to locks";

class WraparoundTest : public GuardTest {
 protected:
  // A table that is older than it may be, and whose vacuum takes minutes.
  void SetUp() override {
    test::ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    test::test_server();  // first: of several servers the last one has to end first
    server.emplace(test::ServerOptions{
        .password = {},
        .settings = {"autovacuum_freeze_max_age = 100000", "autovacuum_naptime = 1s"}});
    database.emplace(*server, "wraparound");
    fill();
    sql("create table old (n int, filler text) with (autovacuum_enabled = false,"
        " autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1);"
        "insert into old select n, repeat('x', 400) from generate_series(1, 20000) n");
    sql("do $$ begin for n in 1..101000 loop perform pg_current_xact_id(); commit; end loop; end "
        "$$");
  }
  void TearDown() override {
    database.reset();
    server.reset();
  }
  // Once the server has found the table.
  std::vector<std::string> blockers() {
    pg::Connection maintenance = server->connect();
    const auto found = [&] {
      return maintenance
                 .query(
                     "select 1 from pg_stat_activity where datname = $1 and query like"
                     " '%public.old (to prevent wraparound)'",
                     {name()})
                 .row_count() > 0;
    };
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!found() && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(50ms);
    return lock_blockers(maintenance, name(), [](int, const std::string&) { return false; });
  }

  std::optional<test::TestServer> server;
};

TEST_F(WraparoundTest, IsToldBeforeTheMigrationAndEndsForTheUndo) {
  ASSERT_THAT(blockers(), Contains(HasSubstr(kTold)));
  const Result result = go(psql(kBreaks));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(),
              HasSubstr(util::cat("warning locks of the migration may have to wait for ", kTold)));
  EXPECT_EQ(value("select count(*) from old"), "20000");
}

TEST_F(WraparoundTest, AMigrationThatHasToWaitForItRunsIntoTheLockTimeout) {
  ASSERT_THAT(blockers(), Contains(HasSubstr(kTold)));
  Options options = psql("alter table old add column more int;");
  options.lock_timeout = 2s;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("lock timeout"));
}

}  // namespace
}  // namespace guard
