// The read-only hold: what changed between the backup and the hold is caught up in the copy (S10,
// S11), whoever may still write is found (F4), and every way out releases it.

#include "guard/hold.h"

#include <atomic>
#include <thread>

#include "guard/sql_hold.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

class HoldTest : public GuardTest {
 protected:
  // `between` happens after the proof and before the hold.
  Options held(const std::string& script, std::function<void()> between) {
    Options options = psql(script);
    options.hold = Hold::ReadOnly;
    options.on_foreign_writes = OnForeignWrites::Ask;  // a hold is evidence on every server
    options.questions.confirm = [between = std::move(between)](const std::vector<std::string>&) {
      if (between) between();
      return true;
    };
    return options;
  }
  std::optional<std::string> setting(const std::string& of) {
    pg::Connection maintenance = test::test_server().connect();
    return sql::read_only_setting(maintenance, of);
  }
  void expect_released() {
    EXPECT_EQ(setting(name()), std::nullopt);
    for (const std::string& side : sides()) EXPECT_EQ(setting(side), std::nullopt) << side;
  }
};

TEST_F(HoldTest, AGoodMigrationStaysAndWritersAreLetInAgain) {
  const Options options = held("alter table members add column phone text;",
                               [&] { sql("insert into members (name) values ('between')"); });
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("writers were kept out for"));
  EXPECT_THAT(reporter.all(), HasSubstr("1 table, 501 rows caught up"));
  EXPECT_EQ(value("select count(*) from members where name = 'between'"), "1");
  EXPECT_THAT(sides(), IsEmpty());
  expect_released();
  sql("insert into members (name) values ('after')");
}

TEST_F(HoldTest, S10_S11_EverythingThatChangedIsThereAfterTheUndo) {
  sql(R"sql(
    create table audit (at int, what text);
    create function audited() returns trigger language plpgsql as
      $$ begin insert into audit values (1, tg_table_name); return null; end $$;
    create trigger audited after insert or delete on members for each row execute function audited();
    alter table members enable always trigger audited;
    create table parts (k int primary key, v text) partition by range (k);
    create table parts_1 partition of parts for values from (0) to (100);
    create table parts_2 partition of parts for values from (100) to (200);
    insert into parts select n, 'v' || n from generate_series(1, 150) n;
    create table refers (k int references parts, self int references events);
    insert into refers values (7, 1), (120, 2);
    create unique index on members (lower(name));
    create table made (i int, twice int generated always as (i * 2) stored);
    insert into made (i) values (1), (2);
    create table emptied (i int); insert into emptied select generate_series(1, 50);
    create materialized view per_member as select member, count(*) from events group by member;
    create materialized view above as select max(count) from per_member;
    create sequence lone; select nextval('lone');
    select lo_from_bytea(4711, 'before'), lo_from_bytea(4712, 'goes');)sql");
  const Options options = held(kBreaks, [&] {
    sql(R"sql(
      insert into members (name, email) values ('neu', 'neu@example.org');
      delete from events where id = 300; update events set body = '{"u": 1}' where id = 1;
      insert into events values (8000, 501, '{}');
      update parts set v = 'changed' where k = 120; insert into parts values (199, 'new');
      insert into refers values (199, 8000);
      update made set i = 7 where i = 2;
      truncate emptied;
      refresh materialized view per_member; refresh materialized view above;
      select nextval('lone');
      select lo_put(4711, 0, 'after!'), lo_unlink(4712), lo_from_bytea(4713, 'new');)sql");
  });
  const std::string content =
      "select concat_ws(' ', (select string_agg(m::text, ',' order by id) from members m),"
      " (select string_agg(e::text, ',' order by id) from events e),"
      " (select string_agg(p::text, ',' order by k) from parts p),"
      " (select string_agg(r::text, ',' order by k) from refers r),"
      " (select string_agg(m::text, ',' order by i) from made m),"
      " (select count(*) from emptied), (select count(*) from audit),"
      " (select string_agg(p::text, ',' order by member) from per_member p), (select max from "
      "above),"
      " (select last_value from lone), (select last_value from members_id_seq),"
      " (select string_agg(oid || encode(lo_get(oid), 'hex'), ',' order by oid) from "
      "pg_largeobject_metadata),"
      " (select string_agg(concat(conname, convalidated), ',' order by conname) from pg_constraint "
      "where connamespace = 'public'::regnamespace),"
      " (select string_agg(indexdef, ',' order by indexdef) from pg_indexes where schemaname = "
      "'public'),"
      " (select string_agg(concat(tgname, tgenabled), ',' order by tgname) from pg_trigger where "
      "not tgisinternal))";
  std::string before;
  Options watched = options;
  watched.questions.confirm = [&](const std::vector<std::string>& plan) {
    const bool yes = options.questions.confirm(plan);
    before = value(content);
    return yes;
  };
  const Result result = go(watched);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value(content), before);
  expect_released();
  const std::vector<RunInfo> all = runs();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_TRUE(std::filesystem::exists(all[0].folder / "report.txt"));
}

