// --undo replace: an ordinary owner, without CREATEDB, of one database and nothing else, as managed
// hosting has it (postgres-hazards.md S4, S5, S16).

#include <algorithm>
#include <atomic>
#include <fstream>
#include <thread>

#include "backup/backup.h"
#include "guard/journal.h"
#include "guard/preflight.h"
#include "guard/rescue.h"
#include "guard/strategy.h"
#include "guard_fixture.h"
#include "util/subprocess.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// Everything that has to come back, and that a plain restore gets wrong: circles, orders,
// privileges, and things that are not the owner's.
constexpr std::string_view kWild = R"sql(
create schema app;
create schema "Odd ""schema";
comment on schema app is 'of the application';
grant usage on schema app to public;
alter default privileges in schema app grant select on tables to public;
alter default privileges revoke execute on functions from public;
create extension hstore schema app;
create type app.mood as enum ('bad', 'good');
create type app.pair as (a int, b app.mood);
create domain app.positive as int check (value > 0);
create type app.span as range (subtype = int);
create function app.next_number(n int) returns int language sql immutable as 'select n + 1';
create table app.a (id int generated always as identity primary key, b int, m app.mood default 'good', p app.pair,
                    n app.positive default app.next_number(1), s app.span, h app.hstore,
                    twice int generated always as (b * 2) stored);
create table app.b (id serial primary key, a int references app.a (id), note text);
alter table app.a add foreign key (b) references app.b (id) deferrable initially deferred;
insert into app.a (b, p, s, h) select null, row (n, 'bad')::app.pair, app.span(n, n + 5), 'k=>v' from generate_series(1, 50) n;
insert into app.b (a, note) select n, 'b' || n from generate_series(1, 50) n;
update app.a set b = id;
create table app.parts (k int, v text) partition by range (k);
create table app.parts_1 partition of app.parts for values from (0) to (100);
create table app.parts_2 partition of app.parts for values from (100) to (200) partition by list (v);
create table app.parts_2a partition of app.parts_2 default;
create index on app.parts (k);
insert into app.parts select n, 'v' || n from generate_series(0, 199) n;
create table app.parent (i int);
create table app.child (j int) inherits (app.parent);
insert into app.child values (1, 2);
create view app.v1 as select a.id, app.next_number(a.id) as n from app.a;
create view app.v2 as select v1.n, b.note from app.v1 join app.b on b.a = v1.id;
create function app.of_v2() returns setof app.v2 language sql stable begin atomic select * from app.v2; end;
create materialized view app.m as select count(*) as c from app.v2;
create index on app.m (c);
create materialized view app.m2 as select c + 1 as d from app.m;
create function app.touch() returns trigger language plpgsql as $$ begin new.note := new.note || '.'; return new; end $$;
create trigger touch before update on app.b for each row execute function app.touch();
create rule quiet as on delete to app.child do instead nothing;
create statistics app.st on a, note from app.b;
alter table app.b enable row level security;
create policy only_few on app.b for select using (a < 40);
grant select (note) on app.b to public;
create sequence app.alone start 7 increment 3;
select nextval('app.alone');
create operator app.<+> (leftarg = int, rightarg = int, function = int4pl);
create aggregate app.total (int) (sfunc = int4pl, stype = int, initcond = '0');
create procedure app.noop(x int) language sql as 'select 1';
create collation app.c_like (locale = 'C');
create text search configuration app.conf (copy = simple);
create table "Odd ""schema"."T 1" ("x y" text);
insert into "Odd ""schema"."T 1" values (E'a\tb\n'), (null);
comment on column "Odd ""schema"."T 1"."x y" is 'it''s';
select lo_from_bytea(0, 'large one'), lo_from_bytea(0, 'large two');
create publication ours for table app.a;
)sql";

