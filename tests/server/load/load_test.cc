// The loader against the stock pg_restore, and where it has to differ from it (F8, S12, S13).
#include "load/load.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <thread>

#include "server/load/archive_fixture.h"
#include "util/error.h"

namespace load {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kEverything = R"sql(
  create schema "odd.schema ""x""";
  create extension hstore;
  create type color as enum ('red', 'green');
  create domain positive as int check (value > 0);
  create function twice(i int) returns int language sql immutable as 'select i * 2';
  create table members (
    id bigint generated always as identity primary key, name text not null, tags hstore, shade color,
    doubled int generated always as (twice(7)) stored, n positive default 3,
    constraint short check (length(name) < 200));
  insert into members (name, tags, shade) select E'na\tme\n\\' || i, 'a=>1', 'green' from generate_series(1, 3000) i;
  create index members_tags on members using gin (tags);
  create index members_upper on members (upper(name)) where n > 1;
  comment on index members_tags is 'one';
  comment on column members.name is 'it''s';
  create table orders (id int primary key, member bigint references members, self int references orders);
  alter table members add column last_order int references orders;
  insert into orders select i, 1 + i % 3000, null from generate_series(1, 5000) i;
  update members set last_order = 1;
  create table empty ();
  create table nothing (i int);
  create table zero_columns ();
  insert into zero_columns default values;
  create table "odd.schema ""x"""."t.""a b" ("c""d" text, "select" bytea);
  insert into "odd.schema ""x"""."t.""a b" values ('\.', '\x00ff'), (null, ''), ('\N', null), ('', null);
  create table parts (d date, v int, primary key (d, v)) partition by range (d);
  create table parts_1 partition of parts for values from ('2020-01-01') to ('2021-01-01');
  create table parts_2 (v int not null, d date not null);
  alter table parts attach partition parts_2 for values from ('2021-01-01') to ('2022-01-01');
  insert into parts select '2020-06-01'::date + i, i from generate_series(1, 500) i;
  create index parts_v on parts (v);
  create table points_to_parts (d date, v int, foreign key (d, v) references parts);
  insert into points_to_parts values ('2020-06-02', 1);
  create table parent (a int, b int); create table child (c int) inherits (parent);
  insert into parent values (1, 2); insert into child values (3, 4, 5);
  create unlogged table scratch (i int); insert into scratch values (1);
  create sequence odd_sequence start 7 increment -3 minvalue -100 maxvalue 1000; select nextval('odd_sequence');
  create view v as select * from members where name like 'n%';
  create materialized view m1 as select count(*) from members;
  create materialized view a_on_m1 as select * from m1;
  create materialized view never as select 1 with no data;
  create index a_on_m1_i on a_on_m1 (count);
  create function f() returns trigger language plpgsql as $$ begin return new; end $$;
  create trigger t before insert on members for each row execute function f();
  comment on trigger t on members is 'three';
  create rule r as on delete to orders do instead nothing;
  alter table orders enable row level security; alter table orders force row level security;
  create policy p on orders using (id > 0);
  create publication pub for table members;
  create statistics st on name, shade from members;
  create function on_ddl() returns event_trigger language plpgsql as $$ begin end $$;
  create event trigger ev on ddl_command_end execute function on_ddl();
  comment on event trigger ev is 'four';
  select lo_from_bytea(4711, 'large'), lo_from_bytea(4712, ''), lo_from_bytea(3000000001, repeat('x', 700000)::bytea);
  comment on large object 4711 is 'five';
  create role loader_owner; create role loader_reader;
  grant create on schema public to loader_owner;
  alter table orders owner to loader_owner; alter function twice(int) owner to loader_owner;
  alter large object 4711 owner to loader_owner;
  grant select on large object 4711 to loader_reader;
  grant select (name) on members to loader_reader; grant select on orders to loader_reader with grant option;
  alter default privileges in schema public grant select on tables to loader_reader;
  insert into members (name) select 'late';
)sql";

class LoadTest : public ArchiveTest {
 protected:
  void TearDown() override {
    if (!IsSkipped())
      test::test_server().connect().execute("drop role if exists loader_owner, loader_reader");
  }
};

