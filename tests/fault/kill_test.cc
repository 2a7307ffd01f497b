// kill -9 at every fault point: afterwards only whole backups are listed; `undo` brings the old
// state, or there is nothing to undo; the next run works; nothing is left.
#include "fault_test.h"
#include "support/own_temporaries.h"

namespace {

using test::BinaryResult;
using test::FaultTest;
using test::kFailing;
using test::kGood;
using test::points;
using test::test_name;
using util::cat;

class KilledBackup : public FaultTest {};

TEST_P(KilledBackup, LeavesOnlyWholeBackups) {
  ASSERT_EQ(run({"backup", "earlier"}).status, 0);
  killed({"backup", "killed"});
  expect_whole_backups();
  EXPECT_THAT(published(), testing::Contains(testing::HasSubstr("earlier")));
  const BinaryResult next = run({"backup", "later"});
  EXPECT_EQ(next.status, 0) << next.err;
  EXPECT_THAT(published(), testing::Contains(testing::HasSubstr("later")));
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(EveryPoint, KilledBackup,
                         testing::ValuesIn(points({"backup.", "pending_file."})), test_name);

class KilledGoodRun : public FaultTest {};

TEST_P(KilledGoodRun, IsUndoneOrWasReleased) {
  killed(kGood);
  expect_whole_backups();
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  const bool released = query(
                            "select count(*) from pg_attribute where attrelid = 'orders'::regclass "
                            "and attname = 'extra'") == "1";
  if (released) {
    EXPECT_EQ(undone.status, 2) << "nothing to undo: " << undone.err;
    EXPECT_TRUE(GetParam() == "run.releasing" || GetParam() == "run.released") << GetParam();
  } else {
    EXPECT_THAT(undone.status, testing::AnyOf(0, 2)) << undone.err;
    EXPECT_EQ(content(), before_);
  }
  expect_next_run_works();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(EveryPoint, KilledGoodRun,
                         testing::ValuesIn(test::all_or(points({"run.", "proof."}),
                                                        {"proof.sealed", "run.gate",
                                                         "run.migrating", "run.checked",
                                                         "run.releasing"})),
                         test_name);

class KilledUndo : public FaultTest {};

TEST_P(KilledUndo, IsFinishedByTheNextOne) {
  killed(kFailing);
  const BinaryResult status = run({"status"});
  EXPECT_EQ(status.status, 4) << "an unfinished run is told: " << status.out << status.err;
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
  expect_next_run_works();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(EveryPoint, KilledUndo,
                         testing::ValuesIn(test::all_or(points({"undo."}),
                                                        {"undo.closed", "undo.swapped"})),
                         test_name);

// Under a hold, with something to catch up: whatever ends it, nothing is held afterwards.
class KilledHold : public FaultTest {
 protected:
  explicit KilledHold(std::string hold = "read-only") : hold_(std::move(hold)) {}
  // The hook writes after the proof and before the hold.
  void killed_with_catch_up(const std::vector<std::string>& last) {
    const std::string change =
        "update customers set name = 'between' where id = 7; delete from orders where id = 2999";
    database().connect().execute(change);
    before_ = content();
    database().connect().execute(
        "update customers set name = 'c7' where id = 7;"
        "insert into orders (id, customer, total) values (2999, 500, 2999)");
    std::vector<std::string> args{"migrate",
                                  "--yes",
                                  "--hold",
                                  hold_,
                                  "--before-hold",
                                  cat("psql -X -q -d \"$DATABASE_URL\" -c \"", change, "\""),
                                  "--",
                                  "psql",
                                  "-X",
                                  "-q",
                                  "-v",
                                  "ON_ERROR_STOP=1",
                                  "-c",
                                  "alter table orders drop column note"};
    args.insert(args.end(), last.begin(), last.end());
    killed(std::move(args));
  }
  void expect_released() {
    EXPECT_EQ(server().connect().query("select count(*) from pg_db_role_setting").str(0, 0), "0");
    EXPECT_THAT(sides("held"), testing::IsEmpty());
  }
  void expect_released_by_undo() {
    const BinaryResult undone = run({"undo", "--yes"});
    EXPECT_EQ(undone.status, 0) << undone.err;
    EXPECT_EQ(content(), before_);
    expect_released();
    expect_next_run_works();
    expect_nothing_left_behind();
  }
  void expect_released_by_next_run() {
    expect_next_run_works();
    expect_released();
    expect_nothing_left_behind();
  }

 private:
  const std::string hold_;
};

TEST_P(KilledHold, IsReleasedByUndo) {
  killed_with_catch_up({"-c", "select nonsense"});
  expect_released_by_undo();
}
INSTANTIATE_TEST_SUITE_P(
    EveryPoint, KilledHold,
    testing::ValuesIn(test::all_or({"hold.marked", "hold.begun", "hold.copy_open", "hold.caught_up",
                                    "run.gate", "run.migrating", "run.migrated", "undo.closed",
                                    "undo.before_rename", "undo.swapped", "undo.before_end"},
                                   {"hold.begun", "run.migrating", "undo.before_rename"})),
    test_name);

class KilledHoldBefore : public KilledHold {};

TEST_P(KilledHoldBefore, IsReleasedByTheNextRun) {
  killed_with_catch_up({});
  expect_released_by_next_run();
}
INSTANTIATE_TEST_SUITE_P(BeforeTheMigration, KilledHoldBefore,
                         testing::Values("hold.begun", "hold.copy_open", "hold.caught_up"),
                         test_name);

// The container with the journal is gone; the URL is enough (S18).
class KilledHoldElsewhere : public KilledHold {};

TEST_P(KilledHoldElsewhere, S18IsReleasedFromAnotherMachine) {
  killed_with_catch_up({"-c", "select nonsense"});
  const BinaryResult doctor = run({"doctor", "--dir", "elsewhere"});
  EXPECT_NE(doctor.out.find("is held read-only"), std::string::npos) << doctor.out << doctor.err;
  expect_refused_elsewhere();
  const BinaryResult closed = run({"close", "psql", "--yes", "--dir", "elsewhere"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  expect_released();
  const BinaryResult status = run({"status", "--dir", "elsewhere"});
  EXPECT_EQ(status.status, 0) << status.out << status.err;
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
}
INSTANTIATE_TEST_SUITE_P(Migrating, KilledHoldElsewhere,
                         testing::Values("hold.caught_up", "run.migrating"), test_name);

// The same without a hold: only the comment on the copy tells that the migration had begun.
class KilledElsewhere : public FaultTest {};

TEST_P(KilledElsewhere, S18IsNotRunOver) {
  killed(kFailing);
  expect_refused_elsewhere();
  EXPECT_EQ(run({"undo", "--yes", "--on-foreign-writes", "undo"}).status, 0);
  EXPECT_EQ(content(), before_);
  EXPECT_EQ(run({"status", "--dir", "elsewhere"}).status, 0) << "it was finished where it began";
  const BinaryResult runs = run({"runs", "--dir", "elsewhere"});
  EXPECT_THAT(runs.err, testing::HasSubstr(cat(sides("failed").at(0), " · made at ")));
  EXPECT_THAT(runs.err, testing::HasSubstr(backups().string()));
  const BinaryResult undo = run({"undo", "--yes", "--dir", "elsewhere"});
  EXPECT_EQ(undo.status, 2) << undo.err;
  EXPECT_THAT(undo.err, testing::HasSubstr(backups().string()));
}

TEST_P(KilledElsewhere, S18IsClosedFromAnotherMachine) {
  killed(kFailing);
  const BinaryResult closed = run({"close", "psql", "--yes", "--dir", "elsewhere"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  const BinaryResult next = run({"migrate", "--yes", "--dir", "elsewhere", "--", "psql", "-X", "-q",
                                 "-c", "create table made_later (i int)"});
  EXPECT_EQ(next.status, 0) << next.err;
}
INSTANTIATE_TEST_SUITE_P(Migrating, KilledElsewhere,
                         testing::Values("run.migrating", "run.migrated"), test_name);

// What it leaves is in nobody's way.
class KilledElsewhereBefore : public FaultTest {};

TEST_P(KilledElsewhereBefore, S18DoesNotStopTheNextRun) {
  killed(kGood);
  EXPECT_EQ(run({"status", "--dir", "elsewhere"}).status, 0);
  const BinaryResult next = run({"migrate", "--yes", "--dir", "elsewhere", "--", "psql", "-X", "-q",
                                 "-c", "create table made_later (i int)"});
  EXPECT_EQ(next.status, 0) << next.err;
}
INSTANTIATE_TEST_SUITE_P(BeforeTheMigration, KilledElsewhereBefore, testing::Values("run.proven"),
                         test_name);

// Under an exclusive hold (S8): nobody finds the database until the next command of ours, `status`
// says so, and then it has its name back.
class KilledExclusive : public KilledHold {
 protected:
  KilledExclusive() : KilledHold("exclusive") {}
  void expect_told() {
    const std::vector<std::string> held = sides("held");
    const BinaryResult status = run({"status"});
    EXPECT_EQ(status.status, 4) << status.out << status.err;
    if (held.empty()) return;
    EXPECT_NE(status.out.find(cat("the database is called ", held.front())), std::string::npos)
        << status.out;
    EXPECT_ANY_THROW(database().connect()) << "it has another name";
  }
  bool migrated() {
    return query("select count(*) from pg_tables where tablename = 'made'") == "1";
  }
};

TEST_P(KilledExclusive, S8HasItsNameBackByUndo) {
  killed_with_catch_up({"-c", "select nonsense"});
  expect_told();
  expect_released_by_undo();
}
INSTANTIATE_TEST_SUITE_P(
    EveryPoint, KilledExclusive,
    testing::ValuesIn(test::all_or({"hold.marked", "exclusive.closed", "exclusive.renamed",
                                    "hold.begun", "hold.copy_open", "hold.caught_up", "run.gate",
                                    "run.migrating", "run.migrated", "undo.begin",
                                    "exclusive.returning", "exclusive.returned", "undo.closed",
                                    "undo.before_rename", "undo.swapped", "undo.before_end"},
                                   {"exclusive.closed", "run.migrating", "exclusive.returned"})),
    test_name);

class KilledExclusiveBefore : public KilledExclusive {};

TEST_P(KilledExclusiveBefore, S8HasItsNameBackByTheNextRun) {
  killed_with_catch_up({});
  expect_told();
  expect_released_by_next_run();
}
INSTANTIATE_TEST_SUITE_P(BeforeTheMigration, KilledExclusiveBefore,
                         testing::ValuesIn(test::all_or({"exclusive.closed", "exclusive.renamed",
                                                         "hold.caught_up"},
                                                        {"exclusive.renamed"})),
                         test_name);

class KilledExclusiveAfter : public KilledExclusive {};

TEST_P(KilledExclusiveAfter, S8HasItsNameBackByResume) {
  killed_with_catch_up({"-c", "create table made (i int)"});
  expect_told();
  const BinaryResult resumed = run({"resume", "psql", "--yes"});
  const bool had_migrated = GetParam() != "run.migrated";
  EXPECT_EQ(resumed.status, had_migrated ? 0 : 3) << resumed.err;
  EXPECT_EQ(migrated(), had_migrated);
  expect_released();
  expect_next_run_works();
  expect_nothing_left_behind();
}

TEST_P(KilledExclusiveAfter, S8HasItsNameBackByClose) {
  killed_with_catch_up({"-c", "create table made (i int)"});
  const BinaryResult closed = run({"close", "psql", "--yes"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  EXPECT_TRUE(migrated());
  expect_released();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(WithTheMigration, KilledExclusiveAfter,
                         testing::ValuesIn(test::all_or({"run.migrated", "run.checked",
                                                         "run.releasing", "exclusive.returning",
                                                         "exclusive.returned"},
                                                        {"exclusive.returning"})),
                         test_name);

class KilledExclusiveElsewhere : public KilledExclusive {};

TEST_P(KilledExclusiveElsewhere, S18HasItsNameBackFromAnotherMachine) {
  killed_with_catch_up({"-c", "select nonsense"});
  const std::string held = sides("held").at(0);
  const BinaryResult doctor = run({"doctor", "--dir", "elsewhere"});
  EXPECT_EQ(doctor.status, 9) << doctor.out << doctor.err;
  EXPECT_NE(doctor.out.find(cat("called ", held)), std::string::npos) << doctor.out;
  expect_refused_elsewhere();
  const BinaryResult closed = run({"close", "psql", "--yes", "--dir", "elsewhere"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  expect_released();
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
}
INSTANTIATE_TEST_SUITE_P(Migrating, KilledExclusiveElsewhere, testing::Values("run.migrating"),
                         test_name);

class KilledHoldAfter : public KilledHold {};

TEST_P(KilledHoldAfter, IsReleasedByClose) {
  killed_with_catch_up({"-c", "create table made (i int)"});
  const BinaryResult closed = run({"close", "psql", "--yes"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  expect_released();
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(WithTheMigration, KilledHoldAfter,
                         testing::Values("run.migrated", "run.checked", "run.releasing"),
                         test_name);

// A run that died before the migration is cleared by the next one; one that died in it is not run
// over.
class NextRun : public FaultTest {};

TEST_P(NextRun, ClearsWhatHadNotReachedTheMigration) {
  killed(kGood);
  expect_next_run_works();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(BeforeTheMigration, NextRun,
                         testing::ValuesIn(test::all_or({"run.journalled", "run.backed_up",
                                                         "proof.loaded", "proof.sealed",
                                                         "run.proven", "run.gate"},
                                                        {"proof.loaded", "run.gate"})),
                         test_name);

class InTheMiddle : public FaultTest {};

TEST_P(InTheMiddle, StopsTheNextRunAndNamesTheUndo) {
  killed(kGood);
  const BinaryResult next = run(kGood);
  EXPECT_EQ(next.status, 4) << next.err;
  EXPECT_NE(next.err.find("pgbelay undo"), std::string::npos) << next.err;
  EXPECT_EQ(run({"close", "run", "--yes"}).status, 2) << "a reference that fits nothing";
  EXPECT_EQ(run({"undo", "--yes", "--on-foreign-writes", "undo"}).status, 0);
  EXPECT_EQ(content(), before_);
}
INSTANTIATE_TEST_SUITE_P(Migrating, InTheMiddle, testing::Values("run.migrating", "run.migrated"),
                         test_name);

// A rehearsal leaves nothing either, whoever brings order: undo, close or the next run.
class KilledRehearsal : public FaultTest {
 protected:
  void die(const std::vector<std::string>& options = {}) {
    std::vector<std::string> args{"rehearse"};
    args.insert(args.end(), options.begin(), options.end());
    for (const char* const word :
         {"--", "psql", "-X", "-q", "-c", "alter table orders drop column note"})
      args.emplace_back(word);
    killed(std::move(args));
    EXPECT_EQ(content(), before_);
  }
};

TEST_P(KilledRehearsal, F10IsClearedByUndo) {
  die();
  const BinaryResult undone = run({"undo", "--yes"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}

TEST_P(KilledRehearsal, F10WithItsPrivateServerIsClearedByUndo) {
  if (!test::all_asked_for() && GetParam() != "rehearsal.migrated")
    GTEST_SKIP() << "one point is enough of a sample";
  const test::OwnTemporaries temporaries;
  die({"--proof-at", "local"});
  EXPECT_THAT(temporaries.left("pgbelay-proof-"), testing::SizeIs(1));
  const BinaryResult undone = run({"undo", "--yes"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
  EXPECT_THAT(temporaries.left("pgbelay-proof-"), testing::IsEmpty());
}

TEST_P(KilledRehearsal, F10IsClearedByTheNextRun) {
  die();
  expect_next_run_works();
  expect_nothing_left_behind();
}

TEST_P(KilledRehearsal, F10IsClearedByClose) {
  die();
  const BinaryResult closed = run({"close", "_psql", "--yes"});
  EXPECT_EQ(closed.status, 0) << closed.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(EveryPoint, KilledRehearsal, testing::ValuesIn(points({"rehearsal."})),
                         test_name);

// The server goes away in the middle of the data.
class ServerGone : public test::GuardedTest {
 protected:
  ServerGone() : GuardedTest(test::Binary::Dev, test::scram_server) {}
};

TEST_F(ServerGone, DuringCopyIsAFailedBackup) {
  fill();
  // More than the workers and the reorder window can hold while the program stands still.
  database().connect().execute(
      "create table zz_large as select n, (select string_agg(md5((n * 50 + k)::text), '') from "
      "generate_series(1, 50) k) as filler "
      "from generate_series(1, 150000) n");
  bool stopped = false;
  const BinaryResult result =
      run({"backup"}, {"PGBELAY_FAULT=backup.data=stop"},
          [&](util::Stream, std::string_view line, pid_t pid) {
            if (stopped || line.find("fault point backup.data") == std::string_view::npos) return;
            stopped = true;
            server().server().stop(pg::PrivateServer::Stop::Immediate);
            ::kill(pid, SIGCONT);
          });
  ASSERT_TRUE(stopped) << "the point was not reached: " << result.err;
  server().server().start();
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_TRUE(published().empty());
  EXPECT_TRUE(stages().empty());
  EXPECT_EQ(result.err.find(test::scram_password()), std::string::npos);
  EXPECT_EQ(run({"backup"}).status, 0);
}

}  // namespace
