// The schema as statements: their order, and what is refused rather than left out.
#include "schema/emit.h"

#include <gmock/gmock.h>

#include <algorithm>

#include "pg/session.h"
#include "schema/read.h"
#include "support/server.h"
#include "util/error.h"

namespace schema {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class Emission : public test::ServerTest {
 protected:
  static std::vector<Emitted> of(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, "UTF8");
    const pg::Transaction transaction(connection, pg::Transaction::Mode::RepeatableReadOnly);
    return emit(connection);
  }
  static std::string refusal(const test::TestDatabase& database) {
    try {
      of(database);
    } catch (const util::Error& failure) {
      EXPECT_EQ(failure.kind(), util::Kind::Backup);
      EXPECT_THAT(failure.hint(), HasSubstr("--schema-from pg_dump"));
      return failure.message();
    }
    return "nothing was refused";
  }
  static std::size_t position(const std::vector<Emitted>& entries, std::string_view kind,
                              std::string_view tag) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Emitted& entry) {
      return entry.kind == kind && entry.tag == tag;
    });
    EXPECT_NE(found, entries.end()) << kind << " " << tag;
    return static_cast<std::size_t>(found - entries.begin());
  }
};

TEST_F(Emission, NeedsOnlyWhatStandsBeforeAndBreaksCircles) {
  const test::TestDatabase database = test::make_database("emitted");
  database.connect().execute(R"sql(
      create table z (id int primary key, a varchar check (a in ('x', 'y')));
      create function good(z) returns boolean language sql immutable as 'select $1.id > 0';
      alter table z add constraint good check (good(z));
      create view a as select 1 as one; create view b as select one from a;
      create or replace view a as select id as one from z;
      create rule r as on insert to a do instead select * from b;
      create rule s as on insert to b do instead insert into a values (new.one);
      create view keyed as select id, a, count(*) from z group by id;
      create table serials (id serial, n int default 5);
      comment on table z is 'last by name')sql");
  const std::vector<Emitted> entries = of(database);
  for (std::size_t n = 0; n < entries.size(); ++n) {
    for (const std::size_t need : entries[n].depends_on) EXPECT_LT(need, n) << entries[n].tag;
    if (n > 0 && entries[n].part == Part::BeforeData) {
      EXPECT_TRUE(std::none_of(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(n),
                               [](const Emitted& e) { return e.part == Part::AfterData; }))
          << entries[n].tag;
    }
  }
  EXPECT_EQ(entries[position(entries, "CHECK CONSTRAINT", "z good")].part, Part::AfterData);
  const std::size_t keyed = position(entries, "VIEW", "keyed");
  EXPECT_THAT(entries[keyed].definition, HasSubstr("NULL::integer AS id"));
  EXPECT_THAT(entries[position(entries, "RULE", "keyed _RETURN")].definition,
              HasSubstr("GROUP BY"));
  EXPECT_EQ(position(entries, "COMMENT", "TABLE \"z\""), position(entries, "TABLE", "z") + 1);
  EXPECT_THAT(entries[position(entries, "TABLE", "serials")].definition,
              AllOf(HasSubstr("DEFAULT 5"), testing::Not(HasSubstr("nextval"))));
}

TEST_F(Emission, LeavesTemporaryObjectsAndInvalidIndexesOut) {
  const test::TestDatabase database = test::make_database("left_out");
  pg::Connection other = database.connect();
  other.execute(R"sql(
      create temp table passing (id serial primary key, a int check (a > 0), b text);
      create index on passing (a); create temp view over_it as select * from passing;
      create type pg_temp.kind as enum ('a'); create table stays (a int, b int))sql");
  other.execute("insert into stays values (1, 0), (1, 0)");
  EXPECT_THROW(other.execute("create unique index concurrently twice on stays (a)"), util::Error);
  for (const Emitted& entry : of(database))
    EXPECT_THAT(entry.definition, testing::Not(HasSubstr("passing")));
}

// initdb grants on information_schema without noting it in pg_init_privs.
TEST_F(Emission, HasOnlyThePrivilegesThatWereChanged) {
  const test::TestDatabase database = test::make_database("granted");
  database.connect().execute(
      "create table t (id int); grant select on t to public;"
      "grant select on pg_catalog.pg_authid to public");
  std::vector<std::string> granted;
  for (const Emitted& entry : of(database)) {
    if (entry.kind == "ACL") granted.push_back(entry.tag);
  }
  EXPECT_THAT(granted, testing::UnorderedElementsAre("TABLE t", "TABLE pg_authid"));
}

TEST_F(Emission, RefusesWhatLiesInASchemaOfTheSystem) {
  const test::TestDatabase database = test::make_database("system_schema");
  database.connect().execute(
      "create function pg_catalog.ours() returns int language sql as 'select 1'");
  EXPECT_THAT(refusal(database), HasSubstr("pg_catalog.ours()"));
}