// What a migration may do before it fails.
constexpr const char* kHavoc = R"sql(
drop view app.v2 cascade;
alter table app.b alter note type varchar(200), drop column a cascade, add column extra app.mood;
alter table members drop column email;
create table newer (id serial primary key, of int references app.b);
create view newer_view as select * from newer;
create schema newer_schema create table t (i int);
alter table app.parts detach partition app.parts_1;
drop table app.parent cascade;
alter type app.mood add value 'better';
drop extension hstore cascade;
create extension pg_trgm;
select lo_unlink(min(oid)) from pg_largeobject_metadata;
select lo_from_bytea(0, 'newer');
alter default privileges in schema app revoke select on tables from public;
alter default privileges grant insert on tables to public;
revoke usage on schema app from public;
grant create on schema public to public;
comment on schema public is 'changed';
drop publication ours;
create publication newer_one for table members;
select nextval('app.alone');
do $$ begin execute format('alter database %I set work_mem = ''7MB''', current_database()); end $$;
do $$ begin execute format('comment on database %I is ''failed''', current_database()); end $$;
alter table members rename column nosuch to other;
)sql";

class ReplaceTest : public GuardTest {
 protected:
  void SetUp() override {
    GuardTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    role = util::cat("tenant_", name());
    sql(util::cat("create role ", role, " login nocreatedb; alter database ", name(), " owner to ",
                  role, "; alter table members owner to ", role, "; alter table events owner to ",
                  role, "; alter function answer() owner to ", role, "; create extension dblink;",
                  "alter database ", name(), " set work_mem = '5MB'; comment on database ", name(),
                  " is 'the shop'"));
  }
  void TearDown() override {
    GuardTest::TearDown();
    if (!role.empty()) test::test_server().connect().execute(util::cat("drop role ", role));
  }

