// drift --against: the live database and what migration files make of an empty one.
#include <gtest/gtest.h>
#include <signal.h>

#include <nlohmann/json.hpp>

#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using util::cat;

class DriftAgainst : public test::GuardedTest {
 protected:
  DriftAgainst() : GuardedTest(test::Binary::Release, test::test_server) {}

  // Files 1, 2 … of the folder, and the same done to the live database.
  void migrated(const std::vector<std::string>& files) {
    for (std::size_t n = 0; n < files.size(); ++n) {
      write(cat("migrations/", n + 1, "_file.sql"), files[n]);
      execute(files[n]);
    }
  }
  void execute(const std::string& sql) { database().connect().execute(sql); }
  BinaryResult drift(std::vector<std::string> more = {}, test::OnLine on_line = {}) {
    std::vector<std::string> args{"drift", "--against", "migrations"};
    args.insert(args.end(), more.begin(), more.end());
    return run(std::move(args), {}, std::move(on_line));
  }
  // None of ours on the server but those that work in a scratch database.
  void wait_for_the_end_of_its_session() {
    pg::Connection connection = server().connect();
    const std::string_view open =
        "select count(*) from pg_stat_activity where application_name ~ '^pgbelay-[0-9]+$' and "
        "strpos(datname, '__drift_') = 0";
    while (connection.query(open).u64(0, 0) > 0) connection.query("select pg_sleep(0.05)");
  }
};

void expect_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "no «" << part << "» in:\n" << text;
}

const std::vector<std::string> kFiles{
    R"sql(
    do $$ begin
      if not exists (select from pg_roles where rolname = 'drift_reader') then create role drift_reader; end if;
    end $$;
    create table wares (id serial primary key, state varchar check (state in ('new', 'old')), gone int);
    create function price(ware wares) returns int language sql stable as 'select 2 * ware.id';
    grant select on wares to drift_reader)sql",
    R"sql(
    create view new_wares as select id from wares where state in ('new', 'used') and id between 1 and 9;
    alter table wares drop column gone, add stock int not null default 0;
    create index by_stock on wares (stock) where state in ('new', 'used'))sql"};

// What tools note down, roles, and what a restore does to a schema (F6, S13) is no drift.
TEST_F(DriftAgainst, IsNoneWhereTheFilesMadeTheDatabase) {
  migrated(kFiles);
  execute(R"sql(
      create table schema_migrations (version varchar primary key);
      create table _prisma_migrations (id serial primary key, migration_name text not null);
      create index on _prisma_migrations (migration_name);
      create schema drizzle; create table drizzle.__drizzle_migrations (id serial primary key, hash text);
      create schema pgbelay; create table pgbelay.migrations (name text primary key))sql");
  const BinaryResult none = drift();
  EXPECT_EQ(none.status, 0) << none.out << none.err;
  expect_has(none.out,
             {"A: migrations in", "2 files", "the schemas are equal",
              "not compared: table public.schema_migrations", "not compared: schema drizzle",
              "1_file.sql:2: create role drift_reader: not replayed"});
  EXPECT_EQ(none.out.find("pgbelay.migrations"), std::string::npos) << none.out;
  EXPECT_TRUE(sides().empty());

  ASSERT_EQ(run({"backup", "--proof", "written"}).status, 0);
  const std::string copy = cat(database().name(), "_copy");
  ASSERT_EQ(run({"restore", "latest", "--to", copy, "--yes"}).status, 0);
  const BinaryResult restored = drift({"--database", server().url(copy)});
  EXPECT_EQ(restored.status, 0) << restored.out << restored.err;
  server().connect().execute(cat("drop database \"", copy, "\" with (force)"));
}

