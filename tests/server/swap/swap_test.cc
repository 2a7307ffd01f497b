// The swap on a server with everything that can be in its way (postgres-hazards.md S2, S6, M6).
#include "swap/swap.h"

#include <atomic>
#include <thread>

#include "server/swap/fixture.h"
#include "util/clock.h"
#include "util/fault.h"

namespace swap {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST_F(SwapTest, PutsTheCopyInThePlaceOfTheLiveDatabase) {
  make_copy();
  run(*admin_, plan());
  EXPECT_EQ(content(live_), "copy");
  EXPECT_FALSE(exists(copy()));
  EXPECT_TRUE(exists(kept()));
  EXPECT_FALSE(sealed(*admin_, live_));
  EXPECT_TRUE(sealed(*admin_, kept())) << "M6: the replaced database stays closed";
  EXPECT_EQ(pg::read_properties(*admin_, kept()).comment, "kept");
}

TEST_F(SwapTest, IsFastWhenNobodyIsConnected) {
  make_copy();
  const SwapPlan ready = plan();
  const util::Stopwatch watch;
  run(*admin_, ready);
  EXPECT_LT(watch.elapsed().count(),
            2.0);  // 0.2 s on a quiet machine; the fastest way to find the 5 s wait of a rename
}

TEST_F(SwapTest, EndsTheSessionsOfOthers) {
  make_copy();
  pg::Connection idle = connect_as("swap_user", live_);
  pg::Connection busy = connect_as("swap_user", live_);
  busy.execute("begin; select v from t");
  run(*admin_, plan());
  EXPECT_EQ(content(live_), "copy");
  EXPECT_FALSE(idle.alive());
  EXPECT_FALSE(busy.alive());
}

TEST_F(SwapTest, ClientsThatKeepComingDoNotStopIt) {
  make_copy();
  std::atomic<bool> done{false};
  std::atomic<int> live_seen{0};
  std::atomic<int> copy_seen{0};
  std::jthread client([&] {
    while (!done) {
      try {
        pg::Connection connection = connect_as("swap_user", live_);
        for (int n = 0; n < 20 && !done; ++n) {
          ++(connection.query("select v from t").str(0, 0) == "live" ? live_seen : copy_seen);
        }
      } catch (const util::Error&) {
        std::this_thread::yield();  // refused or ended: tries again, as applications do
      }
    }
  });
  while (live_seen == 0) std::this_thread::yield();
  run(*admin_, plan());
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (copy_seen == 0 && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  done = true;
  EXPECT_GT(copy_seen, 0);
}

TEST_F(SwapTest, S2PropertiesOfTheSnapshotNotThoseOfTheFailedDatabase) {
  admin_->execute(
      "alter database app connection limit 17; alter database app set work_mem = '5MB';"
      "alter role \"swap \"\"x\" in database app set work_mem = '6MB'; comment on database app is "
      "'ours';"
      "revoke connect on database app from public; grant connect on database app to swap_user");
  const pg::DatabaseProperties recorded = properties();
  make_copy();
  SwapPlan swapping = plan();
  swapping.properties = recorded;
  admin_->execute(
      "alter database app set search_path = 'broken'; alter database app connection limit 1;"
      "grant connect on database app to public; alter database app owner to postgres");
  run(*admin_, swapping);
  EXPECT_EQ(properties(), recorded);
}

TEST_F(SwapTest, S6PreparedTransactionIsRefusedBeforeAnythingIsClosed) {
  make_copy();
  pg::Connection held = connect(live_);
  held.execute("begin; insert into t values ('x'); prepare transaction 'it''s prepared'");
  pg::Connection idle = connect_as("swap_user", live_);
  try {
    run(*admin_, plan());
    FAIL() << "swapped over a prepared transaction";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::NotUndone);
    EXPECT_THAT(failure.message(), HasSubstr("prepared transaction 'it's prepared'"));
    EXPECT_THAT(failure.hint(), HasSubstr("ROLLBACK PREPARED"));
  }
  EXPECT_TRUE(idle.alive()) << "nobody is disturbed for a swap that cannot be";
  EXPECT_FALSE(sealed(*admin_, live_));
  EXPECT_THAT(swap_blockers(*admin_, live_), ElementsAre(HasSubstr("it's prepared")));
  held.execute("rollback prepared 'it''s prepared'");
  run(*admin_, plan());
  EXPECT_EQ(content(live_), "copy");
}

TEST_F(SwapTest, S6SessionThatMayNotBeEndedIsNamedAndTheDatabaseReopened) {
  make_copy();
  admin_->execute(util::cat("alter database ", pg::quote_ident(copy()), " owner to swap_owner"));
  pg::Connection super = connect(live_);
  pg::Connection owner = connect_as("swap_owner", "postgres");
  EXPECT_THAT(swap_blockers(owner, live_), ElementsAre(HasSubstr("may not end")));
  SwapPlan impatient = plan();
  impatient.patience = std::chrono::milliseconds(200);
  try {
    run(owner, impatient);
    FAIL() << "swapped under a superuser's session";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::NotUndone);
    EXPECT_THAT(failure.message(), HasSubstr(util::cat(super.backend_pid())));
    EXPECT_THAT(failure.message(), HasSubstr("postgres"));
  }
  EXPECT_FALSE(sealed(*admin_, live_));
  EXPECT_EQ(content(live_), "live");
  super = connect("postgres");
  run(owner, impatient);
  EXPECT_EQ(content(live_), "copy");
}