  pg::ConnInfo owner() const { return database->conninfo().with_option("user", role); }
  void as_role(std::string_view text) {
    pg::Connection connection = pg::Connection::open(owner(), "test");
    connection.execute(text);
  }
  Options tenant(Options options) {
    options.database = owner();
    options.command->urls.front().second =
        util::replace_all(database->url(), "postgres@", role + "@");
    options.server_free = std::uint64_t{1} << 40U;
    options.proof = archive::Level::ReadBack;
    return options;
  }
  UndoOptions tenant_undo() {
    UndoOptions options = undo_options();
    options.database = owner();
    return options;
  }
  // All that a stock pg_dump says, positions and privileges included, and the database's own
  // properties.
  std::string dumped() {
    const util::Captured ran =
        util::capture({.argv = {(test::server_bin_directory() / "pg_dump").string(), "--create",
                                "-d", database->url()}},
                      {}, 64U << 20U);
    EXPECT_EQ(ran.ended.status, 0) << ran.err;
    std::string out;
    for (const std::string_view line : util::split(ran.out, '\n')) {
      if (!line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        out += util::cat(line, '\n');
    }
    wait_alone();
    return out;
  }
  std::filesystem::path options_dir() const { return folder.path() / "backups"; }
  Result succeeded(const std::string& script,
                   std::chrono::milliseconds keep = std::chrono::hours(1)) {
    Options options = tenant(psql(script));
    options.keep_undo = keep;
    options.allow_destructive = true;
    Result result = go(options);
    EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
    return result;
  }
  UndoOptions later(const Result& run, OnForeignWrites writes) {
    UndoOptions options = tenant_undo();
    options.reference = run.run;
    options.on_foreign_writes = writes;
    return options;
  }
  util::Error refused(const Result& run, OnForeignWrites writes) {
    try {
      undo(later(run, writes), reporter, {});
    } catch (const util::Error& error) {
      return error;
    }
    return {util::Kind::Bug, "no error"};
  }
  // A success that was to be taken back, and was not.
  void expect_untouched() {
    EXPECT_EQ(value("select count(*) from newer"), "0");
    EXPECT_EQ(runs().back().state, RunState::Released);
    EXPECT_NE(runs().back().undo_until, "");
    EXPECT_EQ(value("select count(*) from pg_db_role_setting where setconfig::text like "
                    "'%read_only%' and setdatabase = (select oid from pg_database where datname = "
                    "current_database())"),
              "0");
  }
  static int major() { return test::test_server().connect().server_major(); }
  // Before 14 the body of a function is text that needs nothing.
  static std::string wild() {
    const std::string text(kWild);
    if (major() >= 14) return text;
    return util::replace_all(text, "begin atomic select * from app.v2; end",
                             "as 'select * from app.v2'");
  }
  std::string extension_oid() {
    return value("select oid from pg_extension where extname = 'dblink'");
  }

  std::string role;
};

TEST_F(ReplaceTest, S5_BringsBackTheExactOldState) {
  // What the migration does to `public` is the database owner's to do from 15 on.
  if (major() < 15) sql(util::cat("alter schema public owner to ", role));
  as_role(wild());
  wait_alone();
  const std::string before = dumped();
  const std::string staying = extension_oid();
  const std::uint32_t database_was = oid();
  const Result result = go(tenant(psql(kHavoc)));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  // M7: where nobody can know whether others drew from a sequence, it stays where it is.
  const std::string expected = counts_sessions()
                                   ? before
                                   : util::replace_all(before, "setval('app.alone', 7, true)",
                                                       "setval('app.alone', 10, true)");
  EXPECT_EQ(dumped(), expected);
  EXPECT_EQ(extension_oid(), staying) << "what the role could not make again was not touched";
  EXPECT_EQ(oid(), database_was) << "in place";
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_THAT(reporter.all(), HasSubstr("no CREATEDB"));
  EXPECT_THAT(reporter.all(), HasSubstr("compared before the commit"));
  // Nothing is lost: the failed state is a backup.
  const backup::Backup failed = backup::open(result.kept);
  const auto& tables = failed.manifest.tables;
  EXPECT_TRUE(std::any_of(tables.begin(), tables.end(), [](const archive::TableRecord& table) {
    return table.table == "newer";
  }));
  EXPECT_EQ(runs().back().state, RunState::Undone);
  // And the next migration finds everything it needs.
  EXPECT_EQ(go(tenant(psql("create table app.later (i int);"))).exit_code, 0) << reporter.all();
}

// What the server remembers of initdb's privileges on `public` names the owner of then.
TEST_F(ReplaceTest, S5_PrivilegesOfAPublicThatGotAnotherOwnerComeBack) {
  sql(util::cat("drop extension dblink; alter schema public owner to ", role));
  as_role("revoke all on schema public from public");
  wait_alone();
  const Result result =
      go(tenant(psql("grant create on schema public to public;\n"
                     "insert into members (name) values ('new');\nselect nonsense;")));
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select nspowner::regrole || ' ' || nspacl::text from pg_namespace "
                  "where nspname = 'public'"),
            util::cat(role, " {", role, "=UC/", role, "}"));
  EXPECT_EQ(value("select max(name) from members where id > 500"), "null");
}

// Hours later the backup is the old state. Others have written since: that is asked about, saved,
// and can be put back.
TEST_F(ReplaceTest, S5_ASuccessIsTakenBackToTheExactOldState) {
  if (major() < 15) sql(util::cat("alter schema public owner to ", role));
  as_role(wild());
  wait_alone();
  const std::string before = dumped();
  const std::string havoc(kHavoc);
  const Result run = succeeded(havoc.substr(0, havoc.find("alter table members rename")));
  sql("insert into events values (9001, 1, '{}')");
  const util::Error asked = refused(run, OnForeignWrites::Ask);
  EXPECT_EQ(asked.exit_code(), 6) << asked.text();
  EXPECT_THAT(asked.hint(), HasSubstr("a backup in the run's folder"));
  EXPECT_EQ(runs().back().state, RunState::Released);

  UndoOptions exactly = later(run, OnForeignWrites::Undo);
  exactly.sequences = Sequences::Exact;  // or app.alone would go on: M7
  const Result back = undo(exactly, reporter, {});
  ASSERT_EQ(back.exit_code, 0) << back.cause << "\n" << reporter.all();
  EXPECT_EQ(dumped(), before);
  EXPECT_EQ(runs().back().state, RunState::Undone);
  const backup::Backup kept = backup::open(back.kept);
  EXPECT_TRUE(std::any_of(kept.manifest.tables.begin(), kept.manifest.tables.end(),
                          [](const auto& table) { return table.table == "newer"; }));

  const RescueOptions events{.database = owner(),
                             .dir = options_dir(),
                             .reference = run.run,
                             .tables = {"events"},
                             .unknown = true};
  EXPECT_EQ(put_back(events, reporter, {}), 1U) << reporter.all();
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "1");
}