TEST_F(HoldTest, S10_NothingChangedNeedsNoFollowUp) {
  const std::string before = fingerprint();
  EXPECT_EQ(go(held(kBreaks, {})).exit_code, 3) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("nothing had changed since the snapshot"));
  EXPECT_EQ(fingerprint(), before);
  expect_released();
}

// S1: whoever may enter any database could change what was compared, or what nobody reads again.
TEST_F(HoldTest, S1_ACopyThatSomebodyTouchedWhileItIsCaughtUpIsNotTrusted) {
  for (const char* const meddling :
       {"update members set email = 'x' where id = 1", "update events set body = '{}'",
        "create table meddled (i int)", "select setval('members_id_seq', 1)"}) {
    std::atomic<bool> under_hold = false, meddled = false;
    std::optional<pg::Connection> meddler;  // stays: only its end would report its counts
    reporter.on_progress = [&](std::string_view what, std::uint64_t done, std::uint64_t total) {
      if (what != "compare" || done < total || !under_hold || meddled.exchange(true)) return;
      ASSERT_FALSE(sides().empty());
      meddler.emplace(test::test_server().connect(sides().front()));
      meddler->execute(meddling);
    };
    try {
      go(held("create table made (i int);", [&] {
        sql("update members set name = 'between' where id = 7");
        under_hold = true;
      }));
      ADD_FAILURE() << meddling << " was not seen\n" << reporter.all();
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Proof) << error.text();
    }
    EXPECT_TRUE(meddled) << meddling;
    EXPECT_EQ(value("select count(*) from pg_tables where tablename = 'made'"), "0") << meddling;
    expect_released();
    reporter.on_progress = {};
    meddler.reset();
  }
}

// The server's counters say nothing any more: everything is read instead.
TEST_F(HoldTest, S10_F5_AResetOfTheCountersIsFound) {
  std::string before;
  const Options options = held(kBreaks, [&] {
    sql("update members set name = 'between' where id = 7; select pg_stat_reset()");
    before = fingerprint();
  });
  EXPECT_EQ(go(options).exit_code, 3) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("all tables are read under the hold"));
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(HoldTest, S11_DefinitionsThatChangedStopIt) {
  const util::Error error =
      error_of(held(kBreaks, [&] { sql("alter table members add column late text"); }));
  EXPECT_EQ(error.exit_code(), 5) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("public.members"));
  EXPECT_EQ(value("select count(*) from events where id = 9001"), "0");
  EXPECT_THAT(sides(), IsEmpty());
  expect_released();
}

TEST_F(HoldTest, F4_ARoleThatIsSetToWriteStopsItBeforeTheBackup) {
  const std::string role = util::cat("writer_", name());
  sql(util::cat("create role ", role, "; alter role ", role, " in database ", name(),
                " set default_transaction_read_only = off"));
  const util::Error error = error_of(held(kBreaks, {}));
  EXPECT_EQ(error.exit_code(), 6) << error.text();
  EXPECT_THAT(error.text(), HasSubstr(role));
  sql(util::cat("alter role ", role, " in database ", name(), " reset all; drop role ", role));
}

