// The exclusive hold (postgres-hazards.md S8): as long as it stands the database has another name,
// which the run and its command know and nobody else; and it has its own again after every way out.

#include <thread>

#include "guard/hold.h"
#include "guard/sql_hold.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class ExclusiveTest : public GuardTest {
 protected:
  void TearDown() override {
    if (database) {  // where a test failed while it was held
      for (const std::string& held : held_names()) {
        pg::Connection maintenance = test::test_server().connect();
        maintenance.execute(util::cat("drop database ", pg::quote_ident(held), " with (force)"));
      }
    }
    GuardTest::TearDown();
  }

  // `meanwhile` happens while the migration runs, in the middle of it.
  Options exclusive(const std::string& before, const std::string& after,
                    std::function<void()> meanwhile = {}) {
    Options options = psql(util::cat(before, "\n\\echo half\n", after));
    options.hold = Hold::Exclusive;
    reporter.on_output = [meanwhile = std::move(meanwhile)](std::string_view text) {
      if (meanwhile && text.find("half") != std::string_view::npos) meanwhile();
    };
    return options;
  }
  std::vector<std::string> held_names() {
    pg::Connection maintenance = test::test_server().connect();
    const pg::Result rows = maintenance.query(
        "select datname from pg_database where starts_with(datname, $1)", {name() + "__held_"});
    std::vector<std::string> names;
    for (int row = 0; row < rows.row_count(); ++row) names.push_back(rows.str(row, 0));
    return names;
  }
  std::string held_name() {
    const std::vector<std::string> names = held_names();
    return names.empty() ? std::string("nothing is held") : names.front();
  }
  pg::Connection connect_to_held() {
    return pg::Connection::open(database->conninfo().with_database(held_name()), "visitor");
  }
  bool found_by_its_name() {
    try {
      database->connect();
      return true;
    } catch (const util::Error&) {
      return false;
    }
  }
  void expect_released() {
    EXPECT_THAT(held_names(), IsEmpty());
    EXPECT_TRUE(found_by_its_name());
    pg::Connection maintenance = test::test_server().connect();
    EXPECT_EQ(sql::read_only_setting(maintenance, name()), std::nullopt);
  }
};

TEST_F(ExclusiveTest, S8_NobodyElseFindsItWhileItStands) {
  const std::uint32_t before = oid();
  pg::Connection application = database->connect();
  std::string called;
  bool found = true;
  const Options options = exclusive(
      "alter table members add column phone text; create table said as select current_database();",
      "", [&] {
        called = held_name();
        found = found_by_its_name();
      });
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_FALSE(found) << "the application's pool would have come back";
  EXPECT_FALSE(application.alive());
  EXPECT_THAT(reporter.all(), HasSubstr(util::cat("called ", called)));
  EXPECT_THAT(reporter.all(), HasSubstr("everybody else was kept out for"));
  expect_released();
  EXPECT_EQ(oid(), before);
  EXPECT_EQ(value("select current_database from said"), called) << "what the docs warn of";
  sql("insert into members (name) values ('after')");
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(ExclusiveTest, S8_TheOldStateHasTheNameAfterAnUndo) {
  Options options = exclusive("", kBreaks);
  std::string before;
  options.questions.confirm = [&](const std::vector<std::string>&) {
    sql("insert into members (name) values ('between'); delete from events where id = 300");
    before = fingerprint();
    return true;
  };
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("2 tables"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(result.kept, HasSubstr("__failed_"));
  expect_released();
}

TEST_F(ExclusiveTest, S8_AMigrationThatWroteNothingLeavesItWithItsName) {
  const std::uint32_t before = oid();
  EXPECT_EQ(go(exclusive("", "select nonsense;")).exit_code, 3) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("nothing had been written"));
  EXPECT_EQ(oid(), before);
  expect_released();
}

TEST_F(ExclusiveTest, S8_FilesRunUnderItAsWell) {
  const std::filesystem::path migrations = folder.path() / "migrations";
  std::filesystem::create_directories(migrations);
  util::publish_text(migrations / "001_phone.sql", "alter table members add column phone text;");
  Options options = base();
  options.migrations = migrations;
  options.hold = Hold::Exclusive;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Done) << result.cause << "\n" << reporter.all();
  EXPECT_EQ(value("select count(phone) from members"), "0");
  expect_released();
}

// A monitoring that looks into every database of the server finds it: it may read.
TEST_F(ExclusiveTest, S8_F4_WhoeverFindsItIsBoundAsByAReadOnlyHold) {
  const std::string before = fingerprint();
  std::string state;
  const Options options = exclusive("", kBreaks, [&] {
    pg::Connection visitor = connect_to_held();
    EXPECT_EQ(visitor.query("select count(*) >= 300 from events").str(0, 0), "t");
    try {
      visitor.execute("insert into events values (7002, 1, '{}')");
    } catch (const util::Error& error) {
      state = error.sqlstate();
    }
  });
  EXPECT_EQ(go(options).exit_code, 3) << reporter.all();
  EXPECT_EQ(state, "25006");
  EXPECT_EQ(fingerprint(), before);
  expect_released();
}

