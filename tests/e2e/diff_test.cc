// What differs between backups and databases, and the statements that turn one into the other.
#include <gtest/gtest.h>

#include <fstream>

#include "archive/manifest.h"
#include "pg/ident.h"
#include "support/round_trip.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using test::RoundTrip;
using util::cat;

class Diff : public RoundTrip {
 protected:
  void make_small() {
    make("diff", "", {});
    execute(
        "create table m (id int primary key, name text, note text);"
        "insert into m select n, 'name ' || n, nullif('', case n % 2 when 0 then '' end)"
        "  from generate_series(1, 1000) n;"
        "create table log (at timestamptz, j json); create table same as select 1 as one;"
        "insert into log select '2026-11-20 12:00:00+00', '{\"a\": 1}' from generate_series(1, 3)");
  }
  void execute(const std::string& sql) { database().connect().execute(sql); }
  // pgbelay diff with DATABASE_URL of the database.
  BinaryResult diff(std::vector<std::string> args) {
    args.insert(args.begin(), "diff");
    return run(std::move(args));
  }
  std::string told(std::vector<std::string> args, int status = 0) {
    const BinaryResult result = diff(std::move(args));
    EXPECT_EQ(result.status, status) << result.out << result.err;
    return result.out;
  }
  void apply(const std::string& script) {
    std::ofstream(folder() / "diff.sql", std::ios::binary) << script;
    test::stock(folder(), "psql",
                {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", database().url(),
                 "-f", "diff.sql"});
  }
};

void expect_has(const std::string& text, const std::vector<std::string>& parts) {
  for (const std::string& part : parts)
    EXPECT_NE(text.find(part), std::string::npos) << "no «" << part << "» in:\n" << text;
}

TEST_F(Diff, OfWhatIsEqualIsExit0AndSaysSo) {
  make_small();
  back_up({});
  expect_has(told({backup().string(), database().url(), "--exit-code", "--rows"}),
             {"equal: 3 tables with 1 004 rows"});
  expect_has(told({"latest", "--exit-code"}), {"equal: 3 tables"});
  EXPECT_EQ(told({"latest", "--as-sql"}).find("INSERT"), std::string::npos);
}

TEST_F(Diff, TellsWhichRowsWereAddedChangedDeleted) {
  make_small();
  back_up({});
  execute(
      "delete from m where id = 9; update m set name = E'it''s\\n' where id = 10;"
      "update m set note = '' where id = 100; update m set note = null where id = 101;"
      "insert into m values (2000, null, '')");
  EXPECT_EQ(told({"latest", "--rows", "--exit-code", "-t", "m"}, 9),
            cat("A: backup ", backup().filename().string(), "\nB: ", "database ",
                database().conninfo().display(),
                "\ntable public.m:\n"
                "  - id=9 name='name 9' note=''\n"
                "  ~ id=10: name 'name 10' → 'it''s\\n'\n"
                "  ~ id=100: note NULL → ''\n"
                "  ~ id=101: note '' → NULL\n"
                "  + id=2000 name=NULL note=''\n"
                "table public.m: 1 added, 3 changed, 1 deleted; 1 000 rows in A, 1 000 in B\n"
                "different; equal are 0 tables with 0 rows\n"));
  expect_has(told({"latest", "--only", "deleted"}), {"  - id=9 ", "1 deleted"});
  EXPECT_EQ(told({"latest", "--only", "deleted"}).find("  + "), std::string::npos);
  expect_has(told({"latest"}), {"table public.m: rows differ; 1 000 rows in A, 1 000 in B",
                                "different; equal are 2 tables with 4 rows"});
  expect_has(told({"latest", "--rows", "--json"}),
             {R"({"event":"row","table":"public.m","change":"deleted","before":{"id":"9",)",
              R"("after":{"id":"2000","name":null,"note":""}})", R"("schema":"pgbelay.diff/1")",
              R"("added":1,"changed":3,"deleted":1)"});
  expect_has(told({"latest", "--json"}), {"\"schema\": \"pgbelay.diff/1\"", "\"equal\": false"});
}

