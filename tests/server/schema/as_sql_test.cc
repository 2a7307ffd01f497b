// What is changed in one of two equal databases, as a script for the other one: it runs, and then
// both are equal again. What no script here can do is told, and nothing that depends on it is
// tried.
#include "schema/as_sql.h"

#include <gmock/gmock.h>

#include "pg/session.h"
#include "schema/read.h"
#include "schema/reparse.h"
#include "schema/tell.h"
#include "support/server.h"
#include "util/text.h"

namespace schema {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Case {
  std::string_view name;
  std::string_view both;    // what both databases have
  std::string_view change;  // in one of them
};

class AsSql : public test::ServerTest {
 protected:
  struct Differences {
    Model before, after;
    std::vector<Change> changes;
  };
  Differences differences() {
    pg::Connection a = behind_.connect(), b = ahead_.connect();
    pg::pin_settings(a, "UTF8");
    pg::pin_settings(b, "UTF8");
    Differences out;
    out.before = read(a);
    out.after = read(b);
    out.changes = compare(out.before, out.after);
    settle_texts(out.changes, b, Database::Live);
    return out;
  }
  void both(std::string_view sql) {
    behind_.connect().execute(sql);
    ahead_.connect().execute(sql);
  }
  Script script() {
    const Differences now = differences();
    return as_sql(now.changes, now.before, now.after);
  }
  void apply(const Script& script) { behind_.connect().execute(to_text(script)); }

  test::TestDatabase behind_ = test::make_database("behind"), ahead_ = test::make_database("ahead");
};

class AsSqlMakes : public AsSql, public testing::WithParamInterface<Case> {};

constexpr std::string_view kShop = R"sql(
    create table orders (id int primary key, state varchar(10), price numeric(10,2) default 1, note text collate "C");
    create view states as select id, state from orders;
    create view of_states as select state from states where id > 0;
    create function half(a int) returns int language sql immutable as 'select a / 2';)sql";

constexpr Case kCases[] = {
    {"AColumnOfAViewThatGetsAnotherType", kShop,
     "drop view of_states, states; alter table orders alter state type text;"
     "create view states as select id, state from orders;"
     "create view of_states as select state from states where id > 0"},
    {"AViewThatLosesAColumn", kShop,
     "drop view of_states, states; create view states as select id from orders;"
     "create view of_states as select id from states"},
    {"AViewThatGetsAColumnAtItsEnd", kShop,
     "create or replace view states as select id, state, price from orders"},
    {"AViewThatGetsAColumnInItsMiddle", kShop,
     "drop view of_states, states; create view states as select id, price, state from orders;"
     "create view of_states as select state from states where id > 0;"
     "comment on column of_states.state is 'kept'; comment on view states is 'it''s';"
     "grant select on of_states to public"},
    {"ViewsWhoseNamesOrderThemOtherwise", "create table t (id int)",
     "create view z as select id from t; create view a as select id from z;"
     "create view m as select a.id from a join z on a.id = z.id"},
    {"ViewsThatGo",
     "create table t (id int); create view z as select id from t; create view a as select id from "
     "z;"
     "create view m as select id from a",
     "drop view m, a, z; drop table t"},
    {"AFunctionThatATableUses", "create table zero ()",
     "create function next() returns int language plpgsql as 'begin return 1; end';"
     "create table t (id int default next(), check (next() > 0)); alter table zero add n int "
     "default next();"
     "create index on t ((id + 1)); create view v as select next() as n"},
    {"AFunctionThatATableUsedAndThatGoes",
     "create function next() returns int language sql as 'select 1';"
     "create table t (id int default next())",
     "alter table t alter id drop default; drop function next"},
    {"AFunctionThatUsesATableThatIsNew", "select 1",
     "create table zz (id int); create function a(x zz) returns setof zz language sql as 'select * "
     "from zz'"},
    {"TheCollationOfAColumn", kShop,
     "alter table orders alter note type varchar(20) collate \"C\";"
     "alter table orders add extra text collate \"POSIX\""},
    {"TheCollationAlone", "create table t (a text, b text collate \"C\")",
     "alter table t alter a type text collate \"C\", alter b type text"},
    {"AFunctionWithAnotherResult", kShop,
     "drop function half(int); create function half(a int) returns bigint language sql immutable "
     "as 'select a / 2::bigint';"
     "comment on function half(int) is 'half of it'; revoke execute on function half(int) from "
     "public"},
    {"AFunctionWithAnotherResultThatAViewUses",
     "create function f() returns int language sql as 'select 1'; create view v as select f() as f",
     "drop view v; drop function f; create function f() returns text language sql as 'select "
     "''x''::text';"
     "create view v as select f() as f"},
    {"NamesOfArguments", kShop,
     "drop function half(int); create function half(b int default 4) returns int language sql cost "
     "7 as 'select b / 2'"},
    {"ABodyAlone", kShop,
     "create or replace function half(a int) returns int language sql strict as 'select a / 3';"
     "grant execute on function half(int) to pg_monitor"},
    {"ATypeThatNeedsACast", "create table t (n text default '7', b varchar(9), d int default 3)",
     "alter table t alter n drop default, alter n type int using n::int, alter n set default 8,"
     "alter b type varchar(4), alter d drop default, alter d type text, alter d set default 'x'"},
    {"OwnersPrivilegesTogetherWithOthers",
     "create table t (id int); create sequence s; create schema sch",
     "revoke delete on t from current_user; grant select on t to public, pg_monitor;"
     "grant update on t to pg_monitor with grant option; grant usage on sequence s to public;"
     "revoke all on schema sch from current_user; grant usage on schema sch to public"},
    {"PrivilegesThatComeBack",
     "create table t (id int); revoke all on t from current_user; grant select on t to public",
     "grant all on t to current_user; revoke all on t from public"},
    {"KeysAndWhatRefersToThem",
     "create table a (id int primary key, x int unique); create table b (a int references a)",
     "alter table b drop constraint b_a_fkey; alter table a drop constraint a_pkey, add primary "
     "key (x);"
     "alter table b add constraint to_x foreign key (a) references a"},
    {"ColumnsInTheirOrder", "create table t (id int)",
     "alter table t add z int, add a int, add m int"},
    {"ASequenceThatATableOwns", "create table other ()",
     "create schema app; create table app.t (id serial primary key, n int check (n > 0) not null);"
     "comment on table app.t is 'new'"},
    {"ASchemaThatGoes",
     "create schema app; create table app.t (id serial); create view app.v as select id from app.t",
     "drop schema app cascade"},
    {"AViewWithOptions", "create table t (id int); create view v as select id from t",
     "create or replace view v with (security_barrier = true) as select id from t where id > 0"},
    {"ATableThatAViewNoLongerReads",
     "create table t (id int); create table u (id int); create view v as select id from t",
     "create or replace view v as select id from u; drop table t"},
    {"AColumnThatAViewNoLongerReads",
     "create table t (id int, x int); create view v as select id from t where x > 0",
     "create or replace view v as select id from t; alter table t drop x"},
    {"OddNames",
     "create table \"Some \"\"T\" (\"a b\" int); create view \"V.x\" as select \"a b\" from \"Some "
     "\"\"T\"",
     "drop view \"V.x\"; alter table \"Some \"\"T\" alter \"a b\" type bigint; create view \"V.x\" "
     "as select \"a b\" from \"Some \"\"T\";"
     "comment on column \"Some \"\"T\".\"a b\" is 'x'"},
    {"WhatPartitionsGetFromAbove",
     "create table p (id int, x int) partition by range (id); create table p1 partition of p for "
     "values from (1) to (9)",
     "alter table p add y int, alter x type bigint, add constraint c check (y > 0)"},
};

