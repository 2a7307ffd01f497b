// What a user does with a backup's files and stock programs; and that another backup of the same
// rows is the same bytes.
#include <gtest/gtest.h>

#include <optional>

#include "support/round_trip.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::RoundTrip;
using test::TestDatabase;
using util::cat;

class Files : public RoundTrip {
 protected:
  void SetUp() override {
    RoundTrip::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    make("files", "", {"tables"});
    back_up({});
  }

  void restore(const TestDatabase& into, std::vector<std::string> args) {
    args.insert(args.begin(), "-e");
    args.insert(args.end(), {"-d", into.url(), dump()});
    test::stock(folder(), "pg_restore", std::move(args));
  }
  void expect_whole(std::string_view way, const TestDatabase& copy,
                    std::vector<std::string> flags = {}) {
    EXPECT_EQ(test::difference(test::content(database()), test::content(copy)), "")
        << "rows after " << way;
    EXPECT_EQ(test::difference(reference(flags), test::definitions(folder(), copy, flags)), "")
        << "objects after " << way;
  }

 private:
  // Second generation against second generation (F6).
  std::string reference(const std::vector<std::string>& flags) {
    if (!reference_) reference_.emplace(copy_by_pg_restore());
    return test::definitions(folder(), *reference_, flags);
  }
  std::optional<TestDatabase> reference_;
};

TEST_F(Files, AreTakenByPgRestoreInSectionsAndInParts) {
  const TestDatabase sections = empty("sections");
  for (const char* const section : {"pre-data", "data", "post-data"})
    restore(sections, {cat("--section=", section)});
  expect_whole("--section, three times", sections);

  const TestDatabase data = empty("data");
  restore(data, {"--schema-only"});
  data.connect().execute(
      "alter table tables.broken drop constraint broken_t");  // its rows violate it
  restore(data, {"--data-only", "--disable-triggers"});
  EXPECT_EQ(test::difference(test::content(database()), test::content(data)), "")
      << "--schema-only, then --data-only";

  const TestDatabase one_table = empty("one_table");
  one_table.connect().execute("create schema tables; create sequence tables.s");
  restore(one_table, {"-n", "tables", "-t", "indexed"});
  EXPECT_EQ(one_table.connect().query("select count(*) from tables.indexed").u64(0, 0), 100U);
}

TEST_F(Files, AreTakenByPgRestoreOverTheDatabaseAndInAnotherOrder) {
  const TestDatabase cleaned = copy_by_pg_restore();
  cleaned.connect().execute(
      "delete from tables.indexed; drop table tables.owned; alter table tables.dropped add column "
      "more int");
  // Without -e: with any archive it cannot drop a partition's key by itself, and goes on.
  test::run_stock(folder(), "pg_restore", {"--clean", "--if-exists", "-d", cleaned.url(), dump()});
  expect_whole("--clean --if-exists", cleaned);

  const std::string list = test::stock(folder(), "pg_restore", {"--list", dump()});
  std::string data;
  for (const std::string_view line : util::split(list, '\n')) {
    if (line.find(" TABLE DATA ") != std::string_view::npos) data = cat(line, '\n', data);
  }
  EXPECT_GT(data.size(), 1000U);
  const std::filesystem::path file = folder() / "reversed.list";
  util::publish_text(file, data);
  const TestDatabase reversed = empty("reversed");
  restore(reversed, {"--section=pre-data"});
  restore(reversed, {"-L", file.string()});
  restore(reversed, {"--section=post-data"});
  EXPECT_EQ(reversed.connect().query("select count(*) from tables.events").u64(0, 0), 600U);
  EXPECT_EQ(reversed.connect().query("select sum(l) from tables.right_side").u64(0, 0), 3U);
}

TEST_F(Files, AreTurnedIntoPlainTextByPgRestore) {
  const std::filesystem::path plain = folder() / "plain.sql";
  test::stock(folder(), "pg_restore", {"-f", plain.string(), dump()});
  const TestDatabase copy = empty("plain");
  test::stock(folder(), "psql",
              {"-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", "/dev/null", "-d", copy.url(), "-f",
               plain.string()});
  expect_whole("pg_restore -f and psql", copy);
}

// Without options the SQL file holds no owners and no privileges.
TEST_F(Files, AreTakenByPsqlIntoAnEmptyDatabaseAndOverTheExistingOne) {
  const TestDatabase copy = copy_by_psql();
  const auto content_without_owners = [](const TestDatabase& database) {
    database.connect().execute(
        "do $$ declare o oid; begin for o in select oid from pg_largeobject_metadata loop execute "
        "format('alter large object %s owner to postgres', o); "
        "execute format('revoke all on large object %s from public, kinds_reader', o); end loop; "
        "end $$");
    return test::content(database);
  };
  EXPECT_EQ(
      test::difference(content_without_owners(copy_by_pg_restore()), content_without_owners(copy)),
      "");
  const std::vector<std::string> flags{"--no-owner", "--no-acl"};
  const std::string objects = test::definitions(folder(), copy_by_pg_restore(), flags);
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), copy, flags)), "");

  copy.connect().execute(
      "delete from tables.indexed; drop table tables.owned; alter table tables.dropped add column "
      "more int; "
      "select lo_unlink(100002), setval('tables.fresh', 1000)");
  const util::Captured over = test::run_sql(folder(), sql(), copy.url());
  EXPECT_EQ(over.ended.status, 0) << over.err;
  EXPECT_EQ(
      test::difference(content_without_owners(copy_by_pg_restore()), content_without_owners(copy)),
      "");
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), copy, flags)), "");
}