TEST_F(ExclusiveTest, S8_F4_WhoeverFindsItAndWritesIsSeen) {
  Options options = exclusive("select 1;", kBreaks, [&] {  // the migration has begun
    pg::Connection visitor = connect_to_held();
    visitor.execute("begin read write; insert into events values (7003, 1, '{}')");
    std::this_thread::sleep_for(
        std::chrono::milliseconds(500));  // the watch looks 50 times a second
    visitor.execute("commit");
  });
  options.on_foreign_writes = OnForeignWrites::Ask;
  const Result result = go(options);
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 4) << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("wrote under the hold: pid"));
  EXPECT_THAT(result.cause, HasSubstr(util::cat("is called ", held_name())));
  EXPECT_FALSE(found_by_its_name()) << "until it is decided";
  EXPECT_EQ(close(undo_options(), reporter, {}).exit_code, 0);
  expect_released();
  EXPECT_EQ(value("select count(*) from events where id in (7003, 9001)"), "2");
}

// A role that a read-only hold would not bind cannot connect.
TEST_F(ExclusiveTest, S8_ARoleThatIsSetToWriteDoesNotStopIt) {
  const std::string role = util::cat("writer_", name());
  sql(util::cat("create role ", role, "; alter role ", role, " in database ", name(),
                " set default_transaction_read_only = off"));
  const std::string before = fingerprint();
  EXPECT_EQ(go(exclusive("", kBreaks)).exit_code, 3) << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  sql(util::cat("alter role ", role, " in database ", name(), " reset all; drop role ", role));
  expect_released();
}

// As tools do that make their database if it is not there.
TEST_F(ExclusiveTest, S8_AnotherDatabaseOfItsNameIsNamedAndNotTouched) {
  const auto take_the_name = [&] {
    pg::Connection maintenance = test::test_server().connect();
    maintenance.execute(util::cat("create database ", pg::quote_ident(name())));
  };
  const std::string before = fingerprint();
  const Result result = go(exclusive("", kBreaks, take_the_name));
  reporter.on_output = {};
  EXPECT_EQ(result.exit_code, 4) << reporter.all();
  EXPECT_THAT(result.cause, HasSubstr("another database of that name"));
  EXPECT_THAT(result.cause, HasSubstr("RENAME TO"));
  EXPECT_EQ(held_names().size(), 1U);
  EXPECT_EQ(undo(undo_options(), reporter, {}).exit_code, 4) << "it still is in the way";
  {
    pg::Connection maintenance = test::test_server().connect();
    maintenance.execute(util::cat("drop database ", pg::quote_ident(name()), " with (force)"));
  }
  const Result undone = undo(undo_options(), reporter, {});
  EXPECT_EQ(undone.outcome, Outcome::Undone) << undone.cause;
  EXPECT_EQ(fingerprint(), before);
  expect_released();
}

TEST_F(ExclusiveTest, S8_WhatItDoesNotGoWithIsRefusedBeforeAnything) {
  const auto refused = [&](void (*change)(Options&), const std::string& text) {
    Options options = exclusive("", kBreaks);
    change(options);
    const util::Error error = error_of(options);
    EXPECT_EQ(error.kind(), util::Kind::Usage) << error.text();
    EXPECT_THAT(error.text(), HasSubstr(text));
  };
  refused([](Options& options) { options.tap = false; }, "needs the tap");
  refused([](Options& options) { options.undo = Undo::None; }, "--hold exclusive");
  refused([](Options& options) { options.undo = Undo::Clone; }, "--hold exclusive");
  refused([](Options& options) { options.blue_green = true; }, "--blue-green");
  EXPECT_THAT(runs(), IsEmpty());
}

TEST(HoldMarkTest, TellsWhatWasWritten) {
  for (const HoldMark& mark :
       {HoldMark{.database = "app", .previous = std::nullopt},
        HoldMark{.database = "a, called b", .previous = "off"},
        HoldMark{.database = "app", .previous = "on", .held = "app__held_20261120143050"}}) {
    const std::optional<HoldMark> told =
        parse_hold_mark(util::cat("pgbelay run x, host:/dir", hold_mark(mark)));
    ASSERT_TRUE(told);
    EXPECT_EQ(told->database, mark.database);
    EXPECT_EQ(told->previous, mark.previous);
    EXPECT_EQ(told->held, mark.held);
  }
  EXPECT_FALSE(parse_hold_mark("pgbelay run x, host:/dir"));
}

}  // namespace
}  // namespace guard
