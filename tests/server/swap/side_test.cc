// Side databases, their seal, the mutex and the rehearsal (postgres-hazards.md S1, S3, S15, M4,
// M6).
#include <libpq-fe.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "server/swap/fixture.h"
#include "swap/sessions.h"
#include "util/clock.h"

namespace swap {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class SideTest : public SwapTest {
 protected:
  // The lock cannot be had, and whose it is stands in the refusal.
  void expect_busy_with(pg::Connection& owner) {
    try {
      const DatabaseLock second(*admin_, live_);
      FAIL() << "two runs hold the lock";
    } catch (const util::Error& failure) {
      EXPECT_EQ(failure.kind(), util::Kind::Busy);
      EXPECT_THAT(failure.message(), HasSubstr("pgbelay-20261120143050"));
      EXPECT_THAT(failure.message(), HasSubstr(util::cat(owner.backend_pid())));
    }
  }
};

TEST_F(SideTest, M6NotOpenToPublicAndTraceableFromTheStart) {
  create_side(*admin_, copy(), properties(), "pgbelay run x, host:/dir");
  EXPECT_THROW(connect_as("swap_user", copy()), util::Error);
  EXPECT_EQ(pg::read_properties(*admin_, copy()).comment, "pgbelay run x, host:/dir");
  const std::vector<Side> sides = list_sides(*admin_, live_);
  ASSERT_EQ(sides.size(), 1U);
  EXPECT_EQ(sides[0].name, copy());
  EXPECT_EQ(sides[0].key, kKey);
  EXPECT_EQ(sides[0].purpose, Purpose::Proof);
  EXPECT_GT(sides[0].bytes, 1'000'000U);
  EXPECT_TRUE(sides[0].allows_connections);
}

TEST_F(SideTest, S1SealedMeansThatNobodyIsInOrGetsIn) {
  create_side(*admin_, copy(), properties(), "x");
  pg::Connection inside = connect(copy());
  seal(*admin_, copy());
  EXPECT_FALSE(inside.alive());
  EXPECT_TRUE(sealed(*admin_, copy()));
  EXPECT_THROW(connect(copy()), util::Error) << "superusers included";
}

TEST_F(SideTest, S1SealHoldsThroughAutovacuumAndVacuumOfTheCatalogue) {
  const SealRecord record = make_copy();
  admin_->execute("vacuum freeze pg_database");
  admin_->execute("vacuum full pg_database");
  seal(*admin_, copy());
  EXPECT_EQ(seal_broken(*admin_, record), "");
}

TEST_F(SideTest, S1SealIsBrokenByWhoeverOpensIt) {
  const SealRecord record = make_copy();
  const std::string quoted = pg::quote_ident(copy());
  admin_->execute(util::cat("alter database ", quoted, " allow_connections true"));
  EXPECT_THAT(seal_broken(*admin_, record), HasSubstr("opened"));
  connect(copy()).execute("select 1");
  seal(*admin_, copy());
  EXPECT_THAT(seal_broken(*admin_, record), HasSubstr("altered"));
}

TEST_F(SideTest, S1SealHoldsWhenOnlyItsOwnerChanges) {
  if (admin_->server_major() < 15)
    GTEST_SKIP() << "before 15 it cannot be known what else was altered: the seal is broken";
  const SealRecord record = make_copy();
  admin_->execute(util::cat("alter database ", pg::quote_ident(copy()), " owner to swap_owner"));
  EXPECT_EQ(seal_broken(*admin_, record), "");
}

TEST_F(SideTest, S1SealIsBrokenByAnotherDatabaseOfTheName) {
  const SealRecord record = make_copy();
  drop_side(*admin_, copy());
  EXPECT_THAT(seal_broken(*admin_, record), HasSubstr("gone"));
  make_copy();
  EXPECT_THAT(seal_broken(*admin_, record), HasSubstr("another"));
}

TEST_F(SideTest, DropRefusesWhatIsNoSideDatabase) {
  EXPECT_THROW(drop_side(*admin_, live_), util::Error);
  EXPECT_TRUE(exists(live_));
}

TEST_F(SideTest, DropIsRepeatableAndEndsSessions) {
  create_side(*admin_, copy(), properties(), "x");
  admin_->execute(util::cat("alter database ", pg::quote_ident(copy()), " is_template true"));
  pg::Connection inside = connect(copy());
  drop_side(*admin_, copy());
  EXPECT_FALSE(exists(copy()));
  drop_side(*admin_, copy());
}

TEST_F(SideTest, F8SubscriptionsKeepADatabaseFromBeingDropped) {
  create_side(*admin_, copy(), properties(), "x");
  connect(copy()).execute(
      "create subscription s1 connection 'dbname=x' publication p with (connect = false)");
  try {
    drop_side(*admin_, copy());
    FAIL() << "a subscription went with its database";
  } catch (const util::Error& failure) {
    EXPECT_THAT(failure.message(), HasSubstr("s1"));
  }
  EXPECT_TRUE(exists(copy()));
  connect(copy()).execute("alter subscription s1 set (slot_name = none)");
  connect(copy()).execute("drop subscription s1");
  drop_side(*admin_, copy());
}

TEST_F(SideTest, LockNamesItsOwner) {
  pg::Connection other =
      open_maintenance(test::test_server().conninfo("app"), "", "pgbelay-20261120143050", {});
  auto first = std::make_optional<DatabaseLock>(other, live_);
  first->probe();
  expect_busy_with(other);
  EXPECT_NO_THROW(DatabaseLock(*admin_, "another database"));
  first.reset();
  EXPECT_NO_THROW(DatabaseLock(*admin_, live_));
}

TEST_F(SideTest, LockOfARunWithAnotherMaintenanceDatabaseCountsAsWell) {
  pg::Connection other = open_maintenance(test::test_server().conninfo("app"), "template1",
                                          "pgbelay-20261120143050", {});
  auto first = std::make_optional<DatabaseLock>(other, live_);
  expect_busy_with(other);
  first.reset();
  EXPECT_NO_THROW(DatabaseLock(*admin_, live_));
}

// Owner and age, to a role that sees of others' sessions only what they are called.
TEST_F(SideTest, LockNamesItsOwnerAndAgeToAnOrdinaryRole) {
  const auto begun = util::Clock::now() - std::chrono::minutes(65);
  const std::string application = util::cat("pgbelay-", util::key_time(begun));
  pg::Connection other = open_maintenance(test::test_server().conninfo("app"), "", application, {});
  const DatabaseLock first(other, live_);
  pg::Connection ordinary = open_maintenance(
      test::test_server().conninfo("app").with_option("user", "swap_user"), "", "pgbelay-x", {});
  const std::string told = lock_holder(ordinary, live_).value_or("nobody");
  EXPECT_THAT(told, HasSubstr(application));
  EXPECT_THAT(told,
              HasSubstr(util::cat("since ", util::rfc3339(begun).substr(0, 19), "Z, 1 h 05")));
  EXPECT_EQ(lock_holder(ordinary, "another database"), std::nullopt);
}

// A machine that is gone without a word must not keep the lock for two hours. Over TCP the server
// shows what its socket has.
TEST_F(SideTest, S15AVanishedMachineIsMissedSoon) {
  pg::Connection session = open_maintenance(
      test::test_server().conninfo("app").with_option("host", "127.0.0.1"), "", "pgbelay-test", {});
  for (const auto& [setting, value] : {std::pair{"tcp_keepalives_idle", "20"},
                                       {"tcp_keepalives_interval", "10"},
                                       {"tcp_keepalives_count", "4"},
                                       {"tcp_user_timeout", "60000"}})
    EXPECT_EQ(session.query("select setting from pg_settings where name = $1", {setting}).str(0, 0),
              value)
        << setting;
  for (const auto& [option, value] : {std::pair{TCP_KEEPIDLE, 20},
                                      {TCP_KEEPINTVL, 10},
                                      {TCP_KEEPCNT, 4},
                                      {TCP_USER_TIMEOUT, 60000}}) {
    int found = 0;
    socklen_t size = sizeof found;
    ASSERT_EQ(::getsockopt(PQsocket(session.raw()), IPPROTO_TCP, option, &found, &size), 0);
    EXPECT_EQ(found, value) << "of our own socket: " << option;
  }
}

TEST_F(SideTest, S15LostLockIsNoticed) {
  pg::Connection other =
      open_maintenance(test::test_server().conninfo("app"), "", "pgbelay-test", {});
  DatabaseLock lock(other, live_);
  admin_->query("select pg_terminate_backend($1)", {util::cat(other.backend_pid())});
  try {
    for (int n = 0; n < 1000; ++n) lock.probe();  // the end of the session takes a moment
    FAIL() << "a lost lock was not noticed";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Busy);
    EXPECT_THAT(failure.message(), HasSubstr("lost"));
  }
}

