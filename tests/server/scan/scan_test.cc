// Which relations are content, how they are read, and that sums do not depend on how a table is
// cut.
#include <gmock/gmock.h>

#include <array>

#include "codec/sha256.h"
#include "pg/session.h"
#include "scan/table.h"
#include "support/server.h"
#include "util/text.h"

namespace scan {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Scan : public test::ServerTest {
 protected:
  pg::Connection open(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, "UTF8");
    return connection;
  }
};

std::vector<std::string> names_of(const std::vector<Table>& tables) {
  std::vector<std::string> names;
  for (const Table& table : tables)
    names.push_back(util::cat(table.name.schema, ".", table.name.name));
  return names;
}

TEST_F(Scan, ListsEveryTableWithRowsOfItsOwn) {
  const test::TestDatabase database = test::make_database("tables");
  pg::Connection connection = open(database);
  connection.execute(R"sql(
      create schema "B";
      create table public.z (i int);
      create table "B".t (a int, gone int, g int generated always as (a * 2) stored, "c d" text);
      alter table "B".t drop column gone;
      create table public.parent (i int); create table public.child (j int) inherits (public.parent);
      create unlogged table public.unlogged (i int);
      create table public.p (i int) partition by list (i);
      create table public.p1 partition of public.p for values in (1);
      create table public.empty ();
      create temp table scratch (i int);
      create view public.v as select 1;
      create materialized view public.mv as select 1 as one;
      create foreign data wrapper w; create server s foreign data wrapper w;
      create foreign table public.far (i int) server s)sql");
  const std::vector<Table> tables = list_tables(connection);
  EXPECT_THAT(names_of(tables), ElementsAre("B.t", "public.child", "public.empty", "public.p1",
                                            "public.parent", "public.unlogged", "public.z"));
  EXPECT_THAT(tables[0].columns, ElementsAre("a", "c d"));
  EXPECT_THAT(tables[0].generated, ElementsAre("g"));
  EXPECT_THAT(tables[1].columns, ElementsAre("i", "j"));
  EXPECT_THAT(tables[2].columns, IsEmpty());
  EXPECT_TRUE(tables[0].heap);
}

// M3: of an extension only its configuration tables, with their condition.
TEST_F(Scan, ListsConfigurationTablesOfExtensions) {
  const test::TestDatabase database = test::make_database("config");
  pg::Connection connection = open(database);
  database.connect().execute(R"sql(
      create extension hstore;
      create table public.settings (k text, own bool); create table public.internal (i int);
      create sequence public.numbers; create sequence public.hidden;
      alter extension hstore add table public.settings; alter extension hstore add table public.internal;
      alter extension hstore add sequence public.numbers; alter extension hstore add sequence public.hidden;
      update pg_catalog.pg_extension set extconfig = array['public.settings'::regclass, 'public.numbers'::regclass],
             extcondition = array['WHERE own', ''] where extname = 'hstore';
      insert into public.settings values ('theirs', false), ('mine', true))sql");
  const std::vector<Table> tables = list_tables(connection);
  ASSERT_THAT(names_of(tables), ElementsAre("public.settings"));
  EXPECT_TRUE(tables[0].extension_config);
  EXPECT_EQ(tables[0].extension, "hstore");
  EXPECT_EQ(tables[0].filter, " WHERE own");
  EXPECT_EQ(fingerprint(connection, tables[0].name, tables[0].columns, tables[0].filter, {}).rows,
            1U);
  const std::vector<Sequence> sequences = list_sequences(connection);
  ASSERT_EQ(sequences.size(), 1U);
  EXPECT_EQ(sequences[0].name.name, "numbers");
  EXPECT_EQ(sequences[0].extension, "hstore");
}

TEST_F(Scan, ReadsThePositionOfEverySequence) {
  const test::TestDatabase database = test::make_database("sequences");
  pg::Connection connection = open(database);
  connection.execute(R"sql(
      create sequence public.fresh start 7; create sequence public.down increment -3 minvalue -100 maxvalue 10;
      select pg_catalog.nextval('public.down'); select pg_catalog.nextval('public.down');
      create table public.t (i int generated always as identity))sql");
  const std::vector<Sequence> sequences = list_sequences(connection);
  ASSERT_EQ(sequences.size(), 3U);
  for (const Sequence& sequence : sequences) {
    if (sequence.name.name == "down") {
      EXPECT_EQ(sequence.last_value, 7);
      EXPECT_TRUE(sequence.is_called);
    }
    if (sequence.name.name == "fresh") {
      EXPECT_EQ(sequence.last_value, 7);
      EXPECT_FALSE(sequence.is_called);
    }
  }
}

// More than one statement holds.
TEST_F(Scan, ReadsThousandsOfSequences) {
  const test::TestDatabase database = test::make_database("many");
  pg::Connection connection = open(database);
  connection.execute(
      "do $$ begin for i in 1..1100 loop execute pg_catalog.format('create sequence public.s%s "
      "start %s', i, i); "
      "end loop; end $$");
  const std::vector<Sequence> sequences = list_sequences(connection);
  ASSERT_EQ(sequences.size(), 1100U);
  for (const Sequence& sequence : sequences) {
    EXPECT_EQ(util::cat("s", sequence.last_value), sequence.name.name);
  }
}

