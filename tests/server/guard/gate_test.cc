// Others in the database: what stops a run, what is asked, and what a failed one then does (F2, F5,
// S6, S1).

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Without counted sessions there is no gate to pass: BeforeTheGate.
class GateTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure() && !counts_sessions())
      GTEST_SKIP() << "the server does not count its sessions";
  }
};

class BeforeTheGate : public GuardTest {};
class AnyGate : public GuardTest {};  // what it says without counted sessions, too

// docs/versions.md: the preflight says so, and what can be done all the same.
TEST_F(BeforeTheGate, AServerThatDoesNotCountSessionsNeedsADecision) {
  if (counts_sessions()) GTEST_SKIP() << "the server counts its sessions";
  const std::string before = fingerprint();
  Options undecided = psql(kBreaks);
  undecided.hold = Hold::Auto;
  const util::Error error = error_of(undecided);
  EXPECT_THAT(error.text(), HasSubstr("does not count sessions exactly"));
  EXPECT_THAT(error.hint(), HasSubstr("--hold none; with --on-foreign-writes undo"));
  EXPECT_EQ(fingerprint(), before);
  const Result undone = go(psql(kBreaks));
  EXPECT_EQ(undone.exit_code, 3) << undone.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(GateTest, F5_SomebodyConnectedStopsTheRunBeforeTheMigration) {
  const std::string before = fingerprint();
  {
    const pg::Connection other = busy();
    const util::Error error = error_of(psql(kBreaks));
    EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
    EXPECT_THAT(error.message(), HasSubstr("connected: pid"));
    EXPECT_THAT(error.hint(), HasSubstr("--hold none"));
  }
  wait_alone();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(GateTest, F5_SomebodyWhoCameAndWentIsFound) {
  Options options = psql("select 1;");
  options.questions.confirm = [&](const std::vector<std::string>&) {
    sql("update members set name = 'changed' where id = 1");
    return true;
  };
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("1 session of others opened meanwhile"));
}

TEST_F(GateTest, TheOperatorIsAskedAndMayGoOn) {
  const pg::Connection other = busy();
  Options options = psql("alter table members add column phone text;");
  bool asked = false;
  options.questions.with_others = [&](const std::vector<std::string>& sessions, MayHold hold) {
    asked = true;
    EXPECT_FALSE(sessions.empty());
    EXPECT_EQ(hold, MayHold::Yes);
    return WithOthers::GoOn;
  };
  EXPECT_EQ(go(options).outcome, Outcome::Done);
  EXPECT_TRUE(asked);
}

// What others wrote before the question is in the copy, too, and the undo needs no decision.
TEST_F(GateTest, TheOperatorIsAskedAndMayHoldThem) {
  pg::Connection other = busy();
  other.execute("commit; insert into members (name) values ('before the question')");
  Options options = psql(kBreaks);
  std::string before;
  options.questions.confirm = [&](const std::vector<std::string>&) {
    other.execute("insert into members (name) values ('after the proof')");
    return true;
  };
  options.questions.with_others = [&](const std::vector<std::string>&, MayHold hold) {
    EXPECT_EQ(hold, MayHold::Yes);
    pg::Connection reader = database->connect();
    before =
        reader.query("select count(*) || '/' || sum(hashtext(m::text)) from members m").str(0, 0);
    return WithOthers::HoldReadOnly;
  };
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("writers were kept out for"));
  EXPECT_FALSE(other.alive());
  EXPECT_EQ(value("select count(*) || '/' || sum(hashtext(m::text)) from members m"), before);
  EXPECT_EQ(value("select count(*) from pg_db_role_setting"), "0");
}

TEST_F(GateTest, AHoldIsNotOfferedWhereItWouldNotBind) {
  const pg::Connection other = busy();
  const std::string role = util::cat("writer_", name());
  pg::Connection maintenance = test::test_server().connect();
  maintenance.execute(util::cat("create role ", role, "; alter role ", role,
                                " set default_transaction_read_only = off"));
  Options options = psql("select 1;");
  std::optional<MayHold> offered;
  options.questions.with_others = [&](const std::vector<std::string>&, MayHold hold) {
    offered = hold;
    return WithOthers::Stop;
  };
  EXPECT_EQ(error_of(options).kind(), util::Kind::NotConfirmed);
  EXPECT_EQ(offered, MayHold::No);
  maintenance.execute(util::cat("drop role ", role));
}

// Between our look and the command's first statement there is the time that it takes to start.
TEST_F(GateTest, F2_SomebodyWhoComesWhileTheCommandStartsIsFoundBeforeItsFirstStatement) {
  const std::string before = fingerprint();
  const std::string direct =
      util::cat("psql -X -q -d '", database->url(), "' -c 'select 1' >/dev/null; ");
  Options options =
      shell(util::cat(direct, "psql -X -q -c 'alter table members drop column email'"));
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs().at(0).state, RunState::Failed);
}

