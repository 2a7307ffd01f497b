// rehearse and migrate --rehearse, as an operator runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/guarded.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::Not;

class Rehearsed : public test::GuardedTest {
 protected:
  Rehearsed() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    before_ = content();
  }
  std::string before_;
};

TEST_F(Rehearsed, FilesAreRehearsedByDefaultAndTheReportIsBesideTheJournal) {
  write("migrations/001_note.sql", "alter table orders alter column note type varchar(500);\n");
  const BinaryResult result = run({"migrate", "--yes", "migrations"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("rehearsal"));
  EXPECT_THAT(result.err, HasSubstr("ACCESS EXCLUSIVE on public.orders"));
  const std::string html = util::read_text(last_run() / "report.html");
  EXPECT_THAT(html, HasSubstr("The migration may run"));
  EXPECT_THAT(html, Not(HasSubstr(test::scram_password())));
  const std::string json = util::read_text(last_run() / "rehearsal.json");
  EXPECT_THAT(json, HasSubstr("\"schema\": \"pgbelay.rehearsal/1\""));
  EXPECT_THAT(json, Not(HasSubstr(test::scram_password())));
  expect_nothing_left_behind();
}

TEST_F(Rehearsed, ACommandOnlyIfAskedTo) {
  const std::vector<std::string> psql{"--", "psql", "-X", "-q", "-c", "create table one (i int)"};
  std::vector<std::string> plain{"migrate", "--yes"};
  plain.insert(plain.end(), psql.begin(), psql.end());
  EXPECT_THAT(run(plain).err, Not(HasSubstr("rehearsal")));
  const BinaryResult asked = run({"migrate", "--yes", "--rehearse", "--", "psql", "-X", "-q", "-c",
                                  "create table two (i int)"});
  EXPECT_EQ(asked.status, 0) << asked.err;
  EXPECT_THAT(asked.err, HasSubstr("rehearsal"));
}

TEST_F(Rehearsed, RehearseTouchesNothingAndSaysWhatItSaw) {
  const BinaryResult result =
      run({"rehearse", "--", "psql", "-X", "-q", "-c", "alter table orders drop column note"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
  EXPECT_THAT(result.err, HasSubstr("report.html"));
  const BinaryResult undo = run({"undo", "--yes", last_run().filename().string()});
  EXPECT_EQ(undo.status, 2) << undo.err;
  EXPECT_THAT(undo.err, HasSubstr("was a rehearsal"));
}

TEST_F(Rehearsed, LimitsOfTheConfigurationStopWithNine) {
  const std::filesystem::path configuration = folder() / "pgbelay.toml";
  const bool has_any = std::filesystem::exists(configuration);  // before 15: how to judge others
  write("pgbelay.toml", util::cat(has_any ? util::read_text(configuration) : "",
                                  "[rehearsal]\nmax_rewrite_bytes = \"1kB\"\nmax_lock = \"1h\"\n"));
  write("migrations/001_id.sql",
        "create table big as select n, repeat('x', 100) t from generate_series(1, 1000) n;\n");
  ASSERT_EQ(run({"migrate", "--yes", "migrations"}).status, 0);
  write("migrations/002_rewrite.sql", "alter table big alter column n type bigint;\n");
  const BinaryResult stopped = run({"migrate", "--yes", "migrations"});
  expect_refusal(stopped, 9, {"rehearsal.max_rewrite_bytes", "report.html"});
  EXPECT_EQ(query("select atttypid::regtype from pg_attribute where attrelid = 'big'::regclass and "
                  "attname = 'n'"),
            "integer");
  EXPECT_EQ(run({"migrate", "--yes", "--on-limit", "warn", "migrations"}).status, 0);
  EXPECT_EQ(run({"migrate", "--yes", "--no-rehearse", "migrations"}).status, 0);
}

TEST_F(Rehearsed, F10ARoleIsRefusedWithNineAndAFailureEndsWithOne) {
  expect_refusal(run({"rehearse", "--", "psql", "-X", "-q", "-c", "create role nobody_yet"}), 9,
                 {"create role nobody_yet", "--shared-objects allow"});
  EXPECT_EQ(query("select count(*) from pg_roles where rolname = 'nobody_yet'"), "0");
  expect_refusal(run({"rehearse", "--", "psql", "-X", "-q", "-c", "select nonsense"}), 1,
                 {"nonsense", "the database is as it was"});
  EXPECT_EQ(content(), before_);
}

TEST_F(Rehearsed, SaysBothIsWrongUsage) {
  expect_refusal(run({"migrate", "--yes", "--rehearse", "--no-rehearse", "--", "true"}), 2,
                 {"--no-rehearse"});
  expect_refusal(run({"migrate", "--yes", "--rehearse", "--no-tap", "--", "true"}), 2,
                 {"--no-tap"});
}

}  // namespace