// M2: chunks by TID range hold every row once.
TEST_F(Scan, SumsTheSameHoweverATableIsCut) {
  const test::TestDatabase database = test::make_database("cut");
  pg::Connection connection = open(database);
  connection.execute(
      "create table public.wide (i int, filler text); alter table public.wide alter filler set "
      "storage plain;"
      "insert into public.wide select i, pg_catalog.repeat(pg_catalog.md5(i::text), 60) from "
      "pg_catalog.generate_series(1, 20000) i;"
      "delete from public.wide where i % 7 = 0; create table public.child () inherits "
      "(public.wide);"
      "insert into public.child values (1, 'not ours')");
  const std::vector<Table> tables = list_tables(connection);
  const Table& wide = tables.at(1);
  ASSERT_EQ(wide.name.name, "wide");
  const std::vector<PageRange> ranges = cut(wide, connection.server_major());
  if (connection.server_major() >= 14) {
    ASSERT_GT(ranges.size(), 1U) << wide.bytes;
    EXPECT_TRUE(tid_range_scan_works(connection, wide));
  }
  codec::Fingerprint sum;
  for (const PageRange& range : ranges) {
    const codec::Fingerprint part = fingerprint(connection, wide.name, wide.columns, "", range);
    EXPECT_GT(part.rows, 0U);
    sum += part;
  }
  const codec::Fingerprint whole = fingerprint(connection, wide.name, wide.columns, "", {});
  EXPECT_EQ(sum, whole);
  EXPECT_EQ(whole.rows, 20000U - 20000U / 7U);
}

// S14: COPY of the table does not show generated columns, and refuses to be asked for them.
TEST_F(Scan, SumsGeneratedColumnsByAQuery) {
  const test::TestDatabase database = test::make_database("generated");
  pg::Connection connection = open(database);
  connection.execute(
      "create function public.f(i int) returns text language sql immutable as 'select ''v1-'' || "
      "i';"
      "create table public.g (i int, s text generated always as (public.f(i)) stored); insert into "
      "public.g values (1);"
      "create table public.h (i int, s text); insert into public.h values (1, 'v1-1')");
  const codec::Fingerprint generated = fingerprint_by_query(connection, {"public", "g"}, {"s"}, "");
  EXPECT_EQ(generated, fingerprint_by_query(connection, {"public", "h"}, {"s"}, ""));
  connection.execute(
      "create or replace function public.f(i int) returns text language sql immutable as "
      "'select ''v2-'' || i'; update public.g set i = 1");
  EXPECT_NE(generated, fingerprint_by_query(connection, {"public", "g"}, {"s"}, ""));
}

TEST_F(Scan, ReadsLargeObjectsWithAllThatBelongsToThem) {
  const test::TestDatabase database = test::make_database("lo");
  pg::Connection connection = open(database);
  connection.execute(
      "select pg_catalog.lo_from_bytea(3000000001, pg_catalog.convert_to(pg_catalog.repeat('abc', "
      "200000), 'UTF8'));"
      "select pg_catalog.lo_from_bytea(42, ''); comment on large object 42 is 'it''s';"
      "grant select on large object 42 to public");
  const std::vector<LargeObject> objects = list_large_objects(connection);
  ASSERT_EQ(objects.size(), 2U);
  EXPECT_EQ(objects[0].oid, 42U);
  EXPECT_EQ(objects[0].owner, "postgres");
  EXPECT_EQ(objects[0].comment, "it's");
  EXPECT_EQ(objects[0].acl, "{postgres=rw/postgres,=r/postgres}");
  EXPECT_EQ(objects[1].oid, 3000000001U);
  EXPECT_EQ(objects[1].acl, "");
  std::string content;
  for (int n = 0; n < 200000; ++n) content += "abc";
  const pg::Transaction transaction(connection, pg::Transaction::Mode::RepeatableReadOnly);
  const std::vector<LargeObjectSum> sums =
      sum_large_objects(connection, std::array{3000000001U, 42U});
  ASSERT_EQ(sums.size(), 2U);
  EXPECT_EQ(sums[0].sha256, codec::sha256_of(content));
  EXPECT_EQ(sums[0].bytes, content.size());
  EXPECT_EQ(sums[1].bytes, 0U);
  EXPECT_EQ(sums[1].sha256, codec::sha256_of(""));
}

// F1: what is locked must be what was listed: a table that was rewritten or made again is another
// one.
TEST_F(Scan, TellsARewrittenTableFromTheOneBefore) {
  const test::TestDatabase database = test::make_database("lockable");
  pg::Connection connection = open(database);
  connection.execute(
      "create table public.a (i int); create table public.p (i int) partition by list (i)");
  const std::vector<Lockable> before = list_lockable(connection);
  ASSERT_EQ(before.size(), 2U);
  EXPECT_TRUE(before[1].partitioned);
  EXPECT_EQ(before, list_lockable(connection));
  connection.execute("truncate public.a");
  const std::vector<Lockable> truncated = list_lockable(connection);
  EXPECT_NE(before, truncated);
  connection.execute("drop table public.a; create table public.a (i int)");
  EXPECT_NE(truncated, list_lockable(connection));
}

TEST_F(Scan, KnowsWhichPartitionsAreLoadedThroughTheirRoot) {
  const test::TestDatabase database = test::make_database("root");
  pg::Connection connection = open(database);
  connection.execute(R"sql(
      create type public.colour as enum ('red', 'green');
      create table public.root (n int, c public.colour) partition by list (n);
      create table public.mid partition of public.root for values in (1) partition by hash (c);
      create table public.leaf (c public.colour, n int);
      alter table public.mid attach partition public.leaf for values with (modulus 1, remainder 0);
      create table public.plain partition of public.root for values in (2))sql");
  const std::vector<Table> tables = list_tables(connection);
  ASSERT_THAT(names_of(tables), ElementsAre("public.leaf", "public.plain"));
  ASSERT_TRUE(tables[0].load_root.has_value());
  EXPECT_EQ(tables[0].load_root->name, "root");
  EXPECT_THAT(tables[0].columns, ElementsAre("n", "c"))
      << "a row is the same text in every partition";
  EXPECT_FALSE(tables[1].load_root.has_value());
}

}  // namespace
}  // namespace scan