TEST_F(LoadTest, RestoresWhatPgRestoreRestores) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(kEverything);
  const std::filesystem::path file = dump(source);
  test::TestDatabase theirs = test::make_database("theirs");
  run_program({program("pg_restore"), "-d", theirs.url(), file.string()});
  test::TestDatabase ours = test::make_database("ours");
  const Report report = restore(file, options_for(ours));
  EXPECT_THAT(report.warnings, testing::Each(HasSubstr("is insufficient to publish")))
      << "for the publication";
  EXPECT_THAT(report.skipped, IsEmpty());
  EXPECT_EQ(report.rows, 3001U + 5000 + 1 + 4 + 500 + 1 + 2 + 1);
  EXPECT_EQ(text_of(ours), text_of(theirs));
  // Statistics are there, and rows need no second write (FREEZE).
  pg::Connection connection = ours.connect();
  EXPECT_GT(connection.query("select count(*) from pg_stats where tablename = 'members'").u64(0, 0),
            3U);
  // COPY marks its pages since 14; since 16 a table may end in pages that are still empty.
  if (connection.server_major() >= 14) {
    EXPECT_EQ(connection
                  .query("select count(*) from pg_class where relname = 'orders' and relallvisible "
                         "> relpages / 2")
                  .u64(0, 0),
              1U);
  }
}

TEST_F(LoadTest, WithoutOwnersAndPrivileges) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create role loader_owner; create table t (); alter table t owner to loader_owner; grant "
      "select on t to public");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  Options options = options_for(target);
  options.owners = false;
  options.acls = false;
  restore(file, options);
  pg::Connection connection = target.connect();
  EXPECT_EQ(connection.query("select relowner::regrole::text from pg_class where relname = 't'")
                .str(0, 0),
            "postgres");
  EXPECT_FALSE(connection.query("select relacl from pg_class where relname = 't'").text(0, 0));
}

TEST_F(LoadTest, F8NeverRestoresSubscriptions) {
  test::TestDatabase source = test::make_database("source");
  pg::Connection connection = source.connect();
  connection.execute(
      "create subscription s1 connection 'dbname=nowhere' publication p with (connect = false, "
      "slot_name = 's1')");
  connection.execute("comment on subscription s1 is 'x'");
  const std::filesystem::path file = dump(source);
  connection.execute("alter subscription s1 set (slot_name = none)");
  connection.execute("drop subscription s1");
  test::TestDatabase target = test::make_database("target");
  const Report report = restore(file, options_for(target));
  EXPECT_THAT(report.skipped, Contains(HasSubstr("SUBSCRIPTION s1")));
  EXPECT_EQ(connection.query("select count(*) from pg_subscription").u64(0, 0), 0U);
}

TEST_F(LoadTest, S12ExtensionsInTheSourcesVersion) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute("create extension pg_trgm version '1.5'");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  Options options = options_for(target);
  options.extensions = {{"plpgsql", "1.0"}, {"pg_trgm", "1.5"}};
  restore(file, options);
  EXPECT_EQ(target.connect()
                .query("select extversion from pg_extension where extname = 'pg_trgm'")
                .str(0, 0),
            "1.5");

  test::TestDatabase other = test::make_database("other");
  options = options_for(other);
  options.extensions = {{"pg_trgm", "0.9"}};
  try {
    restore(file, options);
    FAIL() << "a version that is not available was accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Proof);
    EXPECT_THAT(failure.message(),
                testing::AllOf(HasSubstr("pg_trgm"), HasSubstr("0.9"), HasSubstr("1.5")));
    EXPECT_FALSE(failure.hint().empty());
  }
}

TEST_F(LoadTest, S12LeavesOutWhatTheSourceLacks) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "drop schema public; drop extension plpgsql; create schema app; create table app.t (i int)");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  Options options = options_for(target);
  options.has_public_schema = false;
  options.has_plpgsql = false;
  restore(file, options);
  pg::Connection connection = target.connect();
  EXPECT_EQ(
      connection.query("select count(*) from pg_namespace where nspname = 'public'").u64(0, 0), 0U);
  EXPECT_EQ(connection.query("select count(*) from pg_extension").u64(0, 0), 0U);
}