// No key: of rows that are the same, as many as are missing; types without an equality.
TEST_F(Diff, CountsRowsWithoutAKey) {
  make_small();
  back_up({});
  execute("delete from log where ctid = (select min(ctid) from log)");
  expect_has(told({"latest", "--rows"}),
             {"  - at='2026-11-20 12:00:00+00' j='{\"a\": 1}'\n", "0 added, 0 changed, 1 deleted"});
  apply(told({database().name(), "latest", "--as-sql"}));
  expect_has(told({"latest", "--exit-code"}), {"equal"});
  execute("insert into log select * from log limit 2");
  apply(told({database().name(), "latest", "--as-sql"}));
  expect_has(told({"latest", "--exit-code"}), {"equal"});
}

TEST_F(Diff, TellsObjectsColumnsSequencesAndLargeObjects) {
  make_small();
  execute(
      "create table gone (a int); insert into gone values (1), (2); create table other (a int, b "
      "int);"
      "create sequence s; select setval('s', 41); select lo_from_bytea(4711, 'large'),"
      " lo_from_bytea(4713, 'same'), lo_from_bytea(4714, 'same');"
      "create table g (a int, twice int generated always as (a * 2) stored);");
  back_up({});
  execute(
      "drop table gone; alter table other drop b; alter table other add c text; create table came "
      "(a int);"
      "select nextval('s'); select lo_put(4711, 0, 'LARGE'); select lo_from_bytea(4712, '');"
      "alter large object 4713 owner to pg_monitor; comment on large object 4713 is 'theirs';"
      "grant select on large object 4713 to public;"
      "grant select on large object 4714 to public; revoke all on large object 4714 from public;"
      "create index on m (name)");
  expect_has(
      told({"latest", "--exit-code"}, 9),
      {"table public.gone: only in A (2 rows)", "table public.came: only in B",
       "table public.other: columns differ, rows are not compared; only in A: b; only in B: c",
       "sequence public.s: at 41 in A, 42 in B", "large object 4711: 5 bytes sha256",
       "large object 4712: nothing in A",
       "large object 4713: owner postgres in A, pg_monitor in B\n",
       "large object 4713: privileges none in A, =r/pg_monitor, pg_monitor=rw/pg_monitor in B\n",
       "large object 4713: comment none in A, theirs in B\n",
       "index public.m_name_idx: only in B"});
  EXPECT_EQ(told({"latest"}).find("4714"), std::string::npos) << "the default in other words";
  expect_has(told({"latest", "--as-sql"}),
             {"-- table public.gone is only in A: left as it is",
              "-- table public.other has other columns in B", "-- large object 4711 differs",
              "setval('\"public\".\"s\"', 42, true)"});
}

// Every kind of value and name, tables with and without keys: deleted by the script, and put back
// by it. What the server thinks of its content is the judge.
TEST_F(Diff, SqlTurnsOneSideIntoTheOther) {
  make("diff_sql", "", {"types", "names"});
  execute(
      "create schema plain; create table plain.computed (id int generated always as identity "
      "primary key, a int, d int generated always as (a * 2) stored);"
      "insert into plain.computed (a) select x from generate_series(1, 30) x;"
      "create table plain.a_parent (id int primary key, n text);"
      "create table plain.b_child (id int primary key, up int references plain.a_parent);"
      "insert into plain.a_parent select x, 'p' from generate_series(1, 50) x;"
      "insert into plain.b_child select x, 1 + x % 50 from generate_series(1, 200) x;"
      "create table plain.nothing (); insert into plain.nothing default values;"
      "insert into plain.nothing default values;"
      "create table plain.pairs (c plain.b_child); insert into plain.pairs values "
      "(null), (row(null, null)), (row(1, null));"
      "create table plain.parts (id int, k text) partition by list (k);"
      "create table plain.part_a partition of plain.parts for values in ('a');"
      "insert into plain.parts values (1, 'a'), (null, 'a')");
  back_up({});
  const std::string full = test::content(database());
  const std::filesystem::path full_backup = backup();
  for (const archive::TableRecord& table :
       archive::manifest_from_json(util::read_text(backup() / "manifest.json")).tables) {
    if (!table.filter.empty()) continue;
    execute(cat("set session_replication_role = replica; delete from only ",
                pg::quote_ident(table.schema), ".", pg::quote_ident(table.table)));
  }
  const std::string empty = test::content(database());
  ASSERT_NE(test::difference(full, empty), "");
  back_up({});
  const std::filesystem::path empty_backup = backup();

  apply(told({database().url(), full_backup.string(), "--as-sql"}));
  EXPECT_EQ(test::difference(full, test::content(database())), "");
  expect_has(told({full_backup.string(), "--exit-code"}), {"equal"});

  apply(told({full_backup.string(), empty_backup.string(), "--as-sql"}));
  EXPECT_EQ(test::difference(empty, test::content(database())), "");

  execute(
      "update plain.a_parent set n = NULL where id < 20; delete from plain.b_child where up > 40; "
      "delete from plain.a_parent where id > 40; insert into plain.a_parent values (900, '')");
  apply(told({database().name(), full_backup.filename().string(), "--as-sql"}));
  EXPECT_EQ(test::difference(full, test::content(database())), "");
  EXPECT_FALSE(std::filesystem::exists(folder() / "pwned")) << "M9";
}

