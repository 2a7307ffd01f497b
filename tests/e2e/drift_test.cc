// What changed in the schema: told after a migration, between two sides, and since the last run.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "support/guarded.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using util::cat;

constexpr std::chrono::milliseconds kPoll{20};

class Drift : public test::GuardedTest {
 protected:
  Drift() : GuardedTest(test::Binary::Release, test::test_server) {}

  void execute(const std::string& sql) { database().connect().execute(sql); }
  BinaryResult migrate(const std::string& name, const std::string& sql) {
    write(cat("migrations/", name), sql);
    return run({"migrate", "migrations", "--yes", "--no-rehearse", "--hold", "none"});
  }
  nlohmann::json last_changes() const {
    const std::string text = util::read_text(last_run() / "schema_changes.json");
    return nlohmann::json::parse(text)["changes"];
  }
  BinaryResult expect(int status, std::vector<std::string> args) {
    const BinaryResult result = run(std::move(args));
    EXPECT_EQ(result.status, status) << result.out << result.err;
    return result;
  }
};

void expect_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "no «" << part << "» in:\n" << text;
}

// F6: expressions whose text changes on the way through an archive, in a run that was undone: the
// database is then the restored copy.
constexpr std::string_view kExpressions = R"sql(
    create table wares (id int primary key, state varchar check (state in ('new', 'old')), price numeric(10,2) default 1);
    create view new_wares as select id from wares where state in ('new', 'used') and price between 1 and 2;
    create index on wares (price) where state in ('new', 'used'))sql";

TEST_F(Drift, IsToldSinceTheLastRunAndOnlyWhenThereIsOne) {
  fill();
  execute(std::string(kExpressions));
  expect_refusal(run({"drift"}), 2, {"no run on database", "has recorded a schema"});
  const BinaryResult good =
      migrate("1_stock.sql", "alter table wares add stock int not null default 0;");
  EXPECT_EQ(good.status, 0) << good.err;
  expect_has(good.err,
             {"changed: table public.wares: column stock added, integer not null default 0"});
  EXPECT_EQ(good.err.find("not said by the migration"), std::string::npos) << good.err;
  expect_has(expect(0, {"drift"}).out, {"the schemas are equal"});

  const BinaryResult bad = migrate("2_bad.sql", "alter table wares add broken int;\nselect 1/0;");
  EXPECT_EQ(bad.status, 3) << bad.err;
  expect_has(expect(0, {"drift"}).out, {"the schemas are equal"});

  execute(
      "alter table wares alter price set default 2; create index by_stock on wares (stock);"
      "comment on view new_wares is 'theirs'; grant select on wares to public");
  expect_has(expect(9, {"drift"}).out, {"table public.wares: column price: default is 2, was 1",
                                        "table public.wares: index by_stock added",
                                        "view public.new_wares: comment is theirs, was not set",
                                        "acl is =r/postgres", "4 differences"});
  const nlohmann::json document = nlohmann::json::parse(expect(9, {"drift", "--json"}).out);
  EXPECT_EQ(document["schema"], "pgbelay.drift/1");
  EXPECT_EQ(document["changes"].size(), 4U);
  EXPECT_EQ(document["equal"], false);
}

TEST_F(Drift, OfABackupIsADiffOfSchemas) {
  execute(std::string(kExpressions));
  ASSERT_EQ(run({"backup", "before", "--proof", "written"}).status, 0);
  expect_has(expect(0, {"diff", "latest", "--schema", "--exit-code"}).out,
             {"the schemas are equal"});
  execute("drop view new_wares; alter table wares alter state type text, alter state set not null");
  expect_has(expect(9, {"diff", "latest", "--schema", "--exit-code"}).out,
             {"view public.new_wares dropped",
              "column state: type is text, was character varying; now not null"});
  const nlohmann::json document =
      nlohmann::json::parse(expect(0, {"diff", "latest", "--schema", "--json"}).out);
  EXPECT_EQ(document["schema"], "pgbelay.diff-schema/1");
  EXPECT_FALSE(document["changes"].empty());
}

// Whoever else changes the schema while a migration runs is pointed out; what the migration says is
// not, however short its names are, and nor is what follows from it.
TEST_F(Drift, AfterACommandPointsOutWhatNoStatementOfItSaid) {
  execute("create table a (id int); create table b (); create table orders (a_id int)");
  const std::string own =
      "create table c (id serial primary key); alter table a add x int not null";
  const BinaryResult result =
      run({"migrate", "--yes", "--", "sh", "-c",
           cat("psql -X -q \"$DATABASE_URL\" -c '", own, "' && psql -X -q '", database().url(),
               "' -c 'alter table orders add id int'")});
  ASSERT_EQ(result.status, 0) << result.err;
  expect_has(result.err,
             {"changed: table public.orders: column id added, integer (not said by the migration)",
              "changed: table public.a: column x added, integer not null\n"});
  const nlohmann::json changes = last_changes();
  std::size_t others = 0;
  for (const nlohmann::json& change : changes) {
    const bool other = change.value("of", "") == "public.orders";
    EXPECT_EQ(change.at("expected"), !other) << change;
    others += other ? 1 : 0;
  }
  EXPECT_EQ(others, 1U) << changes;
  EXPECT_GT(changes.size(), 3U) << changes;
}

