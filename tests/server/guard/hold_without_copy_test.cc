// A hold where no proven copy stands beside the database: the proof was made elsewhere or restored
// nothing, or the undo is made in place. What was written between backup and hold is in the
// follow-up of the backup, and an undo restores both (S10, S11, F9, S4).

#include "guard/catch_up.h"
#include "guard/hold.h"
#include "guard/sql_hold.h"
#include "guard/stray_run.h"
#include "guard_fixture.h"
#include "pg/private_server.h"
#include "support/own_temporaries.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Of everything that can change between a backup and a hold.
constexpr const char* kObjects = R"sql(
    create table audit (at int, what text);
    create function audited() returns trigger language plpgsql as
      $$ begin insert into audit values (1, tg_table_name); return null; end $$;
    create trigger audited after insert or delete on members for each row execute function audited();
    alter table members enable always trigger audited;
    create table parts (k int primary key, v text) partition by range (k);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (200);
    insert into parts select n, 'v' || n from generate_series(1, 150) n;
    create table refers (k int references parts, self bigint references events);
    insert into refers values (7, 1), (120, 2);
    create unique index on members (lower(name));
    create table made (i int, twice int generated always as (i * 2) stored);
    insert into made (i) values (1), (2);
    create table emptied (i int); insert into emptied select generate_series(1, 50);
    create table untouched (i int); insert into untouched values (1), (2);
    create materialized view per_member as select member, count(*) from events group by member;
    create materialized view above as select max(count) from per_member;
    create sequence lone; select nextval('lone');
    select lo_from_bytea(4711, 'before'), lo_from_bytea(4712, 'goes');
    comment on large object 4711 is 'a picture';)sql";
constexpr const char* kWritten = R"sql(
    insert into members (name, email) values ('neu', 'neu@example.org');
    delete from events where id = 300; update events set body = '{"u": 1}' where id = 1;
    insert into events values (8000, 501, '{}');
    update parts set v = 'changed' where k = 120; insert into parts values (199, 'new');
    insert into refers values (199, 8000);
    update made set i = 7 where i = 2;
    truncate emptied;
    refresh materialized view per_member; refresh materialized view above;
    select nextval('lone');
    select lo_put(4711, 0, 'after!'), lo_unlink(4712), lo_from_bytea(4713, 'new');
    comment on large object 4713 is 'another';)sql";
constexpr const char* kContent =
    "select concat_ws(' ', (select string_agg(m::text, ',' order by id) from members m),"
    " (select string_agg(e::text, ',' order by id) from events e),"
    " (select string_agg(p::text, ',' order by k) from parts p),"
    " (select string_agg(r::text, ',' order by k) from refers r),"
    " (select string_agg(m::text, ',' order by i) from made m),"
    " (select count(*) from emptied), (select count(*) from audit),"
    " (select string_agg(i::text, ',' order by i) from untouched),"
    " (select string_agg(p::text, ',' order by member) from per_member p), (select max from above),"
    " (select last_value from lone), (select last_value from members_id_seq),"
    " (select string_agg(concat(oid, encode(lo_get(oid), 'hex'), obj_description(oid, "
    "'pg_largeobject')), ',' order by oid) from pg_largeobject_metadata),"
    " (select string_agg(concat(conname, convalidated), ',' order by conname) from pg_constraint "
    "where connamespace = 'public'::regnamespace),"
    " (select string_agg(indexdef, ',' order by indexdef) from pg_indexes where schemaname = "
    "'public'),"
    " (select string_agg(concat(tgname, tgenabled), ',' order by tgname) from pg_trigger where not "
    "tgisinternal))";

class HoldWithoutCopyTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    temporaries_.emplace();
    sql(kObjects);
    sql(util::cat("comment on database ", name(), " is 'the shop; of all'"));
  }

  // The application writes after the proof and before the hold.
  Options held(const std::string& script) {
    Options options = psql(script);
    options.hold = Hold::ReadOnly;
    options.on_foreign_writes = OnForeignWrites::Ask;  // a hold is evidence on every server
    options.questions.confirm = [&](const std::vector<std::string>&) {
      sql(kWritten);
      under_hold = value(kContent);
      return true;
    };
    return options;
  }
  std::optional<std::string> setting(const std::string& of) {
    pg::Connection maintenance = test::test_server().connect();
    return sql::read_only_setting(maintenance, of);
  }
  std::string comment() {
    pg::Connection maintenance = test::test_server().connect();
    return sql::comment_of(maintenance, name());
  }
  void expect_released() {
    EXPECT_EQ(setting(name()), std::nullopt);
    EXPECT_EQ(comment(), "the shop; of all");
  }
  void expect_undone_with_follow_up(const Options& options, const std::string& caught_up) {
    const Result result = go(options);
    EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
    EXPECT_EQ(value(kContent), under_hold);
    EXPECT_THAT(reporter.all(), HasSubstr(caught_up));
    EXPECT_THAT(reporter.all(), HasSubstr(" kept out for"));
    expect_released();
    EXPECT_THAT(temporaries_->left("pgbelay-proof-"), IsEmpty());
  }

  std::string under_hold;  // what was committed when it began

 private:
  std::optional<test::OwnTemporaries> temporaries_;
};

TEST_F(HoldWithoutCopyTest, F9_S10_AnotherServersCopyIsCaughtUpAndDropped) {
  const util::TempDir there{"guard-elsewhere"};
  const pg::PrivateServer other({.folder = there.path()});
  Options options = held(kBreaks);
  options.proof_at = other.url();
  expect_undone_with_follow_up(options, "caught up at postgres@127.0.0.1");
  pg::Connection control = pg::Connection::open(other.conninfo(), "test");
  EXPECT_EQ(control.query("select from pg_database where datname like '%proof%'").row_count(), 0);
}

TEST_F(HoldWithoutCopyTest, F9_S10_AProofOnAPrivateServerIsCaughtUpThere) {
  Options options = held(kBreaks);
  options.proof_at = "local";
  expect_undone_with_follow_up(options, "caught up on a private PostgreSQL");
}

TEST_F(HoldWithoutCopyTest, F9_S8_UnderAnExclusiveHoldAsWell) {
  Options options = held(kBreaks);
  options.hold = Hold::Exclusive;
  options.proof_at = "local";
  expect_undone_with_follow_up(options, "caught up on a private PostgreSQL");
}

TEST_F(HoldWithoutCopyTest, K2_S10_AProofThatRestoresNothingHasItsFollowUpReadBack) {
  Options options = held(kBreaks);
  options.proof = archive::Level::ReadBack;
  expect_undone_with_follow_up(options, "backed up and read back");
}

TEST_F(HoldWithoutCopyTest, S4_S10_AnUndoInPlaceRestoresBoth) {
  Options options = held(kBreaks);
  options.undo = Undo::Replace;
  options.proof = archive::Level::ReadBack;
  const std::uint32_t was = oid();
  expect_undone_with_follow_up(options, "backed up and read back");
  EXPECT_EQ(oid(), was);
}

TEST_F(HoldWithoutCopyTest, S4_S8_AnUndoInPlaceUnderAnExclusiveHoldGivesTheNameBack) {
  Options options = held(kBreaks);
  options.undo = Undo::Replace;
  options.hold = Hold::Exclusive;
  options.proof = archive::Level::ReadBack;
  const std::uint32_t was = oid();
  expect_undone_with_follow_up(options, "backed up and read back");
  EXPECT_EQ(oid(), was);
}

