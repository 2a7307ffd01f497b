// A hold while an application writes all the time: whatever one of its clients saw committed is
// there afterwards, after a success and after an undo.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/application.h"
#include "support/guarded.h"
#include "support/terminal.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;

class HoldUnderLoad : public test::GuardedTest, public testing::WithParamInterface<std::string> {
 protected:
  HoldUnderLoad() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    test::Application::create_tables(database().conninfo());
  }

  BinaryResult migrate(const std::string& statements) {
    return run({"migrate", "--yes", "--hold", GetParam(), "--", "psql", "-X", "-q", "-v",
                "ON_ERROR_STOP=1", "-c", "alter table orders drop column note cascade", "-c",
                statements});
  }

  static std::string kept_out() {
    return GetParam() == "exclusive" ? "everybody else was kept out for"
                                     : "writers were kept out for";
  }

  void expect_all(const test::Application& application) {
    application.expect_all();
    EXPECT_EQ(query("select count(*) from pg_db_role_setting"), "0") << "the hold is released";
    EXPECT_TRUE(sides("held").empty()) << "the database has its name";
  }
};

TEST_P(HoldUnderLoad, EveryCommittedTransactionIsThereAfterASuccess) {
  test::Application application(database().conninfo());
  const BinaryResult result = migrate("create table made (i int)");
  application.go_on_and_end();
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr(kept_out()));
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  expect_all(application);
  expect_nothing_left_behind();
}

TEST_P(HoldUnderLoad, EveryCommittedTransactionIsThereAfterAnUndo) {
  test::Application application(database().conninfo());
  const BinaryResult result = migrate("select nonsense");
  application.go_on_and_end();
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr(kept_out()));
  EXPECT_EQ(query("select count(note) > 0 from orders"), "t") << "the column is back";
  expect_all(application);
  expect_nothing_left_behind();
}

// --hold auto, with somebody to ask.
class AskedAtTheTerminal : public test::GuardedTest {
 protected:
  AskedAtTheTerminal() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    set_input(terminal_.path());
  }
  // Who went on with somebody else there is asked once more when the migration fails.
  BinaryResult answered(const std::string& answer, const std::string& about_writes = "") {
    bool asked = false;
    BinaryResult result =
        run({"migrate", "--yes", "--hold", "auto", "--on-foreign-writes", "ask", "--", "psql", "-X",
             "-q", "-v", "ON_ERROR_STOP=1", "-c", "alter table orders drop column note cascade",
             "-c", "select nonsense"},
            {}, [&](util::Stream, std::string_view line, pid_t) {
              if (line.find("An undo takes that away") != line.npos) terminal_.type(about_writes);
              if (asked || line.find("With a hold it is") == line.npos) return;
              asked = true;
              terminal_.type(answer);
            });
    EXPECT_TRUE(asked) << result.err;
    EXPECT_THAT(result.err, HasSubstr("Type hold to keep writers out"));
    return result;
  }
  test::Terminal terminal_;
};

TEST_F(AskedAtTheTerminal, HoldIsAReadOnlyHoldAndTheUndoNeedsNoDecision) {
  test::Application::create_tables(database().conninfo());
  test::Application application(database().conninfo());
  const BinaryResult result = answered("hold");
  application.go_on_and_end();
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select count(note) > 0 from orders"), "t") << "the column is back";
  application.expect_all();
  expect_nothing_left_behind();
}

TEST_F(AskedAtTheTerminal, AnythingElseStopsBeforeTheMigration) {
  const std::string before = content();
  pg::Connection other = database().connect();
  other.execute("begin; select 1");
  EXPECT_EQ(answered("").status, 6);
  EXPECT_EQ(content(), before);
  expect_nothing_left_behind();
}

TEST_F(AskedAtTheTerminal, K14AFailedMigrationIsUndoneAllTheSameIfThatIsTheAnswer) {
  const std::string before = content();
  pg::Connection other = database().connect();
  other.execute("begin; select 1");
  const BinaryResult result = answered("yes", "undo");
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("Type undo to take it back all the same"));
  EXPECT_EQ(content(), before);
}

TEST_F(AskedAtTheTerminal, K14AFailedMigrationStaysUnlessTheAnswerIsUndo) {
  const std::string before = content();
  pg::Connection other = database().connect();
  other.execute("begin; select 1");
  const BinaryResult result = answered("yes", "yes");
  EXPECT_EQ(result.status, 4) << result.err;
  EXPECT_NE(content(), before);
  const auto undo = [&](const std::string& answer) {
    return run({"undo", "--yes"}, {}, [&](util::Stream, std::string_view line, pid_t) {
      if (line.find("An undo takes that away") != line.npos) terminal_.type(answer);
    });
  };
  EXPECT_EQ(undo("").status, 4);
  const BinaryResult undone = undo("undo");
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before);
}

INSTANTIATE_TEST_SUITE_P(S8, HoldUnderLoad, testing::Values("read-only", "exclusive"),
                         [](const testing::TestParamInfo<std::string>& tested) {
                           return tested.param == "exclusive" ? "exclusive" : "read_only";
                         });

}  // namespace
