// What changed in the schema: told after a migration, between two sides, and since the last run.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/guarded.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using util::cat;

class Drift : public test::GuardedTest {
 protected:
  Drift() : GuardedTest(test::Binary::Release, test::test_server) {}

  void execute(const std::string& sql) { database().connect().execute(sql); }
  BinaryResult migrate(const std::string& name, const std::string& sql) {
    write(cat("migrations/", name), sql);
    return run({"migrate", "migrations", "--yes", "--no-rehearse"});
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
  EXPECT_EQ(good.err.find("not named in the migration's files"), std::string::npos) << good.err;
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
