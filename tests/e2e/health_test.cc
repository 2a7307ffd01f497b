// The application is let in after the migration and is not well: undone by itself if nobody has
// written meanwhile, which the server's counters say exactly from 15 on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using util::cat;

class NotWell : public test::GuardedTest {
 protected:
  NotWell() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    if (server().connect().server_major() < 15) GTEST_SKIP() << "counts exactly from 15 on";
    fill();
    before_ = content();
  }
  // A migration that is good, and an application that does `sql` when it is let in and fails.
  BinaryResult migrate_with(const std::string& sql) {
    return run({"migrate", "--yes", "--hold", "read-only", "--after-release",
                cat("psql -X -q -d \"$DATABASE_URL\" -c \"", sql, "\""), "--health-command",
                "exit 1", "--health-timeout", "1s", "--", "psql", "-X", "-q", "-c",
                "alter table orders add column extra int; update orders set extra = 1"});
  }
  std::string before_;
};

TEST_F(NotWell, ButHasNotWrittenIsUndoneByItself) {
  const BinaryResult result =
      migrate_with("select count(*), pg_sleep(0.1) from orders where extra = 1");
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_EQ(content(), before_);
  EXPECT_EQ(server().connect().query("select count(*) from pg_db_role_setting").str(0, 0), "0");
  expect_nothing_left_behind();
}

TEST_F(NotWell, AndHasWrittenIsADecisionForAPerson) {
  const BinaryResult result =
      migrate_with("update orders set note = 'kept' where id = 7; select count(*) from orders");
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_THAT(result.err, HasSubstr("public.orders"));
  EXPECT_EQ(query("select count(*) from orders where extra = 1 and note like 'kept%'"), "1");
  EXPECT_EQ(server().connect().query("select count(*) from pg_db_role_setting").str(0, 0), "0")
      << "they may go on writing";
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}

}  // namespace