TEST_F(HoldTest, F4_ARoleThatIsSetToWriteMeanwhileStopsItAtTheGate) {
  const std::string role = util::cat("writer_", name());
  const util::Error error = error_of(held(kBreaks, [&] {
    sql(util::cat("create role ", role, "; alter role ", role,
                  " set default_transaction_read_only = off"));
  }));
  EXPECT_EQ(error.exit_code(), 6) << error.text();
  EXPECT_THAT(error.text(), HasSubstr(role));
  expect_released();
  sql(util::cat("drop role ", role));
}

// Somebody who writes one way or another as fast as he can while the run goes on. `setting` is a
// query of its own: it counts from the next transaction on.
class Writer {
 public:
  Writer(pg::ConnInfo database, std::string setting, std::string statements)
      : setting_(std::move(setting)),
        thread_([database = std::move(database), statements = std::move(statements),
                 this](const std::stop_token& stop) {
          while (!stop.stop_requested()) write(database, statements, stop);
        }) {}
  int written() const { return written_; }

 private:
  void write(const pg::ConnInfo& database, const std::string& statements,
             const std::stop_token& stop) {
    try {
      pg::Connection connection = pg::Connection::open(database, "writer");
      if (!setting_.empty()) connection.execute(setting_);
      while (!stop.stop_requested()) {
        connection.execute(statements);
        ++written_;
      }
    } catch (const util::Error&) {  // ended by the hold: again
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  const std::string setting_;
  std::atomic<int> written_{0};
  std::jthread thread_;
};

class OverriddenHoldTest : public HoldTest {
 protected:
  void expect_found(const pg::ConnInfo& writer_database, const std::string& setting,
                    const std::string& statements) {
    sql("create table written (i int, o oid)");
    // Not before: thousands of large objects take their time in a backup.
    std::optional<Writer> writer;
    const Options options = held(kBreaks, [&] {
      writer.emplace(writer_database, setting, statements);
      while (writer->written() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    });
    const util::Error error = error_of(options);
    EXPECT_EQ(error.exit_code(), 6) << error.text();
    EXPECT_THAT(error.message(), HasSubstr("under the hold"));
    writer.reset();
    wait_alone();
    EXPECT_EQ(value("select count(*) from events where id = 9001"), "0");
    EXPECT_THAT(sides(), IsEmpty());
    expect_released();
  }
};

TEST_F(OverriddenHoldTest, F4_BeginReadWriteIsFound) {
  expect_found(database->conninfo(), "",
               "begin read write; insert into written values (1); commit");
}

TEST_F(OverriddenHoldTest, F4_ASettingOfTheSessionIsFound) {
  expect_found(database->conninfo(), "set default_transaction_read_only = off",
               "insert into written values (1)");
}

TEST_F(OverriddenHoldTest, F4_SessionCharacteristicsAreFound) {
  expect_found(database->conninfo(), "set session characteristics as transaction read write",
               "insert into written values (1)");
}

TEST_F(OverriddenHoldTest, F4_PgOptionsAreFound) {
  expect_found(database->conninfo().with_option("options", "-c default_transaction_read_only=off"),
               "", "insert into written values (1)");
}

TEST_F(OverriddenHoldTest, F4_LargeObjectsOfReadOnlySessionsAreFound) {
  if (test::test_server().connect().server_major() >= 16)
    GTEST_SKIP() << "this server refuses them";
  expect_found(database->conninfo(), "", "begin read only; select lo_from_bytea(0, 'x'); commit");
}

// During the migration only what the watch sees is known.
TEST_F(HoldTest, F3_F4_AWriterDuringTheMigrationCounts) {
  Options options = held(
      "alter table members drop column email;\n\\echo half\nselect pg_sleep(1);\nselect 1/0;", {});
  std::unique_ptr<pg::Connection> writer;
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    writer = std::make_unique<pg::Connection>(database->connect());
    writer->execute("begin read write");
    writer->execute("insert into events values (7000, 1, '{}')");
  };
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 4) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("wrote under the hold: pid"));
  writer.reset();
  wait_alone();
  EXPECT_EQ(setting(name()), "on") << "held until somebody decides";
  UndoOptions forced = undo_options();
  forced.on_foreign_writes = OnForeignWrites::Undo;
  EXPECT_EQ(undo(forced, reporter, {}).exit_code, 0) << reporter.all();
  expect_released();
}

