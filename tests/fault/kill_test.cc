// kill -9 at a fault point, where something else matters than the database (matrix_test.cc): only
// whole backups are listed, the application is started again, another machine can release a hold,
// a rehearsal leaves nothing.
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

 private:
  const std::string hold_;
};

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

class KilledExclusiveElsewhere : public KilledHold {
 protected:
  KilledExclusiveElsewhere() : KilledHold("exclusive") {}
};

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

// Before anything is made: only the empty databases with which the undo was tried out (S3).
class KilledPreflight : public FaultTest {};

TEST_P(KilledPreflight, S3LeavesEmptyDatabasesThatTheNextRunDrops) {
  killed(kGood);
  EXPECT_EQ(content(), before_);
  const std::vector<std::string> probes = sides("probe");
  EXPECT_THAT(probes, testing::SizeIs(2));
  const BinaryResult doctor = run({"doctor"});
  for (const std::string& probe : probes)
    EXPECT_NE(doctor.out.find(probe), std::string::npos) << doctor.out << doctor.err;
  EXPECT_EQ(run({"undo", "--yes"}).status, 2) << "there is no run yet";
  expect_next_run_works();
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(Points, KilledPreflight, testing::ValuesIn(points({"preflight."})),
                         test_name);

// The application was stopped by a hook, and whoever brings order starts it. A parameter is where
// the run died, and who does: while the hook runs, or when nothing is left but the migration.
class KilledWithHook : public FaultTest {
 protected:
  void die() {
    const std::string point = part(0);
    const bool in_hook = point == "before_hold";
    const BinaryResult result =
        run(with_hooks(cat("echo stopped >> application", in_hook ? "; kill -9 $PPID" : "")),
            in_hook ? std::vector<std::string>{}
                    : std::vector<std::string>{cat("PGBELAY_FAULT=", point, "=kill")});
    EXPECT_EQ(result.signal, SIGKILL) << result.err;
    EXPECT_EQ(content(), before_);
    EXPECT_EQ(application(), "stopped\n");
  }
  std::vector<std::string> with_hooks(const std::string& before_hold,
                                      const std::vector<std::string>& more = {}) const {
    std::vector<std::string> args{"migrate",   "--yes",           "--before-hold",
                                  before_hold, "--after-release", kStartsIt};
    args.insert(args.end(), more.begin(), more.end());
    args.insert(args.end(), kGood.begin() + 2, kGood.end());
    return args;
  }
  std::string application() const { return util::read_text(folder() / "application"); }

  static constexpr const char* kStartsIt = "echo started >> application";
};

TEST_P(KilledWithHook, TheApplicationIsStarted) {
  die();
  const std::string by = part(1);
  if (by == "next") {
    // Not at its end, which it may not reach.
    const BinaryResult next = run(with_hooks("true", {"--server-free", "1MB"}));
    EXPECT_EQ(next.status, 1) << next.err;
  } else {
    const BinaryResult done =
        run({by, by == "close" ? "psql" : "", "--yes", "--after-release", kStartsIt});
    EXPECT_EQ(done.status, 0) << done.err;
  }
  EXPECT_EQ(application(), "stopped\nstarted\n");
  EXPECT_EQ(content(), before_);
  expect_nothing_open();
  EXPECT_EQ(application(), "stopped\nstarted\n") << "once is enough";
}
INSTANTIATE_TEST_SUITE_P(
    EveryWay, KilledWithHook,
    testing::ValuesIn(test::all_or({"before_hold@undo", "before_hold@close", "before_hold@next",
                                    "run.gate@undo", "run.gate@close", "run.gate@next"},
                                   {"before_hold@next", "before_hold@close", "run.gate@undo"})),
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

// What a function of the migration did to the cluster cannot be seen in its statements; who brings
// order after a rehearsal that died names it.
class KilledRehearsalOutside : public FaultTest {};

TEST_P(KilledRehearsalOutside, F10WhatItChangedInTheClusterIsNamed) {
  const BinaryResult dead =
      run({"rehearse", "--", "psql", "-X", "-q", "-c",
           "do $$ begin execute 'create ' || 'role left_by_rehearsal'; end $$"},
          {cat("PGBELAY_FAULT=", part(0), "=kill")});
  EXPECT_EQ(dead.signal, SIGKILL) << dead.err;
  const std::string by = part(1);
  std::vector<std::string> args = kGood;
  if (by == "undo") args = {"undo", "--yes"};
  if (by == "close") args = {"close", "psql", "--yes"};
  const BinaryResult done = run(args);
  server().connect().execute("drop role left_by_rehearsal");
  EXPECT_EQ(done.status, 0) << done.err;
  EXPECT_NE(done.err.find("role left_by_rehearsal was added"), std::string::npos) << done.err;
  EXPECT_NE(done.err.find("DROP ROLE left_by_rehearsal"), std::string::npos) << done.err;
  expect_nothing_left_behind();
}
INSTANTIATE_TEST_SUITE_P(
    EveryWay, KilledRehearsalOutside,
    testing::ValuesIn(test::all_or({"rehearsal.migrated@next", "rehearsal.migrated@undo",
                                    "rehearsal.migrated@close", "rehearsal.dropped@next"},
                                   {"rehearsal.migrated@next"})),
    test_name);

// A server that lets commits wait for the disk, here for ten seconds: what a run has judged a
// success is there after a crash of the server all the same.
class CommitsWait : public test::GuardedTest {
 protected:
  CommitsWait() : GuardedTest(test::Binary::Dev, server_that_waits) {}
  static test::TestServer& server_that_waits() {
    static test::TestServer server({.settings = {"wal_writer_delay = '10s'"}});
    return server;
  }
  void crash() {
    server().server().stop(pg::PrivateServer::Stop::Immediate);
    server().server().start();
  }
};

TEST_F(CommitsWait, LosesNoMigrationThatWasJudgedASuccess) {
  fill();
  const BinaryResult dead = run(kGood, {"PGBELAY_FAULT=run.checked=kill"});
  ASSERT_EQ(dead.signal, SIGKILL) << dead.err;
  const std::string migrated = query("select count(extra) >= 0 from orders");
  crash();
  EXPECT_EQ(query("select count(extra) >= 0 from orders"), migrated);
  EXPECT_EQ(run({"resume", "psql", "--yes"}).status, 0);
}

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
