// Rows out of a backup without a server: the same as the server itself gives, and as good for
// putting them back.
#include <gtest/gtest.h>

#include <fstream>

#include "archive/manifest.h"
#include "pg/ident.h"
#include "support/round_trip.h"
#include "util/text.h"

namespace {

using test::RoundTrip;
using util::cat;

class Extract : public RoundTrip {
 protected:
  static std::string pattern(const archive::TableRecord& table) {
    return cat(pg::quote_ident(table.schema), ".", pg::quote_ident(table.table));
  }
  std::vector<archive::TableRecord> tables() {
    return archive::manifest_from_json(util::read_text(backup() / "manifest.json")).tables;
  }
  test::BinaryResult extract(std::vector<std::string> args) {
    args.insert(args.begin(), {"extract", backup().string()});
    return test::run_release({.args = std::move(args),
                              .env = {"PGHOST=/nowhere", "PGPORT=1"},  // no server is asked
                              .directory = folder(),
                              .on_line = {}});
  }
  std::string rows(std::vector<std::string> args) {
    const test::BinaryResult result = extract(std::move(args));
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_EQ(result.err, "");
    return result.out;
  }
  // What the server itself writes of the table.
  std::string served(const archive::TableRecord& table) {
    std::vector<std::string> columns;
    for (const std::string& column : table.columns) columns.push_back(pg::quote_ident(column));
    std::string out;
    pg::Connection connection = database().connect();
    connection.execute(
        "set timezone = 'UTC'; set extra_float_digits = 1; set bytea_output = 'hex'; set "
        "intervalstyle = 'postgres'; set datestyle = 'ISO'");
    connection.copy_out(cat("COPY (SELECT ", util::join(columns, ", "), " FROM ONLY ",
                            pattern(table), ") TO STDOUT (FORMAT csv, HEADER)"),
                        [&out](std::span<const std::byte> bytes) {
                          out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
                        });
    return out;
  }
  void psql(const std::string& script) {
    std::ofstream(folder() / "rows.sql", std::ios::binary) << script;
    test::stock(folder(), "psql",
                {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", database().url(), "-f", "rows.sql"});
  }
};

TEST_F(Extract, CsvIsWhatTheServerWrites) {
  make("extract", "", {"types", "tables", "names"});
  back_up({});
  int compared = 0;
  for (const archive::TableRecord& table : tables()) {
    if (!table.filter.empty()) continue;
    EXPECT_EQ(rows({"--table", pattern(table)}), served(table)) << pattern(table);
    ++compared;
  }
  EXPECT_GT(compared, 30);
}

// NULL, empty, escapes, arrays, bytea, json, identity and generated columns, odd names.
TEST_F(Extract, SqlPutsBackWhatWasThere) {
  make("extract_sql", "", {"types", "names"});
  database().connect().execute(
      "create schema plain; create table plain.computed (id int generated always as identity "
      "primary key, a int, d int generated always as (a * 2) stored);"
      "insert into plain.computed (a) select x from generate_series(1, 30) x;"
      "create table plain.parts (id int, k text) partition by list (k);"
      "create table plain.part_a partition of plain.parts for values in ('a');"
      "insert into plain.parts values (1, 'a'), (null, 'a')");
  back_up({});
  const std::string before = test::content(database());
  for (const archive::TableRecord& table : tables()) {
    if (table.filter.empty())
      database().connect().execute(cat("delete from only ", pattern(table)));
  }
  ASSERT_NE(test::difference(before, test::content(database())), "");
  for (const archive::TableRecord& table : tables()) {
    if (table.filter.empty()) psql(rows({"--table", pattern(table), "--format", "sql"}));
  }
  EXPECT_EQ(test::difference(before, test::content(database())), "");
  EXPECT_FALSE(std::filesystem::exists(folder() / "pwned")) << "M9";
}

// The server's own to_jsonb is the oracle, but for arrays, which stay text.
TEST_F(Extract, JsonHasTheTypesThatTheServerGivesIt) {
  make("extract_json", "", {});
  pg::Connection connection = database().connect();
  connection.execute(R"sql(
      create table j (id serial primary key, b bigint, n numeric(12,3) default 1.5, r real, d float8,
                      ok boolean not null default true, doc jsonb default '{"a": ")", "b": [1, 2]}', raw json,
                      "odd, (name" smallint, a int[], t text default 'x, y');
      insert into j (b, n, r, d, ok, doc, raw, "odd, (name", a, t) values
        (9223372036854775807, 0.5, '1e30', 1e-300, true, '{"x": "a\nb\\"}', E'{"raw" :\n [1, "\\n"]}', -1, '{1,2}', E'tab\there'),
        (null, 'NaN', 'Infinity', '-Infinity', false, 'null', '"text"', null, null, null),
        (-1, -123456789.125, -0.1, 0, true, '12345678901234567890.5', ' true ', 0, '{}', ''))sql");
  back_up({"--formats", "dump"});
  const std::string text = rows({"--table", "j", "--format", "json"});
  const std::vector<std::string_view> lines = util::split(util::trim(text), '\n');
  ASSERT_EQ(lines.size(), 3U) << text;
  for (std::size_t n = 0; n < lines.size(); ++n) {
    EXPECT_TRUE(connection
                    .query("select to_jsonb(j) - 'a' = $1::jsonb - 'a' from j where id = $2",
                           {std::string(lines[n]), cat(n + 1)})
                    .boolean(0, 0))
        << lines[n];
  }
}

TEST_F(Extract, UpsertTurnsChangedRowsBack) {
  make("extract_upsert", "", {});
  database().connect().execute(
      "create table m (id int, part text, name text, note text, primary key (part, id));"
      "insert into m select n, 'p' || n % 3, 'name ' || n, nullif(n % 4, 0)::text from "
      "generate_series(1, 1000) n; create table only_key (id int primary key);"
      "insert into only_key select generate_series(1, 10)");
  back_up({});
  const std::string before = test::content(database());
  database().connect().execute(
      "update m set name = 'oops', note = 'x' where id % 2 = 0; delete from m where id % 5 = 0; "
      "delete from only_key where id > 5");
  psql(rows({"--table", "m", "--format", "sql", "--upsert"}));
  psql(rows({"--table", "only_key", "--format", "sql", "--upsert"}));
  EXPECT_EQ(test::difference(before, test::content(database())), "");
}

TEST_F(Extract, DamageIsToldWithWhatIsLost) {
  make("extract_damage", "", {});
  database().connect().execute(
      "create table big (id int, t text); insert into big select n, md5(n::text) from "
      "generate_series(1, 400000) n");
  back_up({"--formats", "dump"});
  const archive::TableRecord table = tables().at(0);
  ASSERT_GT(table.pieces.size(), 2U);
  const std::string whole = rows({"--table", "big"});
  {
    std::fstream file(dump(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(table.pieces[1].dump_offset + 1000));
    file.write("damage", 6);
  }
  const test::BinaryResult damaged = extract({"--table", "big"});
  EXPECT_EQ(damaged.status, 8);
  EXPECT_NE(damaged.err.find(cat("piece 1 of public.big (", table.pieces[1].rows, " rows)")),
            std::string::npos)
      << damaged.err;
  EXPECT_LT(damaged.out.size(), whole.size());
  EXPECT_TRUE(damaged.out.ends_with(whole.substr(whole.size() - 1000)));
  const test::BinaryResult verified = run({"verify", backup().string()});
  EXPECT_EQ(verified.status, 8);
  EXPECT_NE(verified.out.find(cat("piece 1 of table public.big (", table.pieces[1].rows, " rows")),
            std::string::npos)
      << verified.out;
  const test::BinaryResult document = run({"verify", backup().string(), "--json"});
  EXPECT_EQ(document.status, 8);
  EXPECT_NE(document.out.find(R"("reached": "none")"), std::string::npos) << document.out;
  EXPECT_NE(document.out.find(R"("file": "full_backup.dump",
      "table": "public.big",
      "chunk": 1,
      "offset": )" + cat(table.pieces[1].dump_offset, ",")),
            std::string::npos)
      << document.out;
}

TEST_F(Extract, ReaderThatGoesEndsIt) {
  make("extract_pipe", "", {});
  database().connect().execute("create table t as select generate_series(1, 300000) n");
  back_up({"--formats", "dump"});
  const test::BinaryResult piped = test::run_program(
      "/bin/bash", {.args = {"-c", cat("set -o pipefail; ", PGBELAY_RELEASE_BINARY, " extract ",
                                       backup().string(), " --table t | head -n 2")},
                    .env = {},
                    .directory = folder(),
                    .on_line = {}});
  EXPECT_EQ(piped.status, 128 + 13);
  EXPECT_EQ(piped.out, "n\n1\n");
  EXPECT_EQ(piped.err, "");
}

}  // namespace
