// What a run may be asked for together: a rehearsal and a hold of each kind, an application that is
// not well after it was let in, and --blue-green.

#include "guard/hold.h"
#include "guard/sql_hold.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using namespace std::chrono_literals;

// Good as long as nobody has written between backup and hold: in the rehearsal, that is.
constexpr const char* kFailsOnlyAfterTheRehearsal =
    "alter table members drop column email;\n"
    "insert into events values (9001, 1, '{}');\n"
    "select 1 / (count(*) - 1) from members where name = 'between';";
constexpr const char* kGood = "alter table members add column phone text;";

enum class Kept { ReadOnly, Exclusive, BlueGreen };

std::string kept_name(const testing::TestParamInfo<Kept>& info) {
  return info.param == Kept::ReadOnly    ? "read_only"
         : info.param == Kept::Exclusive ? "exclusive"
                                         : "blue_green";
}

class Combined : public GuardTest, public testing::WithParamInterface<Kept> {
 protected:
  // The application writes after proof and rehearsal, before the hold.
  Options held(const std::string& script) {
    Options options = psql(script);
    options.hold = GetParam() == Kept::Exclusive ? Hold::Exclusive : Hold::ReadOnly;
    options.blue_green = GetParam() == Kept::BlueGreen;
    options.on_foreign_writes = OnForeignWrites::Ask;  // a hold is evidence on every server
    options.allow_destructive = true;
    options.questions.confirm = [&](const std::vector<std::string>&) {
      sql("insert into members (name) values ('between')");
      under_hold = fingerprint();
      return true;
    };
    return options;
  }
  Options rehearsed(const std::string& script) {
    Options options = held(script);
    options.rehearsal.when = Rehearse::Yes;
    return options;
  }
  Options not_well(Options options) {
    options.outside.health_command = "echo not well >&2; exit 1";
    options.outside.health_timeout = 300ms;
    return options;
  }
  void expect_released() {
    {
      pg::Connection maintenance = test::test_server().connect();
      EXPECT_EQ(sql::read_only_setting(maintenance, name()), std::nullopt);
      EXPECT_EQ(
          maintenance
              .query("select from pg_database where starts_with(datname, $1)", {name() + "__held_"})
              .row_count(),
          0);
    }
    for (const std::string& side : sides())
      EXPECT_THAT(side, HasSubstr("__failed_")) << "nothing else is left";
    sql("create table let_in_again (i int); drop table let_in_again");
  }
  std::string under_hold;
};

TEST_P(Combined, F10_AGoodMigrationIsRehearsedAndMadeUnderTheHold) {
  const Result result = go(rehearsed(kGood));
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("rehearsal ok"));
  EXPECT_THAT(reporter.all(), HasSubstr("1 table, 501 rows caught up"));
  EXPECT_EQ(value("select count(phone) from members"), "0");
  EXPECT_EQ(value("select count(*) from members where name = 'between'"), "1");
  expect_released();
}

TEST_P(Combined, F10_AMigrationThatOnlyItsRehearsalLikedIsUndoneToWhatWasCaughtUp) {
  const Result result = go(rehearsed(kFailsOnlyAfterTheRehearsal));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("rehearsal ok"));
  EXPECT_EQ(fingerprint(), under_hold);
  expect_released();
}

TEST_P(Combined, F10_AMigrationThatFailsInItsRehearsalKeepsNobodyOut) {
  const std::string before = fingerprint();
  const util::Error error = error_of(rehearsed(kBreaks));
  EXPECT_THAT(error.text(), HasSubstr("the migration failed in its rehearsal"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.all(), testing::Not(HasSubstr(" kept out for ")));
  EXPECT_THAT(sides(), IsEmpty());
  expect_released();
}

TEST_P(Combined, AnApplicationThatIsNotWellHasTheMigrationUndoneToWhatWasCaughtUp) {
  if (!counts_sessions()) GTEST_SKIP() << "whether it wrote is known from 15 on";
  const Result result = go(not_well(held(kGood)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("not well"));
  EXPECT_EQ(fingerprint(), under_hold);
  expect_released();
}

// Let in, it has written: nobody but a person can say whether that may go.
TEST_P(Combined, AnApplicationThatIsNotWellAndHasWrittenIsADecision) {
  Options options = not_well(held(kGood));
  options.outside.after_release = util::cat("psql -X -q -d '", database->url(),
                                            "' -c \"insert into events values (7000, 1, '{}')\"");
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select count(*) from events where id = 7000"), "1");
  EXPECT_EQ(value("select count(phone) from members"), "0") << "the migrated state";
  sql("insert into events values (7001, 1, '{}')");  // writers are in
  UndoOptions back = undo_options();
  back.on_foreign_writes = OnForeignWrites::Undo;
  EXPECT_EQ(undo(back, reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(fingerprint(), under_hold);
  expect_released();
}

INSTANTIATE_TEST_SUITE_P(S8, Combined,
                         testing::Values(Kept::ReadOnly, Kept::Exclusive, Kept::BlueGreen),
                         kept_name);

}  // namespace
}  // namespace guard
