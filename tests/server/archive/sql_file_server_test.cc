// full_backup.sql.gz through psql: into an empty database, and all or nothing over the existing one
// (S16).
#include <gtest/gtest.h>

#include <algorithm>

#include "archive/custom_file.h"
#include "archive/sql_file.h"
#include "pg/private_server.h"
#include "support/server.h"
#include "util/files.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace archive {
namespace {

using util::cat;

// What has a drop statement of its own kind, or stands in another's way.
constexpr std::string_view kSchema = R"sql(
create schema s;
create table s.z_parent (a int not null, b text, primary key (a)) partition by range (a);
create table s.a_child partition of s.z_parent for values from (0) to (10);
create index z_b on s.z_parent (b);
create table s.ref (a int references s.z_parent (a));
insert into s.z_parent values (1, 'one'), (2, E'tab\there \\ "quoted", comma'), (3, null), (4, '');
insert into s.ref values (1);
create table s.t (id serial primary key, x text, price money default 1.5, "Odd ""col" int default 4);
insert into s.t (x, price) values ('a', 1234.56), ('\.', 2);
create view s.cycle as select id, x, count(*) as n from s.t group by id;
create function s.of_view (s.cycle) returns int language sql as 'select 1';
create view s.above as select s.of_view (c) from s.cycle c;
create materialized view s.filled as select x from s.t;
create domain s.dom as int; alter domain s.dom add constraint dc check (value > 0) not valid;
create table s.gen (a int generated always as identity, b int generated always as (1) stored);
create type s.base;
create function s.base_in (cstring) returns s.base language internal immutable strict as 'int4in';
create function s.base_out (s.base) returns cstring language internal immutable strict as 'int4out';
create type s.base (input = s.base_in, output = s.base_out, like = int4);
create cast (s.base as int) without function;
create table s.uses_base (b s.base); insert into s.uses_base values ('7');
create sequence s.alone start 40; create table s.uses_sequence (i int default nextval ('s.alone'));
create access method am3 type index handler bthandler;
create operator class s.oc for type int using am3 as operator 1 <, function 1 btint4cmp (int, int);
create foreign data wrapper fdw; create server srv foreign data wrapper fdw;
create user mapping for public server srv;
create foreign table s.ft (a int default 4) server srv;
alter foreign table s.ft add constraint fc check (a > 0) not valid;
create rule ru as on insert to s.ref do also notify x;
create policy p1 on s.t using (true);
create publication pub for table s.t;
create statistics s.st on id, x from s.t;
create trigger tg before update on s.t for each row execute function suppress_redundant_updates_trigger();
create function s.on_ddl () returns event_trigger language plpgsql as 'begin end';
create event trigger et on sql_drop execute function s.on_ddl ();
create table s.zero (); insert into s.zero default values; insert into s.zero default values;
create table "new
\! touch EVIL
x" (a int);
comment on table "new
\! touch EVIL
x" is E'a\n\\! touch EVIL\n';
select lo_from_bytea (4711, decode (repeat ('00ff', 400000), 'hex')); comment on large object 4711 is 'lo';
select lo_create (4712);
)sql";

class SqlFileOnServer : public test::ServerTest {
 protected:
  void SetUp() override {
    test::ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    source_ = std::make_unique<test::TestDatabase>(test::make_database("source"));
    source_->connect().execute(util::replace_all(std::string(kSchema), "EVIL", evil().string()));
    make_sql_file(*source_);
  }

  std::filesystem::path evil() const { return folder_.path() / "evil"; }
  std::filesystem::path sql_file() const { return folder_.path() / "full_backup.sql.gz"; }

  static std::string program(std::string_view name) {
    return (test::server_bin_directory() / name).string();
  }

  std::string pg_dump(const test::TestDatabase& database, const std::vector<std::string>& options) {
    std::vector<std::string> argv{program("pg_dump"), "--dbname", database.url()};
    argv.insert(argv.end(), options.begin(), options.end());
    const util::Captured dump = util::capture({.argv = argv}, {}, 64U << 20U);
    EXPECT_EQ(dump.ended.status, 0) << dump.err;
    return dump.out;
  }

  // As the backup does it, with the stock archive for a source.
  void make_sql_file(const test::TestDatabase& database) {
    const std::filesystem::path dump = folder_.path() / "stock.dump";
    pg_dump(database, {"--format=custom", "--file", dump.string()});
    const CustomFileReader reader(dump);
    SqlFileWriter writer(sql_file(), reader.toc(), {});
    for (const TocEntry& entry : reader.toc().entries) {
      if (entry.section == Section::Data) write_data(reader, entry, writer);
    }
    writer.finish();
  }

  static void write_data(const CustomFileReader& reader, const TocEntry& entry,
                         SqlFileWriter& writer) {
    if (entry.desc == "TABLE DATA") {
      std::string rows;
      reader.read_table(entry, [&](std::span<const std::byte> bytes) {
        rows.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      });
      rows.resize(rows.size() - kEndOfData.size());
      writer.begin_table(entry);
      writer.write_piece(codec::deflate_piece(rows));
      writer.end_table();
    } else if (entry.desc == "BLOBS") {
      reader.read_large_objects(
          entry,
          {.begin = [&](std::uint32_t oid) { writer.begin_large_object(oid); },
           .bytes = [&](std::span<const std::byte> bytes) { writer.large_object_bytes(bytes); },
           .end = [&] { writer.end_large_object(); }});
    } else {
      writer.statement(entry);
    }
  }