TEST_F(SwapTest, S6WalsenderIsABlockerBeforehandAndEndedInEarnest) {
  make_copy();
  pg::Connection sender = pg::Connection::open(
      test::test_server().conninfo(live_).with_option("replication", "database"), "pgbelay-test");
  EXPECT_THAT(swap_blockers(*admin_, live_), ElementsAre(HasSubstr("walsender")));
  run(*admin_, plan());
  EXPECT_EQ(content(live_), "copy");
}

TEST_F(SwapTest, F4SessionThatIsStillLoggingInIsWaitedForAndEnded) {
  make_copy();
  std::jthread late([&] {
    try {
      pg::Connection::open(
          test::test_server().conninfo(live_).with_option("options", "-c post_auth_delay=1"),
          "late");
    } catch (const util::Error&) {
      return;  // ended while it logged in
    }
  });
  const std::string starting =
      "select 1 from pg_locks l join pg_database d on d.oid = l.objid and d.datname = $1 "
      "where l.locktype = 'object' and l.mode = 'RowExclusiveLock'";
  while (admin_->query(starting, {live_}).row_count() == 0) std::this_thread::yield();
  const util::Stopwatch watch;
  run(*admin_, plan());
  EXPECT_LT(watch.elapsed().count(), 4.5) << "the rename itself would wait for 5 s and fail";
  EXPECT_EQ(content(live_), "copy");
}

TEST_F(SwapTest, M6NobodyEntersWhatIsKept) {
  make_copy();
  run(*admin_, plan());
  EXPECT_THROW(connect(kept()), util::Error) << "closed";
  admin_->execute(util::cat("alter database ", pg::quote_ident(kept()), " allow_connections true"));
  EXPECT_THROW(connect_as("swap_user", kept()), util::Error) << "no longer open to PUBLIC";
}

TEST_F(SwapTest, AgainAfterTheEndDoesNothing) {
  make_copy();
  const SwapPlan once = plan();
  run(*admin_, once);
  connect(live_).execute("update t set v = 'new work'");
  run(*admin_, once);
  EXPECT_EQ(content(live_), "new work");
}

TEST_F(SwapTest, UnexpectedStateIsTold) {
  SwapPlan missing = plan();
  EXPECT_THROW(run(*admin_, missing), util::Error) << "there is no copy";
  EXPECT_EQ(content(live_), "live");
}

TEST_F(SwapTest, FailureWithinTheTransactionLeavesTheOldStateOpen) {
  make_copy();
  SwapPlan wrong = plan();
  wrong.properties.owner = "a role that is gone";
  try {
    run(*admin_, wrong);
    FAIL();
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::NotUndone);
    EXPECT_THAT(failure.message(), HasSubstr("a role that is gone"));
  }
  EXPECT_EQ(content(live_), "live");
  EXPECT_TRUE(sealed(*admin_, copy()));
}

TEST_F(SwapTest, NamesWithQuotesAndOfFullLength) {
  admin_->execute("drop database app");
  live_ = "app \"odd\" 'name' % ";
  while (live_.size() + 3 <= 63) live_ += "☃";
  admin_->execute("create database " + pg::quote_ident(live_) + " template template0");
  connect(live_).execute("create table t (v text); insert into t values ('live')");
  const SealRecord record = make_copy();
  EXPECT_EQ(seal_broken(*admin_, record), "");
  run(*admin_, plan());
  EXPECT_EQ(content(live_), "copy");
  const std::vector<Side> sides = list_sides(*admin_, live_);
  ASSERT_EQ(sides.size(), 1U);
  EXPECT_EQ(sides[0].name, kept());
  drop_side(*admin_, kept());
  EXPECT_THAT(list_sides(*admin_, live_), IsEmpty());
}

#ifdef PGBELAY_FAULT_POINTS
class InterruptedSwap : public SwapTest, public testing::WithParamInterface<const char*> {};

TEST_P(InterruptedSwap, IsFinishedByARepetition) {
  const SealRecord record = make_copy();
  const SwapPlan again = plan();
  util::fault::arm(util::cat(GetParam(), "=throw"));
  EXPECT_THROW(run(*admin_, again), util::Error)
      << "the point was not reached: the test proves nothing";
  if (exists(copy())) {
    EXPECT_EQ(seal_broken(*admin_, record), "")
        << "an attempt must not spoil the evidence for the next";
    EXPECT_EQ(content(live_), "live") << "given up, hence open again";
    admin_->execute(
        "alter database app allow_connections false");  // as a killed process would have left it
  }
  run(*admin_, again);
  EXPECT_EQ(content(live_), "copy");
}
INSTANTIATE_TEST_SUITE_P(EveryPoint, InterruptedSwap,
                         testing::Values("undo.closed", "undo.before_rename", "undo.swapped"));
#endif

}  // namespace
}  // namespace swap