// A session that is logging in has read its settings and is in no list yet (made visible with
// post_auth_delay).
TEST_F(HoldTest, F4_ASessionThatIsLoggingInWhenTheHoldBeginsIsEnded) {
  std::jthread late;
  std::atomic<bool> wrote{false};
  Options options = held(kBreaks, [&] {
    late = std::jthread([&] {
      try {
        pg::Connection connection = pg::Connection::open(
            database->conninfo().with_option("options", "-c post_auth_delay=5"), "late");
        connection.execute("insert into events values (7001, 1, '{}')");
        wrote = true;
      } catch (const util::Error&) {  // what the hold is for
      }
    });
    pg::Connection maintenance = test::test_server().connect();
    while (sql::starting_backends(maintenance, name()).empty())
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  });
  const Result result = go(options);
  late.join();
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  // On a slow machine it may have been in, and out of the race, before the hold began.
  EXPECT_EQ(value("select count(*) from events where id = 7001"), wrote ? "1" : "0");
}

TEST_F(HoldTest, F5_AWalsenderThatSpeaksSqlIsADoubt) {
  const pg::Connection walsender = pg::Connection::open(
      database->conninfo().with_option("replication", "database"), "walsender");
  const util::Error error = error_of(held(kBreaks, {}));
  EXPECT_THAT(error.text(), HasSubstr("walsender"));
  EXPECT_NE(error.exit_code(), 4);
  expect_released();
}

TEST_F(HoldTest, S18_WhatHasToBePutBackIsInTheClusterToo) {
  sql(util::cat("alter database ", name(), " set default_transaction_read_only = off"));
  std::optional<HoldMark> mark;
  Options options = held("alter table members drop column email;\n\\echo half\nselect 1/0;", {});
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    pg::Connection maintenance = test::test_server().connect();
    for (const swap::Side& side : swap::list_sides(maintenance, name()))
      mark = parse_hold_mark(side.comment);
  };
  EXPECT_EQ(go(options).exit_code, 3) << reporter.all();
  reporter.on_output = {};
  ASSERT_TRUE(mark);
  EXPECT_EQ(mark->database, name());
  EXPECT_EQ(mark->previous, "off");
  EXPECT_EQ(setting(name()), "off") << "as it was";
}

TEST_F(HoldTest, ReadersMayReadAndAreEndedAtTheRelease) {
  std::unique_ptr<pg::Connection> reader;
  std::string state, read;
  Options options = held("alter table members add column phone text;\n\\echo half\n", {});
  reporter.on_output = [&](std::string_view text) {
    if (text.find("half") == std::string_view::npos) return;
    reader = std::make_unique<pg::Connection>(database->connect());
    read = reader->query("select count(*) from events").str(0, 0);
    try {
      reader->execute("insert into events values (7002, 1, '{}')");
    } catch (const util::Error& error) {
      state = error.sqlstate();
    }
  };
  EXPECT_EQ(go(options).exit_code, 0) << reporter.all();
  reporter.on_output = {};
  EXPECT_EQ(read, "300");
  EXPECT_EQ(state, "25006");
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->alive()) << "opened read-only under the hold: a pool connects anew";
}

TEST_F(HoldTest, ItsOptionsMustFit) {
  Options options = held(kBreaks, {});
  options.undo = Undo::None;
  EXPECT_EQ(error_of(options).kind(), util::Kind::Usage);
  options = held(kBreaks, {});
  options.tap = false;
  EXPECT_EQ(error_of(options).kind(), util::Kind::Usage);
}

TEST_F(HoldTest, S1_ABrokenSealBringsTheFollowUpBackAsWell) {
  std::string before;
  const Options options =
      held(util::cat("select format('alter database %I allow_connections true', datname) from "
                     "pg_database where datname like '%proof%'\\gexec\n",
                     kBreaks),
           [&] {
             sql("update members set name = 'between' where id = 7");
             before = fingerprint();
           });
  EXPECT_EQ(go(options).exit_code, 3) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("the copy is made from the backup now"));
  EXPECT_EQ(fingerprint(), before);
}

}  // namespace
}  // namespace guard
