// One read of a real database, restored by stock programs.
#include "dump/dump.h"

#include <fstream>

#include "archive/custom_file.h"
#include "codec/sha256.h"
#include "server/dump/fixture.h"
#include "util/clock.h"
#include "util/error.h"

namespace dump {
namespace {

using testing::Contains;
using testing::HasSubstr;

const archive::TableRecord& table_of(const archive::Manifest& manifest, std::string_view name) {
  for (const archive::TableRecord& table : manifest.tables) {
    if (table.table == name) return table;
  }
  throw std::runtime_error("no such table");
}

// What pg_restore lists, without dump ids.
std::vector<std::string> listed(const std::string& list) {
  std::vector<std::string> lines;
  for (const std::string_view line : util::split(list, '\n')) {
    if (line.empty() || line.starts_with(";")) continue;
    lines.emplace_back(line.substr(line.find(';') + 2));
    // Archives of 1.16 may have one for each group of large objects; ours have one for all.
    if (lines.back().find(" BLOBS ") != std::string::npos) lines.back() = "BLOBS";
  }
  std::sort(lines.begin(), lines.end());
  lines.erase(std::unique(lines.begin(), lines.end()), lines.end());
  return lines;
}

// The same entries as a full dump by the stock program: nothing is left out, nothing is invented
// (M3).
TEST_F(DumpTest, HoldsTheEntriesOfAFullPgDump) {
  const test::TestDatabase database = test::make_database("entries");
  database.connect().execute(R"sql(
      create table t (id bigint generated always as identity, "select" text, g int generated always as (1) stored);
      create table empty (); create sequence s start 5;
      create schema "odd ""x"; create table "odd ""x"."a.b" ("c""d" int);
      create table p (i int) partition by list (i); create table p1 partition of p for values in (1);
      create materialized view first as select 1 as one; create materialized view never as select 1 with no data;
      create view between_them as select * from first; create materialized view a_second as select * from between_them;
      select lo_from_bytea(9001, 'abc'), lo_from_bytea(3000000001, ''); comment on large object 9001 is 'it''s';
      grant select on large object 9001 to public; create index on t ("select"); grant select on t to public)sql");
  dump(database);
  const std::string full = file("stock.dump");
  stock({"pg_dump", "-Fc", "-f", full, "-d", database.url()});
  const std::vector<std::string> ours =
      listed(stock({"pg_restore", "-l", file("full_backup.dump")}));
  // A newer pg_dump has the entries of its own version; ours has those of the server's.
  if (archive::CustomFileReader(full).toc().version ==
      archive::CustomFileReader(file("full_backup.dump")).toc().version) {
    EXPECT_EQ(ours, listed(stock({"pg_restore", "-l", full})));
  }
  EXPECT_THAT(ours, Contains(HasSubstr("BLOBS")));
  EXPECT_THAT(ours, Contains(HasSubstr("MATERIALIZED VIEW DATA public a_second")));
}

TEST_F(DumpTest, IsReadByPgRestoreAndPsqlAlike) {
  const test::TestDatabase database = test::make_database("round");
  pg::Connection connection = database.connect();
  connection.execute(R"sql(
      create table t (id serial primary key, v text, b bytea, f float8[]);
      insert into t (v, b, f) values (null, null, null), ('', '', '{}'), ('\N', '\x00ff', '{NaN,null,1e300}'),
        ('\.', 'x', null), (E'tab\tnl\ncr\r\\back"q"''', null, null), ('ü€𝄞', null, null);
      insert into t (v) select 'row ' || i from generate_series(1, 5000) i;
      create table child (t int references t, x int default 7); insert into child select id from t;
      create table zero (); insert into zero select from generate_series(1, 3);
      create unlogged table u (i int); insert into u values (1);
      create table parent (a int, b int); create table kid (c int) inherits (parent);
      insert into parent values (1, 2); insert into kid values (3, 4, 5);
      create table p (k int, v text) partition by range (k);
      create table p1 partition of p for values from (0) to (100);
      create table p2 (v text, k int); alter table p attach partition p2 for values from (100) to (200);
      insert into p select i, 'x' || i from generate_series(0, 199) i)sql");
  connection.execute(kWideTable);
  const archive::Manifest manifest = dump(database);
  const auto source = content(database);
  EXPECT_EQ(content(manifest), source);

  for (const std::string_view jobs : {"-j1", "-j4"}) {
    const test::TestDatabase copy = test::make_database("copy");
    restore(copy, jobs);
    EXPECT_EQ(content(copy), source) << jobs;
  }
  const test::TestDatabase by_psql = test::make_database("psql");
  stock({"pg_restore", "-f", file("plain.sql"), file("full_backup.dump")});
  std::ofstream(file("unzipped.sql"), std::ios::binary);
  const util::Captured unzipped = util::capture(
      {.argv = {"sh", "-c",
                util::cat("gunzip -c ", file("full_backup.sql.gz"), " > ", file("unzipped.sql"))}});
  EXPECT_EQ(unzipped.ended.status, 0) << unzipped.err;
  stock({"psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", by_psql.url(), "-f",
         file("unzipped.sql")});
  EXPECT_EQ(content(by_psql), source);
}

// zstd is for servers whose own pg_restore reads it.
TEST_F(DumpTest, ZstdIsWhatStockProgramsOfTheServerRead) {
  const test::TestDatabase database = test::make_database("zstd");
  pg::Connection connection = database.connect();
  connection.execute(kWideTable);
  connection.execute(
      "create table empty (i int); create table \"A\" as select 1 as one;"
      "select lo_from_bytea(42, ''), lo_from_bytea(43, 'large')");
  Options with = options(database);
  with.compress = {.method = codec::Method::Zstd, .level = 3};
  if (connection.server_major() < 16) {
    try {
      run(with, reporter_, {});
      FAIL() << "its pg_restore would not read it";
    } catch (const util::Error& refused) {
      EXPECT_EQ(refused.kind(), util::Kind::Usage);
      EXPECT_THAT(refused.hint(), testing::HasSubstr("Leave --compress out"));
    }
    return;
  }
  const archive::Manifest manifest = run(with, reporter_, {});
  ASSERT_TRUE(manifest.compression);
  EXPECT_EQ(manifest.compression->method, codec::Method::Zstd);
  EXPECT_EQ(manifest.compression->level, 3);
  const auto source = content(database);
  EXPECT_EQ(content(manifest), source);
  for (const std::string_view jobs : {"-j1", "-j4"}) {
    const test::TestDatabase copy = test::make_database("copy");
    restore(copy, jobs);
    EXPECT_EQ(content(copy), source) << jobs;
    EXPECT_EQ(copy.connect().query("select lo_get(42) || lo_get(43)").str(0, 0), "\\x6c61726765");
  }
  const util::Captured unzipped = util::capture(
      {.argv = {"sh", "-c",
                util::cat("zstd -dc ", file("full_backup.sql.zst"), " > ", file("plain.sql"))}});
  EXPECT_EQ(unzipped.ended.status, 0) << unzipped.err;
  const test::TestDatabase by_psql = test::make_database("psql");
  stock({"psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-d", by_psql.url(), "-f",
         file("plain.sql")});
  EXPECT_EQ(content(by_psql), source);
}

// The files are a function of the data: with any number of workers all bytes are the same, but for
// the creation time in the archive's header (contracts.md K18).
TEST_F(DumpTest, WritesTheSameBytesWithAnyNumberOfWorkers) {
  const test::TestDatabase database = test::make_database("same");
  pg::Connection connection = database.connect();
  connection.execute(kWideTable);
  connection.execute(
      "create table narrow as select i, md5(i::text) as m from generate_series(1, 50000) i;"
      "create table \"A\" as select 1 as one; select lo_from_bytea(g, decode(repeat('ab', 100000), "
      "'hex'))"
      "  from generate_series(1000, 1100) g");
  std::map<std::string, std::vector<std::string>> sums;
  for (const std::size_t jobs : {1U, 2U, 5U}) {
    const std::string folder = util::cat("jobs", jobs);
    Options with = options(database, folder);
    with.jobs = jobs;
    const archive::Manifest manifest = run(with, reporter_, {});
    for (const archive::FileRecord& one : manifest.files) {
      std::string bytes = util::read_text(with.directory / one.name);
      EXPECT_EQ(codec::sha256_of(bytes), one.sha256) << one.name;
      // Magic, version, sizes, format, compression, which is an int before 1.15.
      const std::size_t created = 5 + 3 + 1 + 1 + 1 + (manifest.archive_version == "1.14" ? 5 : 1);
      if (one.name == "full_backup.dump") bytes.replace(created, 7 * 5, 7 * 5, '.');
      sums[one.name].push_back(codec::sha256_of(bytes));
    }
  }
  ASSERT_EQ(sums.size(), 6U);
  for (const auto& [name, of_runs] : sums) {
    ASSERT_EQ(of_runs.size(), 3U) << name;
    EXPECT_EQ(of_runs[0], of_runs[1]) << name;
    EXPECT_EQ(of_runs[0], of_runs[2]) << name;
  }
}

TEST_F(DumpTest, RecordsPiecesThatInflateOnTheirOwn) {
  const test::TestDatabase database = test::make_database("pieces");
  database.connect().execute(kWideTable);
  const archive::Manifest manifest = dump(database);
  const archive::TableRecord& wide = table_of(manifest, "wide");
  ASSERT_GT(wide.pieces.size(), 5U);
  const archive::CustomFileReader reader(file("full_backup.dump"));
  const util::ReadFile sql(file("full_backup.sql.gz"));
  codec::Fingerprint sum;
  std::uint64_t raw_bytes = 0;
  for (const archive::PieceRecord& piece : wide.pieces) {
    const std::vector<std::byte> deflated =
        reader.read_piece(piece.dump_offset, piece.deflated_bytes);
    std::vector<std::byte> in_sql(piece.deflated_bytes);
    sql.read_at(piece.sql_offset, in_sql);
    EXPECT_EQ(deflated, in_sql) << "the same bytes in both files";
    codec::RowSplitter rows;
    codec::Inflater inflater(codec::Framing::RawPiece);
    inflater.add(deflated, [&rows](std::span<const std::byte> raw) { rows.add(raw); });
    inflater.finish();
    EXPECT_FALSE(rows.partial()) << "a piece ends with a row";
    EXPECT_EQ(rows.fingerprint().rows, piece.rows);
    sum += rows.fingerprint();
    raw_bytes += piece.raw_bytes;
  }
  EXPECT_EQ(sum, wide.fingerprint);
  EXPECT_EQ(raw_bytes, wide.raw_bytes);
}

// M3: pg_dump --schema-only has none of these, and no restore is right without them.
TEST_F(DumpTest, RestoresWhatSchemaOnlyLeavesOut) {
  const test::TestDatabase database = test::make_database("rest");
  database.connect().execute(R"sql(
      create sequence s start 5; select nextval('s'), nextval('s'); create sequence fresh start 9;
      create table t (id int generated by default as identity (start 100)); insert into t default values;
      select lo_from_bytea(42, 'large'); comment on large object 42 is 'it''s'; grant select on large object 42 to public;
      create table x as select 1 as i;
      create materialized view z_base as select i from x; create view v as select * from z_base;
      create materialized view a_top as select * from v; create materialized view never as select 1 with no data)sql");
  const archive::Manifest manifest = dump(database);
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
  pg::Connection there = copy.connect();
  const pg::Result rows = there.query(
      "select (select last_value from s), (select is_called from s), (select is_called from fresh),"
      " nextval('t_id_seq'), convert_from(lo_get(42), 'UTF8'), obj_description(42, "
      "'pg_largeobject'),"
      " (select lomacl::text from pg_largeobject_metadata where oid = 42), (select i from a_top),"
      " (select relispopulated from pg_class where relname = 'never')");
  EXPECT_EQ(rows.str(0, 0), "6");
  EXPECT_EQ(rows.str(0, 1), "t");
  EXPECT_EQ(rows.str(0, 2), "f");
  EXPECT_EQ(rows.str(0, 3), "101");
  EXPECT_EQ(rows.str(0, 4), "large");
  EXPECT_EQ(rows.str(0, 5), "it's");
  EXPECT_EQ(rows.str(0, 6), "{postgres=rw/postgres,=r/postgres}");
  EXPECT_EQ(rows.str(0, 7), "1");
  EXPECT_EQ(rows.str(0, 8), "f");

  ASSERT_EQ(manifest.large_objects.size(), 1U);
  EXPECT_EQ(manifest.large_objects[0].sha256, codec::sha256_of("large"));
  EXPECT_EQ(manifest.sequences.size(), 3U);
  ASSERT_EQ(manifest.materialized_views.size(), 3U);
  EXPECT_TRUE(manifest.materialized_views[0].populated);
  EXPECT_EQ(manifest.materialized_views[0].fingerprint.rows, 1U);
  EXPECT_FALSE(manifest.materialized_views[1].populated);
}

// Rows go to other partitions where enum values have other OIDs: together they are the same.
TEST_F(DumpTest, LoadsPartitionsHashedByAnEnumThroughTheirRoot) {
  const test::TestDatabase database = test::make_database("enum");
  database.connect().execute(R"sql(
      create type colour as enum ('red', 'green', 'blue', 'black', 'white', 'grey');
      create table root (c colour, n int) partition by hash (c);
      create table r0 partition of root for values with (modulus 3, remainder 0);
      create table r1 (n int, c colour); alter table root attach partition r1 for values with (modulus 3, remainder 1);
      create table r2 partition of root for values with (modulus 3, remainder 2);
      insert into root select c, n from unnest(enum_range(null::colour)) c, generate_series(1, 50) n)sql");
  const archive::Manifest manifest = dump(database);
  codec::Fingerprint before;
  for (const archive::TableRecord& table : manifest.tables) {
    EXPECT_EQ(table.loaded_through, "public.root");
    before += table.fingerprint;
  }
  EXPECT_EQ(before.rows, 300U);
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
  codec::Fingerprint after;
  for (const auto& [name, sum] : content(copy)) after += sum;
  EXPECT_EQ(after, before);
}

// M3: the rows of a configuration table that are the user's; its definition comes with the
// extension.
TEST_F(DumpTest, ReadsConfigurationTablesWithTheirCondition) {
  const test::TestDatabase database = test::make_database("config");
  database.connect().execute(R"sql(
      create extension hstore; create table settings (k text, own bool);
      alter extension hstore add table settings;
      update pg_extension set extconfig = array['settings'::regclass], extcondition = array['WHERE own']
       where extname = 'hstore';
      insert into settings values ('theirs', false), ('mine', true))sql");
  const archive::Manifest manifest = dump(database);
  const archive::TableRecord& settings = table_of(manifest, "settings");
  EXPECT_EQ(settings.fingerprint.rows, 1U);
  EXPECT_EQ(settings.filter, " WHERE own");
  EXPECT_THAT(stock({"pg_restore", "-f", "-", file("full_backup.dump")}),
              HasSubstr("mine\tt\n\\."));
}

TEST_F(DumpTest, KeepsTheEncodingOfTheDatabase) {
  for (const std::string_view encoding : {"LATIN1", "SQL_ASCII"}) {
    const std::string create = util::cat("encoding '", encoding, "' lc_collate 'C' lc_ctype 'C'");
    const test::TestDatabase database = test::make_database("encoding", create);
    database.connect().execute(util::cat("set client_encoding = '", encoding,
                                         "'; create table t (v text);"
                                         "insert into t values (convert_from('\\xe9fc', '",
                                         encoding, "'))"));
    const std::string folder = util::lower(encoding);
    const archive::Manifest manifest = dump(database, folder);
    EXPECT_EQ(manifest.encoding, encoding);
    const test::TestDatabase copy = test::make_database("copy", create);
    stock({"pg_restore", "-e", "-d", copy.url(), file("full_backup.dump", folder)});
    EXPECT_EQ(content(copy), content(manifest));
    EXPECT_THAT(stock({"pg_restore", "-f", "-", file("full_backup.dump", folder)}),
                HasSubstr("\n\xe9\xfc\n"));
  }
}

// The manifest holds what belongs to the database but to no object (S2, M5), and what a migration
// tool did.
TEST_F(DumpTest, RecordsTheDatabaseAndItsHistory) {
  const test::TestDatabase database = test::make_database("facts");
  database.connect().execute(
      util::cat("comment on database ", pg::quote_ident(database.name()),
                " is 'for facts';"
                "alter database ",
                pg::quote_ident(database.name()),
                " set work_mem = '5MB';"
                "create table schema_migrations (version text primary key); insert into "
                "schema_migrations values ('002'), ('001');"
                "create table knex_migrations (unrelated int); create extension hstore"));
  const archive::Manifest manifest = dump(database);
  EXPECT_EQ(manifest.database, database.name());
  EXPECT_EQ(manifest.properties.comment, "for facts");
  ASSERT_EQ(manifest.properties.settings.size(), 1U);
  EXPECT_EQ(manifest.properties.settings[0].name, "work_mem");
  EXPECT_THAT(manifest.applied_migrations, testing::ElementsAre("001", "002"));
  EXPECT_THAT(manifest.objects,
              Contains(archive::ObjectRecord{"table", "public.schema_migrations"}));
  EXPECT_THAT(manifest.extensions,
              Contains(testing::Field(&archive::ExtensionRecord::name, "hstore")));
  const int major = database.connect().server_major();
  EXPECT_EQ(manifest.archive_version, major >= 17 ? "1.16" : major == 16 ? "1.15" : "1.14");
  EXPECT_FALSE(manifest.snapshot.empty());
  EXPECT_EQ(manifest.source.find("password"), std::string::npos);
}

TEST_F(DumpTest, OfAnEmptyDatabaseIsAnArchiveToo) {
  const test::TestDatabase database = test::make_database("nothing");
  EXPECT_TRUE(dump(database).tables.empty());
  const test::TestDatabase copy = test::make_database("copy");
  restore(copy);
}

TEST_F(DumpTest, ReadsNoFasterThanItIsTold) {
  const test::TestDatabase database = test::make_database("rate");
  database.connect().execute(
      "create table t as select repeat('x', 1000) as v from generate_series(1, 600)");
  Options with = options(database);
  with.rate = 500'000;
  const util::Stopwatch watch;
  run(with, reporter_, {});
  EXPECT_GE(watch.elapsed().count(), 1.0) << "600 kB at 500 kB a second";
}

}  // namespace
}  // namespace dump