// S16: over a database in which a migration has built on what is replaced: it fails, and leaves
// everything.
TEST_F(Files, AreRefusedByPsqlAsAWholeWhereAMigrationHasAddedAView) {
  const TestDatabase copy = copy_by_pg_restore();
  copy.connect().execute(
      "create view public.added as select * from tables.indexed; insert into tables.empty values "
      "(1, 'new')");
  const std::string before = test::content(copy);
  const std::string objects = test::definitions(folder(), copy);
  const util::Captured over = test::run_sql(folder(), sql(), copy.url());
  EXPECT_EQ(over.ended.status, 3) << over.err;
  EXPECT_NE(over.err.find("added"), std::string::npos) << over.err;
  EXPECT_EQ(test::difference(before, test::content(copy)), "");
  EXPECT_EQ(test::difference(objects, test::definitions(folder(), copy)), "");
}

// In CSV too, nothing and an empty string are two things.
TEST_F(Files, OfCsvAreTakenByCopy) {
  database().connect().execute(
      "create table public.nothing (id int primary key, a text, b text not null, c text); "
      "insert into public.nothing values (1, null, '', null), (2, '', 'NULL', E'\\\\N'), (3, "
      "E'a\"b,\\n', E'\\\\.', ' ')");
  back_up({});
  const TestDatabase clone = empty("csv");
  restore(clone, {"--section=pre-data"});
  std::string script = "begin;\n";
  std::size_t files = 0;
  // The source's order of columns: a child's is another after a restore (S13).
  pg::Connection source = database().connect();
  const pg::Result tables = source.query(R"sql(
    select c.oid::regclass::text, nspname || '.' || relname,
           (select string_agg(quote_ident(attname), ',' order by attnum) from pg_attribute
             where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '')
      from pg_class c join pg_namespace n on n.oid = relnamespace
     where relkind = 'r' and nspname in ('tables', 'public'))sql");
  for (int row = 0; row < tables.row_count(); ++row) {
    const std::filesystem::path file = backup() / "csv" / (tables.str(row, 1) + ".csv.gz");
    EXPECT_TRUE(std::filesystem::exists(file)) << file;
    if (!tables.text(row, 2)) continue;  // no column that can be written
    script += cat("\\copy ", tables.str(row, 0), '(', tables.str(row, 2),
                  ") from program 'gunzip -c ", file.string(), "' csv header\n");
    ++files;
  }
  EXPECT_GE(files, 30U);
  util::publish_text(folder() / "csv.sql", script + "commit;\n");
  test::stock(folder(), "psql",
              {"-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", clone.url(), "-f",
               (folder() / "csv.sql").string()});
  const auto tables_with_columns = [](const TestDatabase& database) {
    const std::string all = test::content(database);
    std::string text;
    for (const std::string_view line : util::split(all, '\n')) {
      const bool without_columns = line.find("no_columns") != std::string_view::npos ||
                                   line.find("all_dropped") != std::string_view::npos ||
                                   line.find("only_computed") != std::string_view::npos;
      if (line.starts_with("table ") && !without_columns) text += cat(line, '\n');
    }
    return text;
  };
  EXPECT_EQ(test::difference(tables_with_columns(database()), tables_with_columns(clone)), "");
}

// The order in which rows arrive and the number of connections leave no trace.
TEST_F(Files, AreTheSameBytesWithOneConnectionAndWithFour) {
  std::vector<std::filesystem::path> backups;
  for (const char* const jobs : {"1", "4"}) {
    back_up({"--jobs", jobs});
    backups.push_back(backup());
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(backups[0])) {
    const std::filesystem::path name = std::filesystem::relative(entry.path(), backups[0]);
    if (!entry.is_regular_file() ||
        (entry.path().extension() != ".gz" && entry.path().extension() != ".dump"))
      continue;
    std::string one = util::read_text(entry.path());
    std::string other = util::read_text(backups[1] / name);
    if (entry.path().extension() == ".dump") {
      // The header's creation time: seven integers of five bytes behind magic, version, sizes,
      // format, and the compression, which is a byte since 1.15 and was an integer before.
      const std::size_t time_at = one.at(6) >= 15 ? 12 : 16;
      constexpr std::size_t kTimeBytes = 35;
      one.erase(time_at, kTimeBytes);
      other.erase(time_at, kTimeBytes);
    }
    EXPECT_TRUE(one == other) << name << " differs";
    ++files;
  }
  EXPECT_GE(files, 35U);
}

}  // namespace