TEST_P(AsSqlMakes, TheOtherDatabaseEqual) {
  both(GetParam().both);
  ahead_.connect().execute(GetParam().change);
  const Script made = script();
  EXPECT_THAT(made.left, IsEmpty());
  ASSERT_NO_THROW(apply(made)) << to_text(made);
  EXPECT_THAT(tell(differences().changes), IsEmpty()) << to_text(made);
}
INSTANTIATE_TEST_SUITE_P(Cases, AsSqlMakes, testing::ValuesIn(kCases),
                         [](const auto& of) { return std::string(of.param.name); });

struct LeftCase {
  std::string_view name;
  std::string_view both, change;
  std::vector<std::string> left;  // parts of the lines
};

class AsSqlLeaves : public AsSql, public testing::WithParamInterface<LeftCase> {};

const LeftCase kLeft[] = {
    {"AViewThatAMaterializedViewReads",
     "create table t (id int, s varchar(3)); create view v as select id, s from t;"
     "create materialized view m as select s from v",
     "drop materialized view m; drop view v; alter table t alter s type varchar(9);"
     "create view v as select id, s from t; create materialized view m as select s from v",
     {"column s: type is character varying(9)", "materialized view", "v: column s",
      "materialized view public.m depends on it"}},
    {"WhatNeedsAType",
     "create table t (id int)",
     "create type mood as enum ('a'); create table moods (m mood); create index by_m on moods (m);"
     "create view v as select m from moods; alter table t add m mood, add n int",
     {"type public.mood added", "table public.moods added", "index by_m", "view public.v added",
      "column m added, public.mood (it needs type public.mood)"}},
    {"WhatIsStillUsed",
     "create function f() returns trigger language plpgsql as 'begin return new; end';"
     "create table t (id int); create trigger tr before insert on t for each row execute function "
     "f()",
     "drop trigger tr on t; drop function f",
     {"trigger tr dropped",
      "function public.f() dropped, language plpgsql (table public.t: trigger tr still uses it)"}},
    {"AKeyThatOthersReferTo",
     "create table a (id int primary key, x int unique); create table b (x int references a (x))",
     "alter table a drop constraint a_pkey, add primary key (id, x)",
     {"a_pkey", "constraint b_x_fkey depends on it"}},
    {"AnotherOwner",
     "create table t (id int); create table u (id int)",
     "alter table t owner to pg_monitor; alter table u add x int",
     {"table public.t: owner is"}},
    {"PrivilegesByOthers",
     "create table t (id int)",
     "grant select on t to pg_monitor with grant option; set role pg_monitor; grant select on t to "
     "public",
     {"table public.t: acl"}},
    {"TheOrderOfColumns",
     "create table t (a int, b int)",
     "alter table t drop a; alter table t add a int",
     {"table public.t: order of its columns: b, a"}},
};

TEST_P(AsSqlLeaves, ItToAPersonAndTheScriptRuns) {
  both(GetParam().both);
  ahead_.connect().execute(GetParam().change);
  const Script made = script();
  const std::string left = util::join(made.left, "\n");
  for (const std::string& part : GetParam().left) EXPECT_THAT(left, HasSubstr(part));
  ASSERT_NO_THROW(apply(made)) << to_text(made);
  EXPECT_THAT(to_text(made), HasSubstr("-- Left to a person:\n-- "));
  EXPECT_THAT(script().statements, IsEmpty()) << "all that can be made is made";
}
INSTANTIATE_TEST_SUITE_P(Cases, AsSqlLeaves, testing::ValuesIn(kLeft),
                         [](const auto& of) { return std::string(of.param.name); });

}  // namespace
}  // namespace schema