// Its sessions are neither counted nor there any more, but the tables' counters tell.
TEST_F(GateTest, F5_AReplicationSessionThatCameAndWroteAndWentIsFound) {
  Options options = psql(kBreaks);
  options.questions.confirm = [&](const std::vector<std::string>&) {
    {
      pg::Connection walsender = pg::Connection::open(
          database->conninfo().with_option("replication", "database"), "sender");
      walsender.execute("insert into events values (7200, 1, '{}')");
    }
    wait_alone();
    return true;
  };
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("changed since the backup: table public.events"));
}

TEST_F(GateTest, F5_AResetOfTheCountersDecidesNothing) {
  Options options = psql(kBreaks);
  options.questions.confirm = [&](const std::vector<std::string>&) {
    sql("update members set name = 'x' where id = 1; select pg_stat_reset()");
    return true;
  };
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("counters were reset"));
}

// An application's pool: connected all the time, and idle.
TEST_F(GateTest, F3_APoolThatIsIdleAllTheTimeIsNobody) {
  const std::string before = fingerprint();
  pg::Connection pool = database->connect();
  pool.execute("select 1");
  const Result result = go(psql(kBreaks));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_FALSE(pool.alive()) << "ended by the swap: it sees the old state when it connects again";
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(GateTest, F3_APoolThatDidSomethingMeanwhileIsSomebody) {
  pg::Connection pool = database->connect();
  Options options = psql(kBreaks);
  options.questions.confirm = [&](const std::vector<std::string>&) {
    pool.execute("update members set name = 'x' where id = 1");  // and is idle again
    return true;
  };
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::NotConfirmed) << error.text();
  EXPECT_THAT(error.hint(), HasSubstr("--hold read-only"));
}

// What would be refused is not advised: without the tap, or where it would not bind everybody.
TEST_F(GateTest, F4_AHoldIsAdvisedOnlyWhereItIsPossible) {
  const pg::Connection other = busy();
  Options options = psql(kBreaks);
  options.hold = Hold::Auto;
  EXPECT_THAT(error_of(options).hint(), HasSubstr("--hold read-only"));
  EXPECT_THAT(reporter.all(), HasSubstr("--hold read-only"));

  reporter.clear();
  options.tap = false;
  EXPECT_THAT(error_of(options).hint(),
              testing::AllOf(HasSubstr("--hold none"), testing::Not(HasSubstr("read-only"))));
  EXPECT_THAT(reporter.all(), testing::Not(HasSubstr("read-only")));

  reporter.clear();
  options.tap = true;
  const std::string role = util::cat("writer_", name());
  pg::Connection maintenance = test::test_server().connect();
  maintenance.execute(util::cat("create role ", role, "; alter role ", role,
                                " set default_transaction_read_only = off"));
  EXPECT_THAT(error_of(options).hint(), testing::Not(HasSubstr("read-only")));
  EXPECT_THAT(reporter.all(), testing::Not(HasSubstr("read-only")));
  maintenance.execute(util::cat("drop role ", role));
}

TEST_F(GateTest, F3_APoolThatDoesSomethingDuringTheMigrationIsSomebody) {
  pg::Connection pool = database->connect();
  Options options = shell(
      "psql -X -q -c 'alter table members drop column email' -c '\\echo half'; sleep 0.3; false");
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") != std::string_view::npos)
      pool.execute("insert into events values (7100, 1, '{}')");
  };
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("connected: pid"));
}

class HoldNoneTest : public GuardTest {
 protected:
  Options with_others(const std::string& script) {
    Options options = psql(script);
    options.hold = Hold::None;
    options.on_foreign_writes = OnForeignWrites::Ask;
    return options;
  }
};

TEST_F(HoldNoneTest, F2_AFailedMigrationThatCommittedIsNotUndoneByItself) {
  const std::string before = fingerprint();
  Result failed;
  {
    const pg::Connection other = busy();
    failed = go(with_others(kBreaks));
    EXPECT_EQ(failed.outcome, Outcome::NotUndone) << failed.cause << "\n" << reporter.all();
    EXPECT_EQ(failed.exit_code, 4);
    EXPECT_THAT(failed.cause,
                HasSubstr(util::cat("pgbelay undo ", failed.run, " --on-foreign-writes undo")));
    EXPECT_THAT(failed.cause, HasSubstr(util::cat("pgbelay close ", failed.run)));
  }
  wait_alone();
  EXPECT_EQ(runs().at(0).state, RunState::Unfinished);
  EXPECT_EQ(runs().at(0).exit, 4);
  // It stays undecided until somebody decides; a new run refuses to begin.
  UndoOptions options = undo_options();
  options.on_foreign_writes = OnForeignWrites::Ask;
  EXPECT_EQ(undo(options, reporter, {}).exit_code, 4);
  const util::Error refused = error_of(psql("select 1;"));
  EXPECT_EQ(refused.exit_code(), 4);
  EXPECT_THAT(refused.hint(), HasSubstr(util::cat("pgbelay undo ", failed.run)));

  options.on_foreign_writes = OnForeignWrites::Undo;
  const Result undone = undo(options, reporter, {});
  EXPECT_EQ(undone.exit_code, 0) << undone.cause;
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), testing::ElementsAre(undone.kept));
}

