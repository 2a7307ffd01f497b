// kill -9 in an undo, and what becomes of the positions of sequences (M7); and under a hold that no
// copy tells of. That the old state is back after each point of the others is in matrix_test.cc.
#include <map>
#include <optional>

#include "crash_content.h"
#include "fault_test.h"
#include "support/own_temporaries.h"

namespace {

using test::BinaryResult;
using util::cat;

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

// A hold where no copy stands beside the database (S10, S18): what was written between the backup
// and the hold is there whoever brings order, and the database's own comment is what it was. A case
// is "way@point", with "@crash" of the server afterwards, too.
const std::map<std::string, std::vector<std::string>> kHeld{
    {"local", {"--hold", "read-only", "--proof-at", "local"}},
    {"none", {"--hold", "exclusive", "--proof", "read-back"}},
    {"replace", {"--hold", "read-only", "--undo", "replace", "--proof", "read-back"}},
    {"replace_exclusive", {"--hold", "exclusive", "--undo", "replace", "--proof", "read-back"}},
};

std::vector<std::string> held_cases() {
  if (!test::all_asked_for()) {
    return {"local@hold.copy_open",
            "local@undo.before_rename",
            "none@run.migrating@crash",
            "replace@undo.before_rename",
            "replace@undo.swapped",
            "replace_exclusive@hold.begun",
            "replace_exclusive@exclusive.returning"};
  }
  std::vector<std::string> out;
  for (const auto& [way, options] : kHeld) {
    for (const std::string& point :
         test::points({"hold.", "exclusive.", "run.gate", "run.migrat", "undo."})) {
      if (point == "hold.copy_open" && way != "local") continue;
      if (point.starts_with("exclusive.") && options[1] != "exclusive") continue;
      for (const std::string crash : {"", "@crash"}) out.push_back(cat(way, "@", point, crash));
    }
  }
  return out;
}

class KilledHeldWithoutCopy : public test::FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    temporaries_.emplace();
    database().connect().execute(cat("comment on database ", database().name(), " is 'the shop'"));
    die();
  }
  static bool crashed() { return GetParam().ends_with("@crash"); }
  void expect_released() {
    EXPECT_EQ(query("select count(*) from pg_db_role_setting"), "0");
    EXPECT_THAT(sides("held"), testing::IsEmpty());
    EXPECT_EQ(query("select shobj_description(oid, 'pg_database') from pg_database where datname = "
                    "current_database()"),
              "the shop");
  }
  std::vector<std::string> private_servers() const { return temporaries_->left("pgbelay-proof-"); }

 private:
  // The hook writes after the proof and before the hold.
  void die() {
    const std::string change =
        "update customers set name = 'between' where id = 7; delete from orders where id = 2999";
    database().connect().execute(change);
    before_ = content();
    database().connect().execute(
        "update customers set name = 'c7' where id = 7;"
        "insert into orders (id, customer, total) values (2999, 500, 2999)");
    std::vector<std::string> args{"migrate", "--yes", "--before-hold",
                                  cat("psql -X -q -d \"$DATABASE_URL\" -c \"", change, "\"")};
    const std::vector<std::string>& options = kHeld.at(part(0));
    args.insert(args.end(), options.begin(), options.end());
    args.insert(args.end(), test::kFailing.begin() + 2, test::kFailing.end());
    const BinaryResult killed = run(args, {cat("PGBELAY_FAULT=", part(1), "=kill")});
    ASSERT_EQ(killed.signal, SIGKILL) << "not reached: " << killed.out << killed.err;
    if (!crashed()) return;
    server().server().stop(pg::PrivateServer::Stop::Immediate);
    server().server().start();
  }

  std::optional<test::OwnTemporaries> temporaries_;
};

TEST_P(KilledHeldWithoutCopy, HasEverythingBackByUndo) {
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  if (crashed()) {
    test::expect_content_after_crash(before_, content());
  } else {
    EXPECT_EQ(content(), before_);
  }
  expect_released();
  expect_next_run_works();
  expect_nothing_left_behind();
  EXPECT_THAT(private_servers(), testing::IsEmpty());
}
INSTANTIATE_TEST_SUITE_P(Points, KilledHeldWithoutCopy, testing::ValuesIn(held_cases()),
                         test::test_name);

class KilledHeldElsewhere : public KilledHeldWithoutCopy {};

TEST_P(KilledHeldElsewhere, S18IsReleasedByTheUrlAlone) {
  const BinaryResult doctor = run({"doctor", "--dir", "elsewhere"});
  EXPECT_NE(doctor.out.find(" is held"), std::string::npos) << doctor.out << doctor.err;
  expect_refused_elsewhere();
  const BinaryResult status = run({"status", "--dir", "elsewhere"});
  const bool begun = part(1) == "run.migrating";
  EXPECT_EQ(status.out.find("its migration had begun") != status.out.npos, begun) << status.out;
  const BinaryResult closed = run({"close", "psql", "--yes", "--dir", "elsewhere"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  expect_released();
  EXPECT_EQ(run({"status", "--dir", "elsewhere"}).status, 0) << "nothing is unfinished";
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
  expect_released();
}
INSTANTIATE_TEST_SUITE_P(Migrating, KilledHeldElsewhere,
                         testing::Values("local@hold.caught_up", "local@run.migrating",
                                         "none@run.migrating", "replace@run.migrating",
                                         "replace_exclusive@run.migrating"),
                         test::test_name);

}  // namespace