TEST_F(HoldWithoutCopyTest, S4_ASuccessIsTakenBackToWhatWasThereUnderTheHold) {
  Options options = held("alter table members drop column email;");
  options.undo = Undo::Replace;
  options.proof = archive::Level::ReadBack;
  options.keep_undo = std::chrono::hours(1);
  options.allow_destructive = true;
  const Result result = go(options);
  ASSERT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  expect_released();
  UndoOptions back = undo_options();
  back.reference = result.run;
  back.on_foreign_writes = OnForeignWrites::Undo;
  back.sequences = Sequences::Exact;
  EXPECT_EQ(undo(back, reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(value(kContent), under_hold);
  expect_released();
}

TEST_F(HoldWithoutCopyTest, K14_NothingIsBegunWithAFollowUpThatIsNotWhole) {
  Options options = held("create table newer (i int);");
  options.undo = Undo::Replace;
  options.proof = archive::Level::ReadBack;
  options.keep_undo = std::chrono::hours(1);
  const Result result = go(options);
  ASSERT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  const std::optional<backup::Backup> follow_up = follow_up_of(read_run(result.folder));
  ASSERT_TRUE(follow_up);
  std::filesystem::resize_file(follow_up->archive_path(),
                               std::filesystem::file_size(follow_up->archive_path()) - 1);
  UndoOptions back = undo_options();
  back.reference = result.run;
  back.on_foreign_writes = OnForeignWrites::Undo;
  try {
    undo(back, reporter, {});
    ADD_FAILURE() << "no error\n" << reporter.all();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.exit_code(), 5) << error.text();
    EXPECT_THAT(error.message(), HasSubstr("catch-up"));
  }
  EXPECT_EQ(value("select count(*) from newer"), "0") << "nothing was begun";
  expect_released();
}

// Where nothing carries the mark but the database's own comment.
TEST_F(HoldWithoutCopyTest, S18_WhatHasToBePutBackIsOnTheDatabaseItself) {
  sql(util::cat("alter database ", name(), " set default_transaction_read_only = off"));
  Options options = held("alter table members drop column email;\n\\echo half\nselect 1/0;");
  options.proof = archive::Level::ReadBack;
  std::string meanwhile;
  std::vector<StrayRun> stray;
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    meanwhile = comment();
    pg::Connection maintenance = test::test_server().connect();
    stray = stray_runs(maintenance, name(), folder.path() / "another machine");
  };
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(meanwhile,
              testing::StartsWith(util::cat("the shop; of all; pgbelay run ", result.run, ", ")));
  ASSERT_EQ(stray.size(), 1);
  EXPECT_EQ(stray[0].side, name());
  EXPECT_EQ(stray[0].mark.run, result.run);
  EXPECT_EQ(stray[0].mark.begun, Begun::Yes);
  ASSERT_TRUE(stray[0].mark.hold);
  EXPECT_EQ(stray[0].mark.hold->database, name());
  EXPECT_EQ(stray[0].mark.hold->previous, "off");
  EXPECT_EQ(setting(name()), "off") << "as it was";
  EXPECT_EQ(comment(), "the shop; of all");
}

TEST_F(HoldWithoutCopyTest, S18_ACommentThatTheMigrationGivesStays) {
  Options options = held(util::cat("comment on database ", name(), " is 'newer';"));
  options.proof = archive::Level::ReadBack;
  EXPECT_EQ(go(options).exit_code, 0) << reporter.all();
  EXPECT_EQ(comment(), "newer");
  EXPECT_EQ(setting(name()), std::nullopt);
}

// An undo in place that fails leaves the hold to whoever decides, as every exit 4 does.
TEST_F(HoldWithoutCopyTest, S4_AFailedUndoInPlaceLeavesTheHoldStanding) {
  Options options = held(util::cat("\\echo half\n", kBreaks));
  options.undo = Undo::Replace;
  options.proof = archive::Level::ReadBack;
  std::filesystem::path archive;
  std::string whole;
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    archive = follow_up_of(read_run(runs().at(0).folder)).value().archive_path();
    whole = util::read_text(archive);
    std::filesystem::resize_file(archive, whole.size() / 2);
  };
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "1") << "the failed state";
  EXPECT_EQ(setting(name()), "on");
  EXPECT_THAT(comment(), HasSubstr("read-only hold of"));
  util::publish_text(archive, whole);
  EXPECT_EQ(undo(undo_options(), reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(value(kContent), under_hold);
  expect_released();
}

TEST_F(HoldWithoutCopyTest, ItsOptionsMustFit) {
  Options options = held(kBreaks);
  options.undo = Undo::Clone;
  options.proof = archive::Level::ReadBack;
  EXPECT_THAT(error_of(options).text(), HasSubstr("Choose --undo swap or replace"));
  options = held(kBreaks);
  options.blue_green = true;
  options.proof_at = "local";
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 2);
  EXPECT_THAT(error.text(), HasSubstr("--proof-at leaves none there"));
  EXPECT_THAT(error.text(), HasSubstr("--hold read-only"));
}

}  // namespace
}  // namespace guard