TEST_F(LoadTest, S3OwnerWithoutRightsRestoresTheCommentOfAnExtensionThatIsThere) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create extension hstore; comment on extension hstore is 'it''s changed'");
  const std::filesystem::path file = dump(source);
  pg::Connection admin = test::test_server().connect();
  admin.execute("create role loader_owner login");
  test::TestDatabase target = test::make_database("target", "owner loader_owner");
  target.connect().execute(
      "create extension hstore; comment on extension hstore is 'it''s changed'");
  Options options = options_for(target);
  options.target = options.target.with_option("user", "loader_owner");
  EXPECT_NO_THROW(restore(file, options));
  target.connect().execute("comment on extension hstore is 'other'");
  try {
    restore(file, options);
    FAIL();
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Privilege);
    EXPECT_THAT(failure.message(), HasSubstr("COMMENT EXTENSION hstore"));
  }
}

TEST_F(LoadTest, S13KeyThatItsDataViolateIsNotValid) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create table a (i int primary key); create table b (i int constraint b_to_a references a);"
      "set session_replication_role = replica; insert into b values (1)");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  const Report report = restore(file, options_for(target));
  EXPECT_THAT(report.warnings, Contains(HasSubstr("FK CONSTRAINT public.b b_to_a")));
  pg::Connection connection = target.connect();
  EXPECT_FALSE(connection.query("select convalidated from pg_constraint where conname = 'b_to_a'")
                   .boolean(0, 0));
  EXPECT_EQ(connection.query("select count(*) from b").u64(0, 0), 1U);
}

TEST_F(LoadTest, ErrorNamesTheEntryAndItsState) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create role loader_owner; create table a (); create table t (i int); create table z ();"
      "alter table t owner to loader_owner; insert into t values (1)");
  const std::filesystem::path file = dump(source);
  source.connect().execute("reassign owned by loader_owner to postgres; drop role loader_owner");
  test::TestDatabase target = test::make_database("target");
  try {
    restore(file, options_for(target));
    FAIL() << "a role that does not exist was accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.sqlstate(), "42704");
    EXPECT_THAT(failure.message(),
                testing::AllOf(HasSubstr("TABLE public.t (entry "), HasSubstr("loader_owner")));
  }
}

TEST_F(LoadTest, ErrorInTheDataNamesTheTable) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create table t (i text); insert into t select repeat('x', 1000) from generate_series(1, "
      "5000)");
  const std::filesystem::path file = dump(source);
  const auto size = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, size - 100);
  test::TestDatabase target = test::make_database("target");
  try {
    restore(file, options_for(target));
    FAIL() << "a cut archive was accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Damage);
    EXPECT_THAT(failure.text(), HasSubstr("TABLE DATA public.t"));
  }
  EXPECT_EQ(target.connect().query("select count(*) from t").u64(0, 0), 0U)
      << "half a table must not stay";
}

TEST_F(LoadTest, SeveralWorkersLoadADominatingTable) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create table t as select i, md5(i::text) || md5((-i)::text) as v from generate_series(1, "
      "300000) i;"
      "insert into t values (0, repeat('long', 1000000)); create index on t (i)");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  ASSERT_GT(std::filesystem::file_size(file), 9'000'000U)
      << "too small for a team: the test proves nothing";
  EXPECT_EQ(restore(file, options_for(target)).rows, 300001U);
  constexpr std::string_view kSum =
      "select count(*) || ' ' || sum(hashtext(t::text)::bigint) from t";
  EXPECT_EQ(target.connect().query(kSum).str(0, 0), source.connect().query(kSum).str(0, 0));

  std::filesystem::resize_file(file, std::filesystem::file_size(file) - 1000);
  test::TestDatabase damaged = test::make_database("damaged");
  try {
    restore(file, options_for(damaged));
    FAIL() << "a cut archive was accepted";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Damage);
  }
}

