// Rows of others: saved at the gate and after an undo that was chosen all the same, listed, put
// back (F2, K14).

#include "guard/rescue.h"

#include "guard_fixture.h"

namespace guard {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RescueTest : public GuardTest {
 protected:
  // Somebody is at work, was so after the backup, and the operator chose to go on and to undo.
  Options disturbed(const std::string& script, const std::string& between) {
    Options options = psql(script);
    options.hold = Hold::None;
    options.on_foreign_writes = OnForeignWrites::Undo;
    options.questions.confirm = [this, between](const std::vector<std::string>&) {
      sql(between);
      return true;
    };
    return options;
  }
  RescueOptions rescue() {
    return {.database = database->conninfo(),
            .dir = folder.path() / "backups",
            .reference = runs().at(0).run};
  }
  std::string file(const std::string& name) {
    return util::read_text(runs().at(0).folder / kForeignFolder / name);
  }
};

constexpr const char* kOthers =
    "insert into members (id, name, email) values (9000, E'o''ther\\n\\\\x', null);"
    "update members set name = 'changed' where id = 7; delete from events where id = 300;";

TEST_F(RescueTest, F2_WhatTheMigrationDestroyedIsSavedAtTheGateAndPutBack) {
  const std::string before = fingerprint();
  // It removes what was written, restamps every row, and drops the column of another.
  ASSERT_EQ(go(disturbed("delete from members where id > 1000; update members set name = name;"
                         "alter table events drop column body; select 1/0;",
                         kOthers))
                .exit_code,
            3)
      << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.all(), HasSubstr("pgbelay rescue"));

  const std::vector<SavedTable> saved = rescued(rescue());
  ASSERT_EQ(saved.size(), 2U) << reporter.all();
  EXPECT_EQ(saved[0].name.name, "events");
  EXPECT_EQ(saved[0].certain, 1U);
  EXPECT_EQ(saved[1].certain, 2U);
  EXPECT_EQ(saved[1].unknown, 0U);
  EXPECT_THAT(file("public.members.csv"), HasSubstr("pgbelay_origin,pgbelay_change,id,name,email"));
  EXPECT_THAT(file("public.members.csv"), HasSubstr("certain,added,9000,"));

  EXPECT_EQ(put_back(rescue(), reporter, {}), 3U);
  EXPECT_EQ(value("select name from members where id = 9000"), "o'ther\n\\x");
  EXPECT_EQ(value("select name from members where id = 7"), "changed");
  EXPECT_EQ(value("select count(*) from events where id = 300"), "0");
}

TEST_F(RescueTest, K14_RowsWrittenDuringTheMigrationAreUnknownAndComeOnlyWhenAskedFor) {
  Options options = disturbed(
      "alter table members drop column email;\n\\echo half\nselect "
      "pg_sleep(0.3);\nselect 1/0;",
      "select 1");
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    pg::Connection other = database->connect();
    other.execute("insert into events values (7000, 1, '{}')");
  };
  ASSERT_EQ(go(options).exit_code, 3) << reporter.all();
  reporter.on_output = {};
  EXPECT_THAT(reporter.all(), HasSubstr("table public.members has other columns now"));
  const std::vector<SavedTable> saved = rescued(rescue());
  ASSERT_EQ(saved.size(), 1U) << reporter.all();
  EXPECT_EQ(saved[0].certain, 0U);
  EXPECT_EQ(saved[0].unknown, 1U);
  EXPECT_EQ(put_back(rescue(), reporter, {}), 0U);
  RescueOptions all = rescue();
  all.unknown = true;
  EXPECT_EQ(put_back(all, reporter, {}), 1U);
  EXPECT_EQ(value("select count(*) from events where id = 7000"), "1");
  // The kept database is closed again.
  pg::Connection maintenance = test::test_server().connect();
  for (const swap::Side& side : swap::list_sides(maintenance, name()))
    EXPECT_FALSE(side.allows_connections);
}

TEST_F(RescueTest, ARowThatIsNotAsTheUndoLeftItStopsAll) {
  ASSERT_EQ(go(disturbed("drop table events; select 1/0;", kOthers)).exit_code, 3)
      << reporter.all();
  sql("update members set name = 'newer' where id = 7");
  try {
    put_back(rescue(), reporter, {});
    ADD_FAILURE() << "put back over a newer row";
  } catch (const util::Error& error) {
    EXPECT_THAT(error.message(), HasSubstr("public.members"));
    EXPECT_THAT(error.message(), HasSubstr("not as the undo had left it"));
  }
  EXPECT_EQ(value("select count(*) from members where id = 9000"), "0") << "all or none";
  EXPECT_EQ(value("select count(*) from events where id = 300"), "1");
  RescueOptions one = rescue();
  one.tables = {"events"};
  EXPECT_EQ(put_back(one, reporter, {}), 1U);
}

TEST_F(RescueTest, FilesAreWhatPsqlCanApply) {
  ASSERT_EQ(go(disturbed("drop table events; select 1/0;", kOthers)).exit_code, 3)
      << reporter.all();
  const std::vector<SavedTable> saved = rescued(rescue());
  std::string script;
  for (const SavedTable& table : saved)
    script += util::cat("psql -X -q -v ON_ERROR_STOP=1 -d '", database->url(), "' -f '",
                        table.sql.string(), "' && ");
  ASSERT_EQ(std::system((script + "true").c_str()), 0);
  EXPECT_EQ(value("select name from members where id = 9000"), "o'ther\n\\x");
  EXPECT_EQ(value("select count(*) from events where id = 300"), "0");
}

TEST_F(RescueTest, ARunThatSavedNothingSaysSo) {
  Options options = psql(kBreaks);
  // Where sessions are not counted only a hold says that nobody else wrote.
  if (!counts_sessions()) options.hold = Hold::ReadOnly;
  ASSERT_EQ(go(options).exit_code, 3) << reporter.all();
  EXPECT_THROW(rescued(rescue()), util::Error);
}

}  // namespace
}  // namespace guard