TEST_F(Emission, RefusesAnObjectWhoseOwnerIsGone) {
  const test::TestDatabase database = test::make_database("no_owner");
  database.connect().execute(R"sql(
      set allow_system_table_mods = on;
      create table orphan (a int); create table fine (a int);
      update pg_class set relowner = 4000000 where relname = 'orphan')sql");
  EXPECT_THAT(refusal(database), AllOf(HasSubstr("public.orphan"), HasSubstr("owner")));
}

// An operator of a family that nothing ties to it: of a known kind, and in no entry.
TEST_F(Emission, RefusesARowThatIsPartOfNothing) {
  const test::TestDatabase database = test::make_database("part_of_nothing");
  database.connect().execute(R"sql(
      create operator family loose using btree;
      alter operator family loose using btree add operator 1 < (int, int);
      delete from pg_depend where classid = 'pg_amop'::regclass
         and objid = (select oid from pg_amop where amopfamily = (select oid from pg_opfamily where opfname = 'loose')))sql");
  EXPECT_THAT(refusal(database),
              AllOf(HasSubstr("of a kind that pgbelay does not know"), HasSubstr("public.loose")));
}

// A constraint is part of its table because it was written there, not because it names it.
TEST_F(Emission, RefusesAConstraintOfATableThatIsNone) {
  const test::TestDatabase database = test::make_database("lost_constraint");
  database.connect().execute(R"sql(
      create table t (a int constraint good check (a > 0)); create view v as select 1 as a;
      update pg_constraint set conrelid = 'v'::regclass where conname = 'good')sql");
  EXPECT_THAT(refusal(database), AllOf(HasSubstr("of a kind that pgbelay does not know"),
                                       HasSubstr("good on public.v")));
}

TEST_F(Emission, RefusesACircleThatNothingBreaks) {
  const test::TestDatabase database = test::make_database("circle");
  database.connect().execute(R"sql(
      create function a(int default 1) returns int language sql as 'select 1';
      create function b(int default a()) returns int language sql as 'select 1';
      create or replace function a(int default b()) returns int language sql as 'select 1')sql");
  EXPECT_THAT(refusal(database),
              AllOf(HasSubstr("they need each other"), HasSubstr("FUNCTION public.a(integer)"),
                    HasSubstr("FUNCTION public.b(integer)")));
}

// What catalogues without OIDs say: written, or of what is left out on purpose, or refused.
TEST_F(Emission, HasWhatIsSaidOfPartsAndOfPublic) {
  const test::TestDatabase database = test::make_database("said");
  database.connect().execute(R"sql(
      create extension hstore;
      create table keyed (a int primary key); alter index keyed_pkey depends on extension hstore;
      create table whole (a int) partition by list (a); create table part partition of whole for values in (1);
      create function f() returns trigger language plpgsql as 'begin return new; end';
      create trigger tr after insert on whole for each row execute function f();
      alter trigger tr on part depends on extension hstore; comment on trigger tr on part is 'of the partition';
      comment on extension hstore is null;
      insert into pg_seclabel values ('public'::regnamespace, 'pg_namespace'::regclass, 0, 'nobody', 'a label');
      insert into pg_description values (4000000, 'pg_class'::regclass, 0, 'of nothing'))sql");
  const std::vector<Emitted> entries = of(database);
  EXPECT_THAT(entries[position(entries, "CONSTRAINT", "keyed keyed_pkey")].definition,
              HasSubstr("ALTER INDEX public.keyed_pkey DEPENDS ON EXTENSION hstore;"));
  EXPECT_THAT(entries[position(entries, "TRIGGER", "whole tr")].definition,
              HasSubstr("ALTER TRIGGER tr ON public.part DEPENDS ON EXTENSION hstore;"));
  EXPECT_THAT(entries[position(entries, "COMMENT", "TRIGGER tr ON part")].definition,
              HasSubstr("ON public.part IS 'of the partition'"));
  EXPECT_THAT(entries[position(entries, "SECURITY LABEL", "SCHEMA \"public\"")].definition,
              HasSubstr("SECURITY LABEL FOR nobody ON SCHEMA public IS 'a label'"));
}

// 17 and newer: pg_dump writes the parent's.
TEST_F(Emission, HasTheExpressionOfAnInheritedColumn) {
  const test::TestDatabase database = test::make_database("own_expression");
  pg::Connection connection = database.connect();
  if (connection.server_major() < 17) GTEST_SKIP() << "needs a server from 17 on";
  connection.execute(R"sql(
      create table p (a int, g int generated always as (a * 2) stored); create table same () inherits (p);
      create table other () inherits (p); alter table other alter g set expression as (a * 5))sql");
  const std::vector<Emitted> entries = of(database);
  EXPECT_THAT(entries[position(entries, "TABLE", "other")].definition,
              HasSubstr("ALTER COLUMN g SET EXPRESSION AS ((a * 5))"));
  EXPECT_THAT(entries[position(entries, "TABLE", "same")].definition,
              testing::Not(HasSubstr("EXPRESSION")));
}