TEST_F(Drift, AfterFilesPointsOutWhatNoFileSaid) {
  execute("create table a (id int); create table orders (id int)");
  // The other session's turn is when the file waits for it.
  pg::Connection other = database().connect();
  other.execute("select pg_advisory_lock(7)");
  const std::jthread turn([&other](const std::stop_token& stop) {
    const auto waits = [&other] {
      return other.query("select 1 from pg_locks where locktype = 'advisory' and not granted")
                 .row_count() > 0;
    };
    while (!stop.stop_requested() && !waits()) std::this_thread::sleep_for(kPoll);
    other.execute("alter table orders add note text; select pg_advisory_unlock(7)");
  });
  const BinaryResult result = migrate(
      "1_a.sql", "-- not about orders\nselect pg_advisory_xact_lock(7);\nalter table a add b int;");
  ASSERT_EQ(result.status, 0) << result.err;
  expect_has(result.err,
             {"changed: table public.orders: column note added, text (not said by the migration)",
              "changed: table public.a: column b added, integer\n"});
  for (const nlohmann::json& change : last_changes())
    EXPECT_EQ(change.at("expected"), change.value("of", "") == "public.a") << change;
}

// Both definitions, and where they differ, however long they are.
TEST_F(Drift, ShowsWhereLongDefinitionsDiffer) {
  std::string body = "begin\n";
  for (int line = 1; line <= 120; ++line) body += cat("  -- line ", line, " of it\n");
  const auto make = [&](std::string_view last) {
    execute(cat("create or replace function long_one() returns int language plpgsql as $$", body,
                "  return ", last, ";\nend$$"));
  };
  make("1");
  execute("create table t (id int); create view v as select id from t where id > 3");
  ASSERT_EQ(run({"backup", "--proof", "written"}).status, 0);
  make("2");
  execute("drop view v");
  ASSERT_GT(body.size(), 2000U);
  const std::string out = expect(9, {"diff", "latest", "--schema", "--exit-code"}).out;
  expect_has(out,
             {"function public.long_one(): source differs in line 122: is «return 2», was "
              "«return 1»\n",
              "    -     return 1;\n", "    +     return 2;\n", "          -- line 120 of it\n",
              "view public.v dropped, SELECT t.id FROM public.t WHERE (t.id > 3)"});
  EXPECT_EQ(out.find("-- line 100 of it"), std::string::npos) << out;
  const nlohmann::json document =
      nlohmann::json::parse(expect(0, {"diff", "latest", "--schema", "--json"}).out);
  for (const nlohmann::json& change : document["changes"]) {
    if (change["kind"] == "function") {
      expect_has(change["before"], {"owner: postgres\n", "-- line 1 of it", "return 1;"});
      expect_has(change["after"], {"-- line 1 of it", "return 2;"});
    } else if (change["kind"] == "view") {
      expect_has(change["before"], {"owner: postgres\nquery:\n", "WHERE (t.id > 3)"});
      EXPECT_TRUE(change["after"].is_null());
    }
  }
}

TEST_F(Drift, RefusesARecordThatSomebodyChanged) {
  execute("create table t (id int)");
  ASSERT_EQ(migrate("1_t.sql", "alter table t add n int;").status, 0);
  EXPECT_EQ(expect(0, {"drift"}).status, 0);
  const std::filesystem::path file = last_run() / "schema.json";
  std::string text = util::read_text(file);
  text = util::replace_all(std::move(text), "public.t.n", "public.t.m");
  std::ofstream(file, std::ios::trunc) << text;
  expect_refusal(run({"drift"}), 8,
                 {"schema.json is not what run", "SHA-256", "pgbelay diff", "--schema"});
}

TEST_F(Drift, AsSqlTellsOnStderrWhatItLeavesToAPerson) {
  ASSERT_EQ(run({"backup", "--proof", "written"}).status, 0);
  execute("create type mood as enum ('sad'); create table of_mood (m mood)");
  const BinaryResult result = expect(0, {"diff", "latest", "--schema", "--as-sql"});
  expect_has(result.err,
             {"left to a person: type public.mood added, enum of sad",
              "left to a person: table public.of_mood added (it needs type public.mood)"});
  expect_has(result.out, {"-- table public.of_mood added (it needs type public.mood)"});
  EXPECT_EQ(result.out.find("CREATE TABLE"), std::string::npos) << result.out;
}

// The same texts out of another database that was restored from it: one reparse settles them (F6).
// What is then changed by hand becomes a script that does the same to the other one.
TEST_F(Drift, OfARestoredDatabaseIsNoneAndAsSqlTurnsOneIntoTheOther) {
  execute(std::string(kExpressions));
  ASSERT_EQ(run({"backup", "--proof", "written"}).status, 0);
  const std::string copy = cat(database().name(), "_copy");
  const BinaryResult restored = run({"restore", "latest", "--to", copy, "--yes"});
  ASSERT_EQ(restored.status, 0) << restored.err;
  const BinaryResult result = run({"diff", "latest", copy, "--schema", "--exit-code"});
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  execute(R"sql(
      drop view new_wares;
      create table added (id serial primary key, ware int references wares, note text not null default 'it''s');
      create index on added (note);
      comment on column added.note is 'a \ b';
      alter table wares add "Stock" int default 3, alter state set not null, alter price type numeric(12,2) using price * 2,
        drop constraint wares_state_check, add check (price > 0);
      create view newer as select id, "Stock" from wares;
      create function half(a int) returns int language sql immutable strict as 'select a / 2';
      grant select, insert on added to public;
      create type left_alone as enum ('a'))sql");
  const std::string script =
      expect(0, {"diff", copy, database().name(), "--schema", "--as-sql"}).out;
  expect_has(script, {"-- Left to a person:\n-- type public.left_alone added, enum of a"});
  pg::Connection other = server().connect(copy);
  other.execute(script);
  other.execute("create type left_alone as enum ('a')");
  const BinaryResult again = run({"diff", copy, database().name(), "--schema", "--exit-code"});
  EXPECT_EQ(again.status, 0) << again.out << again.err << script;
  server().connect().execute(cat("drop database \"", copy, "\" with (force)"));
}

}  // namespace