// Before 15 `public` belongs to the superuser. pg_dump 15 and newer write its privileges for such a
// server, and the server warns the owner of a database that he cannot set them: they are as they
// were.
bool has_privileges_of_public(const std::filesystem::path& file) {
  if (test::test_server().connect().server_major() >= 15) return false;
  const archive::CustomFileReader reader(file);
  return std::any_of(
      reader.toc().entries.begin(), reader.toc().entries.end(),
      [](const auto& entry) { return entry.desc == "ACL" && entry.tag == "SCHEMA public"; });
}

TEST_F(LoadTest, S3OrdinaryOwnerRestoresAnOrdinarySchema) {
  test::test_server().connect().execute(
      "create role loader_owner login; create role loader_reader");
  test::TestDatabase source = test::make_database("source", "owner loader_owner");
  pg::Connection owner =
      pg::Connection::open(source.conninfo().with_option("user", "loader_owner"), "pgbelay-test");
  owner.execute(
      "create extension citext; create schema app; create type app.mood as enum ('a'); "
      "create table app.t (id bigserial primary key, m app.mood, c citext unique, t_id bigint "
      "references app.t);"
      "insert into app.t (m, c) values ('a', 'X'); grant select on app.t to loader_reader; "
      "create view app.v as select * from app.t; alter table app.t enable row level security;"
      "select lo_create(4711)");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target", "owner loader_owner");
  Options options = options_for(target);
  options.target = options.target.with_option("user", "loader_owner");
  const std::vector<std::string> warnings = restore(file, options).warnings;
  if (has_privileges_of_public(file)) {
    EXPECT_THAT(warnings, Not(IsEmpty()));
    EXPECT_THAT(warnings, Each(HasSubstr("\"public\"")));
  } else {
    EXPECT_THAT(warnings, IsEmpty());
  }
  EXPECT_EQ(text_of(target), text_of(source));
}

TEST_F(LoadTest, OtherEncodings) {
  for (const std::string_view encoding : {"LATIN1", "SQL_ASCII"}) {
    const std::string create = util::cat("encoding '", encoding, "' lc_collate 'C' lc_ctype 'C'");
    test::TestDatabase source = test::make_database("source", create);
    pg::Connection connection = source.connect();
    connection.execute(util::cat("set client_encoding = '", encoding, "'"));
    connection.execute(
        "create table \"t\xe4\" (v text default '\xfc'); insert into \"t\xe4\" values ('\xdf'); "
        "comment on table \"t\xe4\" is '\xf6'");
    const std::filesystem::path file = dump(source);
    test::TestDatabase target = test::make_database("target", create);
    restore(file, options_for(target));
    EXPECT_EQ(text_of(target), text_of(source)) << encoding;
  }
}

TEST_F(LoadTest, StopEndsALongStatement) {
  test::TestDatabase source = test::make_database("source");
  source.connect().execute(
      "create function slow(i int) returns int language sql immutable as 'select i';"
      "create table t (i int); insert into t values (1); create index on t (slow(i));"
      "create or replace function slow(i int) returns int language plpgsql immutable as "
      "$$ begin perform pg_catalog.pg_sleep(600); return i; end $$");
  const std::filesystem::path file = dump(source);
  test::TestDatabase target = test::make_database("target");
  std::stop_source stop;
  std::jthread interrupter([&] {
    pg::Connection watcher = test::test_server().connect();
    while (
        watcher
            .query(
                "select 1 from pg_stat_activity where datname = $1 and query like '%CREATE INDEX%' "
                "and state = 'active'",
                {target.name()})
            .row_count() == 0) {
      std::this_thread::yield();
    }
    stop.request_stop();
  });
  const archive::CustomFileReader archive(file);
  util::QuietReporter quiet;
  try {
    run(archive, options_for(target), quiet, stop.get_token());
    FAIL() << "the stop was not noticed";
  } catch (const util::Error& failure) {
    EXPECT_EQ(failure.kind(), util::Kind::Interrupted);
  }
}

}  // namespace
}  // namespace load