  // The command of manifest.txt. What psql said if it failed.
  std::string restore(const test::TestDatabase& database) {
    const std::string line =
        cat("set -o pipefail; gunzip -c '", sql_file().string(), "' | ", program("psql"),
            " -X -1 -q -v ON_ERROR_STOP=1 -d '", database.url(), "'");
    const util::Captured psql = util::capture({.argv = {"bash", "-c", line}});
    return psql.ended.status == 0 ? std::string() : psql.err + "failed";
  }

  // Definitions and rows as text, without the line that is another one each time (F6).
  std::string content(const test::TestDatabase& database) {
    std::string text;
    const std::string dump = pg_dump(database, {"--no-owner"});
    for (const std::string_view line : util::split(dump, '\n')) {
      if (line.find("restrict ") == std::string_view::npos) text += cat(line, '\n');
    }
    return text;
  }

  util::TempDir folder_{"sql-file-"};
  std::unique_ptr<test::TestDatabase> source_;
};

TEST_F(SqlFileOnServer, S16RestoresIntoAnEmptyDatabaseAndOverItself) {
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  const std::string first = content(copy);
  EXPECT_EQ(restore(copy), "");
  EXPECT_EQ(content(copy), first);
  // Deparsed text settles after one round trip (F6): compare what came from the file with a second
  // file.
  std::filesystem::remove(sql_file());
  make_sql_file(copy);
  const test::TestDatabase again = test::make_database("again");
  EXPECT_EQ(restore(again), "");
  EXPECT_EQ(content(again), first);
}

TEST_F(SqlFileOnServer, S16HoldsAllRowsAndLargeObjects) {
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  constexpr std::string_view kAll = R"sql(
      select concat_ws('|', (select string_agg(t::text, ';' order by id) from s.t t),
                       (select string_agg(p::text, ';' order by a) from s.z_parent p),
                       (select count(*) from s.zero), (select string_agg(b::text, ';') from s.uses_base),
                       (select string_agg(x, ';' order by x) from s.filled), nextval('s.alone'),
                       (select string_agg(oid || md5(lo_get(oid)), ';' order by oid)
                          from pg_largeobject_metadata)))sql";
  EXPECT_EQ(copy.connect().query(kAll).str(0, 0), source_->connect().query(kAll).str(0, 0));
}

TEST_F(SqlFileOnServer, S16RestoresOverWhatAMigrationBroke) {
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  const std::string good = content(copy);
  constexpr std::string_view kQuiet = "set client_min_messages = error; ";
  for (const std::string_view change :
       {"alter table s.t drop column id cascade; alter table s.ref drop constraint ref_a_fkey; "
        "alter table s.z_parent detach partition s.a_child; select lo_unlink(4711); "
        "alter domain s.dom drop constraint dc",
        "alter table s.t drop column \"Odd \"\"col\"; drop table s.z_parent cascade; "
        "truncate s.t cascade; drop access method am3 cascade; drop event trigger et; "
        "alter table s.gen alter b drop expression",
        "drop schema s cascade"}) {
    copy.connect().execute(cat(kQuiet, change));
    EXPECT_NE(content(copy), good) << change;
    EXPECT_EQ(restore(copy), "") << change;
    EXPECT_EQ(content(copy), good) << change;
  }
}

TEST_F(SqlFileOnServer, S16LeavesEverythingWhereTheMigrationAddedSomething) {
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  struct Change {
    std::string_view made;
    std::string_view taken_back;
  };
  for (const auto& [made, taken_back] : std::vector<Change>{
           {"create view public.added as select * from s.t", "drop view public.added"},
           {"create table s.added (a int)", "drop table s.added"},
           {"create table s.a_child2 partition of s.z_parent for values from (10) to (20)",
            "alter table s.z_parent detach partition s.a_child2; drop table s.a_child2"},
           {"create table public.added (a s.base)", "drop table public.added"},
           {"create function s.added (s.base) returns int language sql as 'select 1'",
            "drop function s.added"},
           {"create table public.added (a int references s.t)", "drop table public.added"}}) {
    copy.connect().execute(made);
    const std::string before = content(copy);
    EXPECT_NE(restore(copy), "") << made;
    EXPECT_EQ(content(copy), before) << made;
    copy.connect().execute(taken_back);
  }
  EXPECT_EQ(restore(copy), "") << "nothing but what was added stopped it";
}

TEST_F(SqlFileOnServer, M9NamesCannotRunCommands) {
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  EXPECT_FALSE(std::filesystem::exists(evil()));
}

TEST_F(SqlFileOnServer, F8NeverDropsASubscription) {
  source_->connect().execute(
      "create subscription sub1 connection 'dbname=x' publication p with (connect = false)");
  std::filesystem::remove(sql_file());
  make_sql_file(*source_);
  source_->connect().execute(
      "alter subscription sub1 set (slot_name = none)");  // so that the test can drop it
  const test::TestDatabase copy = test::make_database("copy");
  EXPECT_EQ(restore(copy), "");
  const std::string error = restore(copy);
  EXPECT_NE(error.find("subscription \"sub1\" already exists"), std::string::npos) << error;
  for (const test::TestDatabase* database :
       std::vector<const test::TestDatabase*>{source_.get(), &copy}) {
    database->connect().execute("alter subscription sub1 set (slot_name = none)");
    database->connect().execute("drop subscription sub1");
  }
}

}  // namespace
}  // namespace archive