TEST_F(Diff, PutsBackOnlyWhatWasDeleted) {
  make_small();
  back_up({});
  execute("delete from m where id <= 3; update m set name = 'newer' where id = 500");
  apply(told({database().name(), "latest", "--only", "added", "--as-sql"}));
  pg::Connection connection = database().connect();
  EXPECT_EQ(connection.query("select count(*) from m").u64(0, 0), 1000U);
  EXPECT_EQ(connection.query("select name from m where id = 500").str(0, 0), "newer");
}

// Of tables whose fingerprints are equal, not even the archive is opened.
TEST_F(Diff, OfTwoBackupsNeedsNoServer) {
  make_small();
  back_up({});
  const std::filesystem::path before = backup();
  execute("delete from m where id % 100 = 0");
  back_up({});
  const std::filesystem::path after = backup();
  const auto without_server = [&](std::vector<std::string> more) {
    std::vector<std::string> args{"diff", before.string(), after.string(), "--exit-code"};
    args.insert(args.end(), more.begin(), more.end());
    return test::run_release({.args = std::move(args),
                              .env = {"PGHOST=/nowhere", "PGPORT=1"},
                              .directory = folder(),
                              .on_line = {}});
  };
  const BinaryResult rows = without_server({"--rows"});
  EXPECT_EQ(rows.status, 9) << rows.err;
  expect_has(rows.out,
             {"  - id=100 name='name 100' note=NULL\n", "0 added, 0 changed, 10 deleted"});
  std::filesystem::remove(before / "full_backup.dump");
  std::filesystem::remove(after / "full_backup.dump");
  const BinaryResult counts = without_server({});
  EXPECT_EQ(counts.status, 9) << counts.err;
  expect_has(counts.out, {"table public.m: rows differ; 1 000 rows in A, 990 in B"});
  EXPECT_EQ(without_server({"--rows", "--table", "same"}).status, 0);
}

TEST_F(Diff, NamesAreBackupsOrDatabases) {
  make_small();
  back_up({});
  const test::TestDatabase other = empty("diff_other");
  expect_has(told({database().name(), other.name()}),
             {cat("B: database ", other.conninfo().display()), "table public.m: only in A"});
  const BinaryResult unknown = diff({"latest", "no_such_thing"});
  EXPECT_EQ(unknown.status, 2);
  expect_has(unknown.err, {"no_such_thing", "nor is there a database"});
  EXPECT_EQ(diff({}).status, 2);
  EXPECT_EQ(diff({"latest", "latest", "latest"}).status, 2);
  EXPECT_EQ(diff({"latest", "--table", "nothing_like_it"}).status, 2);
  EXPECT_EQ(diff({"latest", "--only", "moved"}).status, 2);
}

// Rows are compared in the backup's encoding.
TEST_F(Diff, ComparesTextOfAnotherEncoding) {
  make("diff_latin", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'", {});
  execute("create table t (id int primary key, v text); insert into t values (1, 'Z\xFCrich')");
  back_up({});
  expect_has(told({"latest", "--exit-code"}), {"equal"});
  execute(
      "update t set v = 'Z\xFC"
      "g'");
  expect_has(told({"latest", "--rows"}), {"  ~ id=1: v Z\xFCrich → Z\xFCg\n"});
  apply(told({database().name(), "latest", "--as-sql"}));
  expect_has(told({"latest", "--exit-code"}), {"equal"});
}

}  // namespace
