#include "guard/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace guard {
namespace {

using namespace std::chrono_literals;

constexpr auto kBegin = util::Clock::time_point(1'700'000'000s);

SampledLock seen(std::chrono::milliseconds after, std::chrono::milliseconds first,
                 std::chrono::milliseconds last, std::chrono::milliseconds before) {
  return {.pid = 7,
          .relation = 100,
          .mode = "AccessExclusiveLock",
          .after = kBegin + after,
          .first_seen = kBegin + first,
          .last_seen = kBegin + last,
          .before = kBegin + before};
}

RehearsedStatement ran(std::size_t number, std::chrono::milliseconds begin,
                       std::chrono::milliseconds end, int pid = 7) {
  return {.number = number, .pid = pid, .begin = kBegin + begin, .end = kBegin + end};
}

const std::map<std::uint32_t, std::string> kNames{{100, "orders"}};

TEST(MeasuredLocks, AreHeldFromTheStatementThatTookThemToTheEndOfTheOneThatLetThemGo) {
  const std::vector<RehearsedStatement> statements{ran(1, 0ms, 2ms), ran(2, 3ms, 3ms, 8),
                                                   ran(3, 5ms, 400ms), ran(4, 402ms, 409ms)};
  const auto locks = measured_locks({seen(4ms, 10ms, 401ms, 420ms)}, statements, kNames);
  ASSERT_EQ(locks.size(), 1U);
  EXPECT_EQ(locks[0].relation, "orders");
  EXPECT_EQ(locks[0].begin, kBegin + 5ms);
  EXPECT_EQ(locks[0].end, kBegin + 409ms);
  EXPECT_EQ(locks[0].statement, 3U);
}

TEST(MeasuredLocks, AreAtMostWhatWasSeenWhereNoStatementTells) {
  const auto locks = measured_locks({seen(4ms, 10ms, 400ms, 420ms)}, {}, kNames);
  ASSERT_EQ(locks.size(), 1U);
  EXPECT_EQ(locks[0].held(), util::Seconds(0.416));
  EXPECT_FALSE(locks[0].statement);
}

TEST(MeasuredLocks, LeaveOutNewRelationsAndModesThatKeepNobodyOut) {
  SampledLock other = seen(0ms, 1ms, 2ms, 3ms);
  other.relation = 999;
  SampledLock weak = seen(0ms, 1ms, 2ms, 3ms);
  weak.mode = "RowExclusiveLock";
  EXPECT_TRUE(measured_locks({other, weak}, {}, kNames).empty());
}

TEST(MeasuredLocks, OfOneStatementHeldEquallyLongTheStrongestComesFirst) {
  const std::vector<RehearsedStatement> statements{ran(1, 5ms, 20ms)};
  SampledLock share = seen(4ms, 10ms, 18ms, 25ms);
  share.mode = "ShareLock";
  const auto locks =
      measured_locks({share, seen(4ms, 10ms, 18ms, 25ms), share}, statements, kNames);
  ASSERT_EQ(locks.size(), 3U);
  EXPECT_EQ(locks[0].mode, LockMode::AccessExclusive);
  EXPECT_EQ(locks[1].mode, LockMode::Share);
}

TEST(Sampler, HurriesForWhatMayLockAndLooksBeforeATransactionEnds) {
  EXPECT_TRUE(may_lock("ALTER TABLE t ADD c int"));
  EXPECT_TRUE(may_lock("-- a comment\n/* and another */ drop table t"));
  EXPECT_TRUE(may_lock("truncate t"));
  EXPECT_FALSE(may_lock("  insert into t values (1)"));
  EXPECT_FALSE(may_lock("SELECT(1)"));
  EXPECT_TRUE(ends_transaction("COMMIT"));
  EXPECT_TRUE(ends_transaction("commit;"));
  EXPECT_TRUE(ends_transaction("/* x */ END"));
  EXPECT_FALSE(ends_transaction("update t set i = 1"));
  EXPECT_FALSE(ends_transaction(""));
  EXPECT_FALSE(ends_transaction("-- nothing"));
}

}  // namespace
}  // namespace guard