TEST_F(HoldNoneTest, OneThatCommittedNothingIsOver) {
  const pg::Connection other = busy();
  const Result result = go(with_others(util::cat("begin;", kBreaks)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(HoldNoneTest, IsUndoneWhereThatWasChosen) {
  const std::string before = fingerprint();
  {
    const pg::Connection other = busy();
    Options options = with_others(kBreaks);
    options.on_foreign_writes = OnForeignWrites::Undo;
    EXPECT_EQ(go(options).exit_code, 3) << reporter.all();
  }
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(HoldNoneTest, CloseLeavesTheDatabaseAndReleasesEverything) {
  {
    const pg::Connection other = busy();
    EXPECT_EQ(go(with_others(kBreaks)).exit_code, 4);
  }
  wait_alone();
  const Result closed = close(undo_options(), reporter, {});
  EXPECT_EQ(closed.exit_code, 0);
  EXPECT_EQ(runs().at(0).state, RunState::Kept);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "1");
  EXPECT_EQ(go(psql("select 1;")).outcome, Outcome::Done);
}

// Somebody who comes during the migration was not there at the gate.
TEST_F(GateTest, F2_WhoeverComesDuringTheMigrationCounts) {
  const std::string direct =
      util::cat("psql -X -q -d '", database->url(), "' -c 'select 1' >/dev/null; ");
  Options options =
      shell(util::cat("psql -X -q -c 'alter table members drop column email'; ", direct, "false"));
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("1 session of others opened meanwhile"));
}

TEST_F(AnyGate, S6_APreparedTransactionStopsItBeforeAndAtTheGate) {
  Options options = psql("select 1;");
  options.questions.confirm = [&](const std::vector<std::string>&) {
    sql("begin; insert into events values (7700, 1, '{}'); prepare transaction 'guard_test'");
    return true;
  };
  const util::Error at_gate = error_of(options);
  EXPECT_EQ(at_gate.kind(), util::Kind::Preflight) << at_gate.text();
  EXPECT_THAT(at_gate.message(), HasSubstr("guard_test"));
  const util::Error before = error_of(psql("select 1;"));
  EXPECT_EQ(before.exit_code(), 1) << before.text();
  EXPECT_THAT(before.message(), HasSubstr("blocked by prepared transaction 'guard_test'"));
  sql("rollback prepared 'guard_test'");
  EXPECT_THAT(sides(), IsEmpty());
}

// The migration left one behind: the rename would fail, so it is said, and `undo` works when it is
// gone.
TEST_F(AnyGate, S6_APreparedTransactionOfTheMigrationIsNamed) {
  const std::string before = fingerprint();
  const Result result =
      go(psql("drop table events; begin; insert into members (name) values ('p');"
              "prepare transaction 'left_behind'; select 1/0;"));
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("left_behind"));
  sql("rollback prepared 'left_behind'");
  UndoOptions options = undo_options();
  options.on_foreign_writes = OnForeignWrites::Undo;  // the session that rolled it back
  EXPECT_EQ(undo(options, reporter, {}).exit_code, 0);
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(AnyGate, S1_ACopyThatSomebodyOpenedIsMadeAndProvenAgain) {
  const std::string before = fingerprint();
  const Result result =
      go(psql("select format('alter database %I allow_connections true', datname) from pg_database "
              "where datname like '%proof%'\\gexec\n"
              "drop table events cascade; select 1/0;"));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("the copy is made from the backup now"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(GateTest, WithoutTheTapTheCommandsSessionsCountAsOthers) {
  Options options = psql(kBreaks);
  options.tap = false;
  EXPECT_EQ(go(options).exit_code, 4) << reporter.all();
}

TEST_F(AnyGate, WithUndoNoneAFailedMigrationStaysUntilUndoMakesTheCopy) {
  const std::string before = fingerprint();
  Options options = psql(kBreaks);
  options.undo = Undo::None;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause;
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(undo(undo_options(), reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

}  // namespace
}  // namespace guard