TEST_F(ReplaceTest, K14_ASuccessIsTakenBackWithoutAQuestionWhereNobodyCame) {
  if (!counts_sessions()) GTEST_SKIP() << "this server cannot tell";
  const std::string before = fingerprint();
  const Result run = succeeded("alter table members drop column email;");
  EXPECT_THAT(reporter.all(), HasSubstr("its backup can be put in its place: pgbelay undo"));
  EXPECT_NE(runs().back().undo_until, "");
  const Result back = undo(later(run, OnForeignWrites::Ask), reporter, {});
  EXPECT_EQ(back.exit_code, 0) << back.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(runs().back().undo_until, "");
}

TEST_F(ReplaceTest, K14_NothingIsBegunWithABackupThatIsNotWhole) {
  const Result run = succeeded("create table newer (i int);");
  const std::filesystem::path dump = options_dir() / run.backup / "full_backup.dump";
  std::filesystem::permissions(dump, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  {
    std::fstream file(dump, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(std::filesystem::file_size(dump) / 2));
    file.write("damage", 6);
  }
  const util::Error damaged = refused(run, OnForeignWrites::Undo);
  EXPECT_EQ(damaged.exit_code(), 5) << damaged.text();
  EXPECT_THAT(damaged.text(), HasSubstr("full_backup.dump"));
  expect_untouched();

  std::filesystem::remove_all(options_dir() / run.backup);
  const util::Error gone = refused(run, OnForeignWrites::Undo);
  EXPECT_EQ(gone.exit_code(), 2) << gone.text();
  EXPECT_THAT(gone.text(), HasSubstr(util::cat("its backup ", run.backup, " is gone")));
  EXPECT_EQ(runs().back().undo_until, "");
  EXPECT_EQ(value("select count(*) from newer"), "0");
}

TEST_F(ReplaceTest, S5_NothingIsBegunWhereSomethingIsInTheWayOfTakingASuccessBack) {
  const Result run = succeeded("create table newer (i int);");
  sql("create table strange (i int)");
  const util::Error error = refused(run, OnForeignWrites::Undo);
  EXPECT_EQ(error.exit_code(), 1) << error.text();
  EXPECT_THAT(error.text(), HasSubstr("table public.strange belongs to postgres"));
  expect_untouched();
  sql("drop table strange");
  EXPECT_EQ(undo(later(run, OnForeignWrites::Undo), reporter, {}).exit_code, 0) << reporter.all();
  EXPECT_EQ(value("select to_regclass('newer') is null"), "t");
}

TEST_F(ReplaceTest, K14_OnlyTheNewestSuccessCanBeTakenBackAndForItsTime) {
  const Result first = succeeded("create table newer (i int);");
  const Result second = succeeded("create table newest (i int);");
  const util::Error older = refused(first, OnForeignWrites::Undo);
  EXPECT_EQ(older.exit_code(), 2) << older.text();
  EXPECT_THAT(older.text(), HasSubstr(util::cat("so has a newer migration: ", second.run)));
  EXPECT_EQ(undo(later(second, OnForeignWrites::Undo), reporter, {}).exit_code, 0)
      << reporter.all();
  EXPECT_EQ(value("select to_regclass('newer') is null"), "f");
  const Result brief = succeeded("create table newest (i int);", std::chrono::milliseconds(1));
  const util::Error over = refused(brief, OnForeignWrites::Undo);
  EXPECT_EQ(over.exit_code(), 2) << over.text();
  EXPECT_THAT(over.text(), HasSubstr("its time for undo is over"));
}

TEST_F(ReplaceTest, S4_ProvesOnAPrivateServerWhereNothingCanBeMadeBesideTheDatabase) {
  sql("drop extension dblink");
  const std::string before = fingerprint();
  Options options = tenant(psql(kBreaks));
  options.proof = archive::Level::Proven;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(reporter.all(), HasSubstr("equals the snapshot on a private PostgreSQL"));
}

TEST_F(ReplaceTest, S4_RehearsesOnThePrivateServer) {
  sql(util::cat("drop extension dblink; alter role ", role, " valid until '2001-01-01'"));
  Options options = tenant(psql("alter table members add column phone text;"));
  options.proof = archive::Level::Proven;
  options.rehearsal.when = Rehearse::Yes;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.lines(),
              testing::Contains(
                  testing::AllOf(HasSubstr("rehearsal ok"), HasSubstr("on a private PostgreSQL"))));
}