TEST_F(Emission, HasTablespaceAndTemplateOfTheDatabase) {
  const test::TestDatabase database = test::make_database("a_template");
  pg::Connection connection = database.connect();
  connection.execute("alter database " + database.name() + " is_template true");
  const std::vector<Emitted> entries = of(database);
  connection.execute("alter database " + database.name() + " is_template false");
  EXPECT_THAT(entries[position(entries, "DATABASE PROPERTIES", database.name())].definition,
              HasSubstr("IS_TEMPLATE = true"));
}

// A row that goes without a DROP leaves others behind that refer to it.
constexpr std::string_view kDamage = R"sql(
    set allow_system_table_mods = on;
    create function lost(int) returns int language sql immutable as 'select 1';
    create table t (a int, b int default lost(1), constraint good check (lost(a) > 0));
    create view v as select lost(a) as x from t; create view intact as select a from t;
    delete from pg_proc where proname = 'lost')sql";

class DamagedCatalogue : public Emission {
 protected:
  // What reading the database says, as statements and as model.
  static std::vector<std::string> failures(const test::TestDatabase& database) {
    pg::Connection connection = database.connect();
    pg::pin_settings(connection, "UTF8");
    const pg::Transaction transaction(connection, pg::Transaction::Mode::RepeatableReadOnly);
    std::vector<std::string> messages;
    const auto note = [&](const auto& reading) {
      try {
        reading();
      } catch (const util::Error& error) {
        EXPECT_EQ(error.sqlstate(), "XX000");
        EXPECT_THAT(error.hint(), HasSubstr("damaged"));
        messages.push_back(error.message());
      }
    };
    note([&] { emit(connection); });
    note([&] { read(connection); });
    EXPECT_EQ(connection.query("select 1").str(0, 0), "1") << "the transaction goes on";
    return messages;
  }
};

TEST_F(DamagedCatalogue, IsToldWithTheObjectsThatTheServerCannotDescribe) {
  const test::TestDatabase database = test::make_database("damaged");
  database.connect().execute(kDamage);
  const std::vector<std::string> messages = failures(database);
  EXPECT_EQ(messages.size(), 2U);
  for (const std::string& message : messages)
    EXPECT_THAT(message, AllOf(HasSubstr("view public.v"), HasSubstr("constraint good on public.t"),
                               HasSubstr("default of column 2 of public.t"),
                               testing::Not(HasSubstr("intact"))));
}

TEST_F(DamagedCatalogue, IsToldWithTheRowsThatReferToNothing) {
  const test::TestDatabase database = test::make_database("dangling");
  database.connect().execute(R"sql(
      set allow_system_table_mods = on;
      create table gone (a int default 1);
      delete from pg_class where relname = 'gone')sql");
  const std::vector<std::string> messages = failures(database);
  ASSERT_FALSE(messages.empty());
  EXPECT_THAT(messages.front(), AllOf(HasSubstr("type gone"), HasSubstr("column a")));
}

TEST_F(Emission, RefusesPrivilegesOfARoleThatIsGone) {
  const test::TestDatabase database = test::make_database("lost_role");
  database.connect().execute(R"sql(
      set allow_system_table_mods = on;
      create table granted (a int);
      do $$ begin create role emission_lost; exception when duplicate_object then null; end $$;
      grant select on granted to emission_lost;
      delete from pg_authid where rolname = 'emission_lost')sql");
  EXPECT_THAT(refusal(database), AllOf(HasSubstr("TABLE public.granted"), HasSubstr("role")));
}

// Needs that are followed by a search through all others take minutes here.
TEST_F(Emission, TakesManyObjectsInTheirStride) {
  const test::TestDatabase database = test::make_database("many");
  pg::Connection maker = database.connect();
  maker.execute(R"sql(
      create table whole (id int, a int, primary key (id)) partition by list (id);
      create table pointing (id int references whole);
      do $$ begin for n in 1 .. 400 loop
        execute format('create table part_%s partition of whole for values in (%s)', n, n);
        execute format('create table t_%s (id serial primary key, a int default 1)', n);
      end loop; end $$)sql");
  const std::vector<Emitted> entries = of(database);
  const Emitted& key = entries[position(entries, "FK CONSTRAINT", "pointing pointing_id_fkey")];
  const auto attached =
      std::count_if(key.depends_on.begin(), key.depends_on.end(),
                    [&](std::size_t need) { return entries[need].kind == "INDEX ATTACH"; });
  EXPECT_EQ(attached, 400) << "42830: the key needs the index of every partition";
}

TEST_F(Emission, RefusesWhatTheRoleMayNotRead) {
  const test::TestDatabase database = test::make_database("hidden");
  database.connect().execute(R"sql(
      create foreign data wrapper w; create server s foreign data wrapper w;
      create user mapping for postgres server s options (password 'secret');
      do $$ begin create role emission_reader login; exception when duplicate_object then null; end $$)sql");
  pg::Connection connection = database.connect();
  pg::pin_settings(connection, "UTF8");
  connection.execute("set session authorization emission_reader");
  try {
    emit(connection);
    FAIL() << "nothing was refused";
  } catch (const util::Error& failure) {
    EXPECT_THAT(std::string(failure.message()), HasSubstr("USER MAPPING FOR postgres SERVER s"));
  }
}

}  // namespace
}  // namespace schema