TEST_F(SideTest, S15MaintenanceDatabase) {
  EXPECT_EQ(open_maintenance(test::test_server().conninfo("app"), "", "x", {}).database(),
            "postgres");
  EXPECT_EQ(open_maintenance(test::test_server().conninfo("postgres"), "", "x", {}).database(),
            "template1");
  const auto kind_of = [](const pg::ConnInfo& target, const std::string& wanted) {
    try {
      open_maintenance(target, wanted, "x", {});
    } catch (const util::Error& failure) {
      return failure.kind();
    }
    return util::Kind::Bug;
  };
  EXPECT_EQ(kind_of(test::test_server().conninfo("app"), "app"), util::Kind::Preflight);
  EXPECT_EQ(kind_of(test::test_server().conninfo("app"), "not there"), util::Kind::Preflight);
  EXPECT_EQ(kind_of(test::test_server().conninfo("app").with_option("port", "1"), ""),
            util::Kind::Connect);
}

TEST_F(SideTest, S3RehearsalLeavesNothing) {
  pg::Connection owner = connect_as("swap_owner", "postgres");
  rehearse(owner, test::test_server().conninfo(live_).with_option("user", "swap_owner"), kKey,
           properties());
  EXPECT_THAT(list_sides(*admin_, live_), IsEmpty());
}

TEST_F(SideTest, S3RehearsalNamesWhatTheRoleCannotDo) {
  const pg::ConnInfo target = test::test_server().conninfo(live_).with_option("user", "swap_owner");
  pg::Connection owner = connect_as("swap_owner", "postgres");
  const auto message = [&](const pg::DatabaseProperties& wanted) {
    try {
      rehearse(owner, target, kKey, wanted);
    } catch (const util::Error& failure) {
      EXPECT_EQ(failure.kind(), util::Kind::Preflight);
      return failure.message();
    }
    return std::string("done");
  };
  pg::DatabaseProperties others = properties();
  others.owner = "postgres";
  EXPECT_THAT(message(others), HasSubstr("set owner, grants and settings"));
  pg::DatabaseProperties reserved = properties();
  reserved.settings.push_back({.role = "", .name = "log_statement", .value = "all"});
  EXPECT_THAT(message(reserved), HasSubstr("set owner, grants and settings"));
  admin_->execute("alter role swap_owner nocreatedb");
  EXPECT_THAT(message(properties()), HasSubstr("create the database"));
  EXPECT_THAT(list_sides(*admin_, live_), IsEmpty());
}

}  // namespace
}  // namespace swap