TEST_F(ReplaceTest, S4_SaysBeforeTheMigrationThatAProofHasNoPlace) {
  Options options = tenant(psql(kBreaks));
  options.proof = archive::Level::Proven;
  const util::Error error = error_of(options);  // dblink: a superuser's
  EXPECT_EQ(error.exit_code(), 5) << error.text();
  EXPECT_THAT(error.text(), HasSubstr("extension dblink needs a superuser"));
  EXPECT_THAT(error.text(), HasSubstr("--proof read-back"));
}

// What `doctor` shows.
TEST_F(ReplaceTest, PreflightSaysWhichUndoIsChosenAndWhy) {
  const auto line = [&](const pg::ConnInfo& as, std::string_view subject) {
    const Preflight preflight = guard::preflight({.database = as,
                                                  .dir = folder.path(),
                                                  .server_free = std::uint64_t{1} << 40U,
                                                  .key = "20261120143050"},
                                                 {});
    std::string text;
    for (const Line& one : preflight.lines)
      if (one.subject == subject) text += one.text + "\n";
    return text;
  };
  EXPECT_THAT(line(owner(), "undo"), HasSubstr("replace (role tenant_"));
  EXPECT_THAT(line(owner(), "undo"), HasSubstr("may not create databases (no CREATEDB)"));
  EXPECT_THAT(line(owner(), "undo"), HasSubstr("dblink stays and must not be changed"));
  EXPECT_THAT(line(owner(), "proof"), HasSubstr("--proof-at local"));
  EXPECT_THAT(line(database->conninfo(), "undo"), HasSubstr("swap, rehearsed"));
  EXPECT_THAT(line(database->conninfo(), "undo"), HasSubstr("may create databases"));
}

TEST_F(ReplaceTest, S5_RefusesWhatItCouldNotTakeAwayAndMakeAgain) {
  sql("create table strange (i int); grant select on strange to public;"
      "create view above as select id from members; grant select on above to public");
  const util::Error error = error_of(tenant(psql(kBreaks)));
  EXPECT_EQ(error.kind(), util::Kind::Privilege) << error.text();
  EXPECT_THAT(error.text(), HasSubstr("table public.strange belongs to postgres"));
  EXPECT_THAT(error.text(), HasSubstr("view public.above"));
  EXPECT_THAT(error.text(), HasSubstr("OWNER TO"));
  EXPECT_THAT(runs(), IsEmpty());
}

TEST_F(ReplaceTest, S5_RefusesMoreObjectsThanOneTransactionMayLock) {
  std::string many = "begin;";
  for (int n = 0; n < 30; ++n) many += util::cat("create table t", n, " (id serial primary key);");
  as_role(many + "commit");
  pg::Connection live = pg::Connection::open(owner(), "test");
  live.execute("set search_path = ''");
  swap::Contents contents = swap::read_contents(live);
  EXPECT_THAT(replace_blockers(live, contents), IsEmpty());
  EXPECT_GT(contents.locks, 30U * 8)
      << "table, row type, array type, sequence, default, index, key";
  contents.locks = swap::lock_room(live);
  EXPECT_THAT(util::join(replace_blockers(live, contents), "\n"),
              HasSubstr("max_locks_per_transaction"));
}

