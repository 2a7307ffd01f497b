// A read-only hold while an application writes all the time: whatever one of its clients saw
// committed is there afterwards, after a success and after an undo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/application.h"
#include "support/guarded.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;

class HoldUnderLoad : public test::GuardedTest {
 protected:
  HoldUnderLoad() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    test::Application::create_tables(database().conninfo());
  }

  BinaryResult migrate(const std::string& statements) {
    return run({"migrate", "--yes", "--hold", "read-only", "--", "psql", "-X", "-q", "-v",
                "ON_ERROR_STOP=1", "-c", "alter table orders drop column note cascade", "-c",
                statements});
  }

  void expect_all(const test::Application& application) {
    application.expect_all();
    EXPECT_EQ(query("select count(*) from pg_db_role_setting"), "0") << "the hold is released";
  }
};

TEST_F(HoldUnderLoad, EveryCommittedTransactionIsThereAfterASuccess) {
  test::Application application(database().conninfo());
  const BinaryResult result = migrate("create table made (i int)");
  application.go_on_and_end();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  expect_all(application);
  expect_nothing_left_behind();
}

TEST_F(HoldUnderLoad, EveryCommittedTransactionIsThereAfterAnUndo) {
  test::Application application(database().conninfo());
  const BinaryResult result = migrate("select nonsense");
  application.go_on_and_end();
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select count(note) > 0 from orders"), "t") << "the column is back";
  expect_all(application);
  expect_nothing_left_behind();
}

}  // namespace
