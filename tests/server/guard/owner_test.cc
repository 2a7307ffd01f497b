// An ordinary owner with CREATEDB, as applications log in, and a server that dies under the
// migration.

#include "guard/preflight.h"
#include "guard_fixture.h"
#include "pg/sql_changes.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class OwnerTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    role = util::cat("owner_", name());
    sql(util::cat("create role ", role, " login createdb; alter database ", name(), " owner to ",
                  role, "; alter table members owner to ", role, "; alter table events owner to ",
                  role, "; alter function answer() owner to ", role));
  }
  void TearDown() override {
    GuardTest::TearDown();
    if (!role.empty()) test::test_server().connect().execute(util::cat("drop role ", role));
  }
  Options as_owner(Options options) {
    options.database = options.database.with_option("user", role);
    options.command->urls.front().second =
        util::replace_all(database->url(), "postgres@", role + "@");
    options.server_free = std::uint64_t{1} << 40U;  // he may not see where the server's files are
    return options;
  }
  std::string role;
};

TEST_F(OwnerTest, CanMigrate) {
  const Result result = go(as_owner(psql("alter table members add column phone text;")));
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(OwnerTest, HasAFailedMigrationUndone) {
  const std::string before = fingerprint();
  const Result result = go(as_owner(psql(kBreaks)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(
      value("select pg_get_userbyid(datdba) from pg_database where datname = current_database()"),
      role);
}

// F9, S17: on the private server he is no more than here.
TEST_F(OwnerTest, S17_ProvesOnAPrivateServerWithHisOwnRights) {
  sql("create function may_be(int) returns bool language sql as 'select not exists (select from "
      "pg_roles where rolname = current_user and rolsuper)'; alter function may_be(int) owner to " +
      role + "; set role " + role + "; alter table members add check (may_be(id))");
  Options options = as_owner(psql("alter table members add column phone text;"));
  options.proof_at = "local";
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("equals the snapshot on a private PostgreSQL"));
}

// S3, M8: what he may not make again keeps him from a restore, not from a copy by the server.
TEST_F(OwnerTest, S3M8CloneHelpsWhereHeMayNotRestore) {
  sql("create extension dblink; create table links (name text); alter table links owner to " +
      role);
  Options options = as_owner(psql(kBreaks));
  options.proof = archive::Level::ReadBack;
  options.undo = Undo::Swap;
  EXPECT_THAT(error_of(options).text(), testing::AllOf(HasSubstr("dblink"), HasSubstr("clone")));

  const std::string before = fingerprint();
  options.undo = Undo::Clone;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("nobody could connect for"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(value("select count(*) from pg_extension where extname = 'dblink'"), "1");
}

// What keeps him from a restore beside the database does not keep him from one in place.
TEST_F(OwnerTest, S3_AutoChoosesTheUndoThatIsPossibleAndSaysWhy) {
  sql("create extension dblink");
  const std::string before = fingerprint();
  Options options = as_owner(psql(kBreaks));
  options.proof = archive::Level::ReadBack;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.all(), HasSubstr("undo replace (role owner_"));
  EXPECT_THAT(reporter.all(), HasSubstr("could not make again what a copy needs"));
  EXPECT_THAT(reporter.all(), HasSubstr("contents restored from the backup in place"));
}

// The proof could be made nowhere: each way is named with what it lacks.
TEST_F(OwnerTest, S3_WhereNoUndoIsPossibleEachIsNamedWithWhatItLacks) {
  sql("create extension dblink");
  const util::Error error = error_of(as_owner(psql(kBreaks)));
  EXPECT_NE(error.exit_code(), 4);
  EXPECT_THAT(error.text(), HasSubstr("a failed migration could not be undone (swap: "));
  EXPECT_THAT(error.text(), HasSubstr("; replace: the proof on a private server here"));
  EXPECT_THAT(runs(), IsEmpty());
}

TEST_F(OwnerTest, S6_DoctorSaysOfEachUndoWhetherItIsPossible) {
  sql("create extension dblink");
  const Preflight found = guard::preflight({.database = as_owner(psql("")).database,
                                            .dir = folder.path(),
                                            .server_free = std::uint64_t{1} << 40U,
                                            .proof = archive::Level::ReadBack,
                                            .all_ways = true},
                                           {});
  std::string told;
  for (const Line& line : way_lines(found)) told += util::cat(line.subject, ": ", line.text, "\n");
  EXPECT_THAT(told, HasSubstr("undo swap: not possible: role owner_"));
  EXPECT_THAT(told, HasSubstr("dblink"));
  EXPECT_THAT(told, HasSubstr("undo replace: possible: "));
  EXPECT_THAT(told, HasSubstr("undo clone: possible, on request only"));
  EXPECT_THAT(told, HasSubstr("undo none: possible"));
}

TEST_F(OwnerTest, M8CloneDoesNotEndTheSessionsOfOthersUnasked) {
  Options options = psql(kBreaks);  // as superuser, who could
  options.hold = Hold::Auto;        // --hold none would be the consent
  options.undo = Undo::Clone;
  options.proof = archive::Level::ReadBack;
  options.questions.with_others = [](const std::vector<std::string>&, MayHold) {
    return WithOthers::GoOn;
  };
  pg::Connection other = database->connect();
  EXPECT_EQ(error_of(options).kind(), util::Kind::NotConfirmed);
  EXPECT_EQ(other.query("select 1").str(0, 0), "1");
}

// A migration that succeeds: its clone is the old state, which `undo` brings back later.
TEST_F(OwnerTest, M8ACloneIsKeptForALaterUndo) {
  const std::string before = fingerprint();
  Options options = as_owner(psql("alter table members add column phone text;"));
  options.undo = Undo::Clone;
  options.proof = archive::Level::ReadBack;
  options.keep_undo = std::chrono::hours(1);
  const Result result = go(options);
  ASSERT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  const Result undone = undo({.database = options.database,
                              .dir = options.dir,
                              .reference = result.run,
                              .on_foreign_writes = OnForeignWrites::Undo},
                             reporter, {});
  EXPECT_EQ(undone.outcome, Outcome::Undone) << undone.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
}

// Of a stranger he sees neither type nor state, but that he is there.
TEST_F(OwnerTest, F5_SeesAStrangersSession) {
  pg::Connection other = database->connect();
  const util::Error error = error_of(as_owner(psql(kBreaks)));
  EXPECT_TRUE(error.kind() == util::Kind::NotConfirmed || error.kind() == util::Kind::Preflight)
      << error.text();
}

// F5, S1: a crash restart resets the counters and empties the unlogged tables of the copy.
class CrashTest : public GuardTest {};

TEST_F(CrashTest, F5_S1_AServerThatDiesUnderTheMigrationProvesNothing) {
  const std::string before = fingerprint();
  Options options = psql(
      "alter table members drop column email; select pg_sleep(0.2);\n\\echo half\nselect "
      "pg_sleep(60);");
  options.on_foreign_writes = OnForeignWrites::Ask;
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    test::test_server().server().stop(pg::PrivateServer::Stop::Immediate);
    test::test_server().server().start();
  };
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  reporter.on_output = {};
  UndoOptions forced = undo_options();
  forced.on_foreign_writes = OnForeignWrites::Undo;
  const Result undone = undo(forced, reporter, {});
  EXPECT_EQ(undone.exit_code, 0) << undone.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("the copy is made from the backup now"));
  EXPECT_EQ(fingerprint(), before);
}

// As many strangers as the counter had sessions before: by the numbers nobody was there.
TEST_F(CrashTest, F5_ACounterThatComesToTheSameNumberOnceMoreProvesNothing) {
  if (!counts_sessions()) GTEST_SKIP() << "this server does not count sessions exactly";
  const auto counted = [&] {
    pg::Connection maintenance = test::test_server().connect();
    return pg::session_counter(maintenance, name()).sessions.value_or(0);
  };
  Options options = psql(
      "alter table members drop column email; select pg_sleep(0.2);\n\\echo half\nselect "
      "pg_sleep(60);");
  options.on_foreign_writes = OnForeignWrites::Ask;
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    const std::uint64_t before = counted();
    test::test_server().server().stop(pg::PrivateServer::Stop::Immediate);
    test::test_server().server().start();
    while (counted() < before) sql("select 1");
    EXPECT_EQ(counted(), before);
  };
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("has crashed"));
}

}  // namespace
}  // namespace guard