// Compared inside the transaction: what cannot be restored is not committed.
TEST_F(ReplaceTest, S5_ADifferenceLeavesTheFailedStateAsItWas) {
  as_role("create table counted (i int); insert into counted values (1)");
  // An extension stays; the migration changes it all the same, here by the hand of a superuser.
  Options options = tenant(
      shell(util::cat("psql -X -q -d '", database->url(), "' -c 'drop extension dblink'; exit 1")));
  options.on_foreign_writes = OnForeignWrites::Undo;
  options.hold = Hold::None;
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("dblink"));
  EXPECT_EQ(value("select count(*) from counted"), "1");
  EXPECT_EQ(value("select count(*) from pg_extension where extname = 'dblink'"), "0");
  EXPECT_EQ(value("select datallowconn::text from pg_database where datname = current_database()"),
            "true");
  sql("create extension dblink");  // the reason goes
  UndoOptions again = tenant_undo();
  again.on_foreign_writes = OnForeignWrites::Undo;
  const Result undone = undo(again, reporter, {});
  EXPECT_EQ(undone.exit_code, 0) << undone.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select count(*) from counted"), "1");
}

TEST_F(ReplaceTest, WritesOfOthersAreSavedBeforeTheyGo) {
  Options options = tenant(psql(kBreaks));
  options.hold = Hold::None;
  options.on_foreign_writes = OnForeignWrites::Ask;
  {
    pg::Connection other = busy();
    EXPECT_EQ(go(options).exit_code, 4) << reporter.all();
    other.execute("update members set name = 'by hand' where id = 7; commit");
  }
  wait_alone();
  UndoOptions forced = tenant_undo();
  forced.on_foreign_writes = OnForeignWrites::Undo;
  const Result result = undo(forced, reporter, {});
  EXPECT_EQ(result.exit_code, 0) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select name from members where id = 7"), "m7");
  EXPECT_THAT(reporter.all(), HasSubstr("in what the undo keeps"));
  EXPECT_FALSE(result.kept.empty());
}

// While the failed state is backed up somebody goes on writing: whatever he saw committed is in
// that backup or was refused, and he may write again afterwards.
TEST_F(ReplaceTest, WhatIsWrittenDuringTheUndoIsRefusedOrInTheBackupOfTheFailedState) {
  Options options = tenant(psql(kBreaks));
  options.hold = Hold::None;
  options.on_foreign_writes = OnForeignWrites::Undo;
  std::atomic<bool> over = false;
  std::atomic<int> committed = 0;
  std::jthread application([&] {
    for (int id = 20000; !over; ++id) {
      try {
        pg::Connection connection = pg::Connection::open(owner(), "application");
        connection.execute(util::cat("insert into events values (", id, ", 1, '{}')"));
        committed = id;
      } catch (const util::Error& error) {      // ended, read-only or closed for the moment
        if (error.sqlstate() != "23505") --id;  // else only the answer to its COMMIT was lost
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  const int at_end = committed;
  while (!testing::Test::HasFailure() && committed < at_end + 5)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));  // he writes again
  over = true;
  application.join();
  wait_alone();
  const auto written_in = [](const std::filesystem::path& path) {
    const backup::Backup backup = backup::open(path);
    const auto events = std::find_if(backup.manifest.tables.begin(), backup.manifest.tables.end(),
                                     [](const auto& table) { return table.table == "events"; });
    return events == backup.manifest.tables.end() ? 0 : static_cast<int>(events->fingerprint.rows);
  };
  // In the backup of the failed state, or after the undo; those before the run are in both.
  const int during = written_in(result.kept) - written_in(options.dir / result.backup) - 1;
  const int there = std::stoi(value("select count(*) from events where id >= 20000"));
  EXPECT_GE(during + there, committed - 19999);
}

TEST_F(ReplaceTest, EndsTheSessionsOfOthersWhoLockATable) {
  Options options = tenant(psql(kBreaks));
  options.hold = Hold::None;
  options.on_foreign_writes = OnForeignWrites::Undo;
  options.failed_backup = false;
  pg::Connection other = pg::Connection::open(owner(), "application");
  other.execute("begin; select from events limit 1");
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_FALSE(other.alive());
  EXPECT_THAT(result.kept, IsEmpty());
}

}  // namespace
}  // namespace guard