TEST_F(DriftAgainst, IsToldWithTheStatementsThatMakeIt) {
  migrated(kFiles);
  execute(
      "alter table wares add note text; drop index by_stock; alter table wares alter stock set "
      "default 5;"
      "create table schema_migrations (version varchar primary key); create table by_hand (a int)");
  const BinaryResult found = drift();
  EXPECT_EQ(found.status, 9) << found.out << found.err;
  expect_has(found.out, {"table public.wares: column note added, text",
                         "table public.wares: column stock: default is 5, was 0",
                         "table public.wares: index by_stock dropped", "table public.by_hand added",
                         "5 differences"});
  const nlohmann::json document = nlohmann::json::parse(drift({"--json"}).out);
  EXPECT_EQ(document["schema"], "pgbelay.drift/1");
  EXPECT_EQ(document["equal"], false);
  EXPECT_EQ(document["not_compared"].size(), 2U) << document.dump(1);
  const BinaryResult script = drift({"--as-sql"});
  EXPECT_EQ(script.status, 9) << script.err;
  // A file of migrations has a transaction of its own.
  write("migrations/3_adopted.sql",
        util::replace_all(util::replace_all(script.out, "BEGIN;\n", ""), "COMMIT;\n", ""));
  const BinaryResult adopted = drift();
  EXPECT_EQ(adopted.status, 0) << adopted.out << adopted.err << script.out;
}

// Who ran the files is not said by them.
TEST_F(DriftAgainst, IsNoneWhoeverReplays) {
  migrated(kFiles);
  server().connect().execute(
      "do $$ begin create role drift_owner; exception when duplicate_object then null; end $$");
  execute(
      "alter table wares owner to drift_owner; alter view new_wares owner to drift_owner;"
      "alter function price owner to drift_owner");
  const BinaryResult none = drift();
  EXPECT_EQ(none.status, 0) << none.out << none.err;
  execute("alter view new_wares owner to postgres");
  const BinaryResult one = drift();
  EXPECT_EQ(one.status, 9) << one.out << one.err;
  expect_has(one.out, {"view public.new_wares: owner is postgres, was drift_owner"});
}

TEST_F(DriftAgainst, SaysWhichFileFailsAndLeavesNothing) {
  write("migrations/1_good.sql", "create table t (a int);");
  write("migrations/2_bad.sql", "create table u (a int);\n\nalter table missing add b int;");
  expect_refusal(drift(), 1,
                 {"statement 2 of 2, 2_bad.sql:3:", "42P01", "missing", "empty database"});
  EXPECT_TRUE(sides().empty());
  write("migrations/2_bad.sql", "create table u (a int;");
  expect_refusal(drift(), 1, {"2_bad.sql:1:", "42601"});
  EXPECT_TRUE(sides().empty());
  EXPECT_EQ(run({"drift", "--against", "nowhere"}).status, 2);
  std::filesystem::create_directory(folder() / "empty");
  expect_refusal(run({"drift", "--against", "empty"}), 2, {"no *.sql file"});
}

TEST_F(DriftAgainst, ThatIsInterruptedLeavesNothingAndOneThatIsKilledIsClearedUp) {
  write("migrations/1_quick.sql", "create table t (a int);");
  write("migrations/2_slow.sql", "select pg_sleep(100);");
  const BinaryResult stopped = drift({}, test::signal_at("1_quick.sql: 1 statement", SIGINT));
  EXPECT_EQ(stopped.signal, SIGINT) << stopped.err;
  EXPECT_TRUE(sides().empty());

  const BinaryResult killed = drift({}, test::signal_at("1_quick.sql: 1 statement", SIGKILL));
  EXPECT_EQ(killed.signal, SIGKILL);
  ASSERT_EQ(sides("drift").size(), 1U);
  expect_has(run({"doctor"}).out, {sides("drift").front(), "pgbelay drift "});
  wait_for_the_end_of_its_session();
  write("migrations/2_slow.sql", "create table u (a int);");
  execute("create table t (a int); create table u (a int)");
  const BinaryResult next = drift();
  EXPECT_EQ(next.status, 0) << next.out << next.err;
  EXPECT_TRUE(sides().empty());
}

}  // namespace
