// kill -9 in an undo, and what becomes of the positions of sequences (M7). That the old state is
// back after each point is in matrix_test.cc.
#include "crash_content.h"
#include "fault_test.h"

namespace {

using test::BinaryResult;

// A success in place that is taken back later, and the taking back dies: what others have drawn
// since is known to the undo that goes on, too.
class KilledLateUndoInPlace : public test::FaultTest {};

TEST_P(KilledLateUndoInPlace, IsFinishedByTheNextOne) {
  std::vector<std::string> good = test::kGood;
  good.insert(good.begin() + 1, {"--undo", "replace", "--proof", "read-back", "--keep-undo", "1h"});
  ASSERT_EQ(run(good).status, 0);
  EXPECT_EQ(query("select nextval('orders_id_seq')"), "3001");
  killed({"undo", "psql", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(run({"status"}).status, 4) << "an unfinished run is told";
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(test::taken_apart(content()).rest, test::taken_apart(before_).rest);
  EXPECT_EQ(query("select nextval('orders_id_seq')"), "3002");
  EXPECT_EQ(query("select count(*) from pg_db_role_setting"), "0") << "others may write again";
  expect_next_run_works();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(Points, KilledLateUndoInPlace,
                         testing::ValuesIn(test::all_or(test::points({"undo."}),
                                                        {"undo.closed", "undo.swapped"})),
                         test::test_name);

// The undo that died had advanced the copy's sequences; the next one is told otherwise (M7).
class KilledAdvanced : public test::FaultTest {};

TEST_P(KilledAdvanced, SequencesGoBackIfThatIsChosenNow) {
  std::vector<std::string> good = test::kGood;
  good.insert(good.begin() + 1, {"--keep-undo", "1h"});
  ASSERT_EQ(run(good).status, 0);
  EXPECT_EQ(query("select nextval('orders_id_seq')"), "3001");
  killed({"undo", "psql", "--yes", "--on-foreign-writes", "undo"});
  const BinaryResult undone =
      run({"undo", "--yes", "--on-foreign-writes", "undo", "--sequences", "exact"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
}
INSTANTIATE_TEST_SUITE_P(Points, KilledAdvanced, testing::Values("undo.closed"), test::test_name);

}  // namespace
