// Each attribute of each class of objects, changed alone: the model notices it, and says it.
//
// Every statement runs in a transaction that is rolled back, so that all are against one database.
#include <gmock/gmock.h>

#include <chrono>

#include "pg/session.h"
#include "schema/read.h"
#include "schema/tell.h"
#include "support/server.h"
#include "util/error.h"
#include "util/text.h"

namespace schema {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

struct Row {
  std::string_view change;  // search_path is public
  std::string_view told;    // part of what is told of it
  int since = 13;           // version of the server
};

// $USER is whoever owns it all.
constexpr std::string_view kSetup = R"sql(
  create schema app;
  create type mood as enum ('sad', 'ok');
  create type pair as (a int, b text);
  create type span as range (subtype = int);
  create type shell;
  create domain positive as int default 1 constraint above check (value > 0);
  create function f(a int) returns int language sql as 'select 1';
  create function pl(a int, b int default 2) returns setof int language plpgsql as 'begin return; end';
  create function tr() returns trigger language plpgsql as 'begin return new; end';
  create function et() returns event_trigger language plpgsql as 'begin end';
  create procedure pr(a int) language sql as 'select 1';
  create function plus(s int, a int) returns int language sql immutable as 'select s + a';
  create aggregate agg(int) (sfunc = plus, stype = int, initcond = '0');
  create function same(int, int) returns boolean language sql immutable as 'select $1 = $2';
  create operator === (function = same, leftarg = int, rightarg = int);
  create operator family fam using btree;
  create operator class cls for type int using btree family fam as operator 3 ===, function 1 btint4cmp(int, int);
  create function to_mood(int) returns mood language sql as $$ select 'ok'::mood $$;
  create cast (int as mood) with function to_mood(int) as assignment;
  create collation coll (locale = 'C');
  create conversion conv for 'LATIN1' to 'UTF8' from iso8859_1_to_utf8;
  create text search dictionary dict (template = simple);
  create text search configuration conf (copy = simple);
  create foreign data wrapper wrap options (a '1');
  create server srv type 't' version '1' foreign data wrapper wrap options (a '1');
  create user mapping for public server srv options (password 'x');
  create sequence seq;
  create table t (id int primary key, name text, n numeric(5, 2) default 1, owned serial,
                  gen int generated always as identity, comp int generated always as (1 + 1) stored);
  create table u (id int references t constraint_of_u, x int unique);
  create table plain (a int, b int);
  create table parted (id int, x int) partition by range (id);
  create table part1 partition of parted for values from (1) to (9);
  create table parent (a int);
  create table child () inherits (parent);
  create index by_name on t (name);
  create statistics stats (ndistinct) on a, b from plain;
  create view v as select id, name from t;
  create materialized view m as select id from t;
  create unique index on m (id);
  create foreign table ft (a int options (x '1')) server srv options (x '1');
  create trigger trig before insert on t for each row execute function tr();
  create rule rul as on delete to plain do also select 1;
  create policy pol on t using (id > 0);
  create publication pub for table u;
  create event trigger evt on ddl_command_start execute function et();
  alter event trigger evt disable;
  alter default privileges in schema app grant select on tables to public;
  create subscription sub connection 'dbname=none' publication p with (connect = false, slot_name = none, enabled = false);
  comment on table u is 'first')sql";

constexpr Row kRows[] = {
    // The database.
    {"alter database $DATABASE set work_mem = '8MB'", "database: settings"},
    {"alter database $DATABASE connection limit 7", "database: connection limit is 7, was not set"},
    {"comment on database $DATABASE is 'x'", "database: comment is x"},
    {"alter database $DATABASE owner to pg_monitor", "database: owner is pg_monitor"},
    {"grant temporary on database $DATABASE to pg_monitor", "database: acl"},
    // Schemas.
    {"create schema other", "schema other added"},
    {"drop schema app", "schema app dropped"},
    {"alter schema app owner to pg_monitor", "schema app: owner is pg_monitor, was $USER"},
    {"grant usage on schema app to public", "schema app: acl is"},
    {"comment on schema app is 'x'", "schema app: comment is x, was not set"},
    {"alter schema app rename to app2", "schema app2 added"},
    // Extensions, languages.
    {"drop extension plpgsql cascade", "extension plpgsql dropped, version 1.0"},
    {"comment on extension plpgsql is 'mine'", "extension plpgsql: comment is mine"},
    {"create language plsample handler plpgsql_call_handler", "language plsample added"},
    // Types.
    {"alter type mood add value 'glad' before 'ok'",
     "type public.mood: labels is sad, glad, ok, was sad, ok"},
    {"alter type mood rename value 'ok' to 'fine'", "type public.mood: labels is sad, fine"},
    {"alter type mood owner to pg_monitor", "type public.mood: owner is pg_monitor"},
    {"revoke usage on type mood from public", "type public.mood: acl is"},
    {"comment on type mood is 'x'", "type public.mood: comment is x"},
    {"alter type pair add attribute c int", "pair: attribute c added, integer"},
    {"alter type pair alter attribute a type bigint",
     "pair: attribute a: type is bigint, was integer"},
    {"alter type pair drop attribute b", "pair: attribute b dropped, text"},
    {"comment on column pair.a is 'x'", "attribute a: comment is x"},
    {"drop type shell", "type public.shell dropped, shell"},
    {"drop type span; create type span as range (subtype = bigint)",
     "type public.span: subtype is bigint, was integer"},
    {"drop type span; create type span as range (subtype = int, multirange_type_name = many)",
     "type public.span: multirange is public.many", 14},
    // Domains.
    {"alter domain positive set default 2", "domain public.positive: default is 2, was 1"},
    {"alter domain positive drop default", "default is not set, was 1"},
    {"alter domain positive set not null", "domain public.positive: now not null"},
    {"alter domain positive add constraint below check (value < 9)",
     "positive: domain constraint below added, CHECK ((VALUE < 9))"},
    {"alter domain positive drop constraint above", "domain constraint above dropped"},
    {"comment on constraint above on domain positive is 'x'",
     "domain constraint above: comment is x"},
    {"drop domain positive; create domain positive as bigint default 1 constraint above check "
     "(value > 0)",
     "domain public.positive: type is bigint, was integer"},
    {"create domain txt as text collate \"C\"",
     "domain public.txt added, text collate pg_catalog.\"C\""},
    // Functions, procedures, aggregates.
    {"create or replace function f(a int) returns int language sql as 'select 2'",
     "function public.f(integer): source is select 2, was select 1"},
    {"alter function f strict", "function public.f(integer): now strict"},
    {"alter function f stable", "volatility is stable"},
    {"alter function f security definer", "now security definer"},
    {"alter function f leakproof", "now leakproof"},
    {"alter function f parallel safe", "parallel is safe"},
    {"alter function f cost 7", "cost is 7"},
    {"alter function pl(int, int) rows 7", "rows is 7"},
    {"alter function f set work_mem = '1MB'", "settings is work_mem=1MB"},
    {"alter function f owner to pg_monitor", "owner is pg_monitor"},
    {"alter function f support generate_series_int4_support", "support is"},
    {"revoke execute on function f from public", "function public.f(integer): acl is"},
    {"comment on function f is 'x'", "function public.f(integer): comment is x"},
    {"drop function f; create function f(b int) returns int language sql as 'select 1'",
     "arguments is b integer, was a integer"},
    {"drop function f; create function f(a int) returns bigint language sql as 'select 1::bigint'",
     "result is bigint, was integer"},
    {"create or replace function pl(a int, b int default 3) returns setof int language plpgsql as "
     "'begin return; end'",
     "arguments is a integer, b integer DEFAULT 3"},
    {"drop function f; create function f(a int) returns int language plpgsql as 'begin return 1; "
     "end'",
     "language is plpgsql, was sql"},
    {"alter function f rename to g", "function public.g(integer) added"},
    {"alter function f set schema app", "function app.f(integer) added"},
    {"create or replace procedure pr(a int) language sql as 'select 2'",
     "procedure public.pr(integer): source is select 2"},
    {"alter procedure pr security definer", "procedure public.pr(integer): now security definer"},
    {"alter aggregate agg(int) owner to pg_monitor",
     "aggregate public.agg(integer): owner is pg_monitor"},
    {"drop aggregate agg(int); create aggregate agg(int) (sfunc = plus, stype = int, initcond = "
     "'1')",
     "initial value is 1, was 0"},
    {"drop aggregate agg(int); create aggregate agg(int) (sfunc = plus, stype = int, initcond = "
     "'0', parallel = safe)",
     "parallel is safe"},
    {"drop aggregate agg(int); create aggregate agg(int) (sfunc = plus, stype = int, initcond = "
     "'0', combinefunc = plus)",
     "combine function is public.plus"},
    {"drop aggregate agg(int); create aggregate agg(int) (sfunc = plus, stype = int, initcond = "
     "'0', sspace = 9)",
     "state size is 9"},
    // Operators.
    {"alter operator === (int, int) set (restrict = eqsel)",
     "operator public.===(integer,integer): restrict is"},
    {"alter operator === (int, int) set (join = eqjoinsel)", "join is"},
    {"alter operator === (int, int) owner to pg_monitor", "owner is pg_monitor"},
    {"comment on operator === (int, int) is 'x'", "comment is x"},
    {"create operator ==== (function = same, leftarg = int, rightarg = int, commutator = ====, "
     "hashes, merges)",
     "operator public.====(integer,integer) added"},
    {"alter operator family fam using btree add operator 1 < (int8, int8)",
     "operator family public.fam using btree: operators is"},
    {"alter operator family fam using btree owner to pg_monitor",
     "operator family public.fam using btree: owner is pg_monitor"},
    {"alter operator class cls using btree owner to pg_monitor",
     "operator class public.cls using btree: owner is pg_monitor"},
    {"drop operator class cls using btree; create operator class cls for type int using btree "
     "family fam as operator 3 ===, operator 1 <, function 1 btint4cmp(int, int)",
     "operator class public.cls using btree: operators is"},
    {"create access method heap2 type table handler heap_tableam_handler",
     "access method heap2 added"},
    // Casts, collations, conversions, transforms.
    {"drop cast (int as mood); create cast (int as mood) with function to_mood(int) as implicit",
     "context is implicit, was assignment"},
    {"drop cast (int as mood); create cast (int as mood) with inout as assignment",
     "method is in and out, was function"},
    {"comment on cast (int as mood) is 'x'", "comment is x"},
    {"alter collation coll owner to pg_monitor", "collation public.coll: owner is pg_monitor"},
    {"drop collation coll; create collation coll (locale = 'POSIX')",
     "collation public.coll: collate is POSIX, was C"},
    {"comment on collation coll is 'x'", "collation public.coll: comment is x"},
    {"alter conversion conv owner to pg_monitor", "conversion public.conv: owner is pg_monitor"},
    {"drop conversion conv; create default conversion conv for 'LATIN1' to 'UTF8' from "
     "iso8859_1_to_utf8",
     "conversion public.conv: now default"},
    {"create transform for int language sql (from sql with function prsd_lextype(internal))",
     "transform for integer language sql added"},
    // Text search.
    {"alter text search dictionary dict (accept = false)",
     "text search dictionary public.dict: options is"},
    {"alter text search configuration conf drop mapping for word",
     "text search configuration public.conf: mappings"},
    {"alter text search configuration conf alter mapping for word with dict", "mappings"},
    {"alter text search configuration conf owner to pg_monitor",
     "text search configuration public.conf: owner is pg_monitor"},
    {"create text search template tpl (lexize = dsimple_lexize, init = dsimple_init)",
     "text search template public.tpl added"},
    {"create text search parser par (start = prsd_start, gettoken = prsd_nexttoken, end = "
     "prsd_end, lextypes = prsd_lextype)",
     "text search parser public.par added"},
    // Foreign data.
    {"alter foreign data wrapper wrap options (set a '2')",
     "foreign-data wrapper wrap: options is a=2, was a=1"},
    {"grant usage on foreign data wrapper wrap to public", "foreign-data wrapper wrap: acl"},
    {"alter server srv options (add b '2')", "foreign server srv: options is a=1, b=2"},
    {"alter server srv version '2'", "foreign server srv: version is 2, was 1"},
    {"alter server srv owner to pg_monitor", "foreign server srv: owner is pg_monitor"},
    {"alter user mapping for public server srv options (set password 'secret-y')",
     "user mapping public on srv: options changed"},
    {"alter user mapping for public server srv options (add \"user\" 'x')",
     "option names is password, user"},
    {"create user mapping for current_user server srv", "user mapping $USER on srv added"},
    {"alter foreign table ft options (set x '2')",
     "foreign table public.ft: foreign options is x=2"},
    {"alter foreign table ft alter a options (set x '2')", "column a: foreign options is x=2"},
    // Sequences.
    {"alter sequence seq increment 2", "sequence public.seq: increment is 2, was 1"},
    {"alter sequence seq minvalue -5", "minimum is -5, was 1"},
    {"alter sequence seq maxvalue 50", "maximum is 50"},
    {"alter sequence seq start 3", "start is 3, was 1"},
    {"alter sequence seq cache 9", "cache is 9, was 1"},
    {"alter sequence seq cycle", "now cycle"},
    {"alter sequence seq as int", "type is integer, was bigint"},
    {"alter sequence seq owned by t.id", "owned by is public.t.id, was not set"},
    {"alter sequence seq owner to pg_monitor", "owner is pg_monitor"},
    {"alter sequence seq set unlogged", "sequence public.seq: persistence is unlogged", 15},
    {"grant usage on sequence seq to public", "sequence public.seq: acl"},
    // Tables.
    {"alter table plain owner to pg_monitor", "table public.plain: owner is pg_monitor, was $USER"},
    {"alter table plain set unlogged", "table public.plain: persistence is unlogged"},
    {"alter table plain set (fillfactor = 70)", "table public.plain: options is fillfactor=70"},
    {"alter table t set (toast.autovacuum_enabled = off)", "toast options is autovacuum_enabled="},
    {"alter table plain replica identity full", "replica identity is full"},
    {"alter table plain enable row level security", "table public.plain: now row security"},
    {"alter table plain force row level security", "now forced row security"},
    {"grant select on plain to public", "table public.plain: acl is"},
    {"comment on table u is 'second'", "table public.u: comment is second, was first"},
    {"comment on table u is null", "comment is not set, was first"},
    {"alter table child no inherit parent", "table public.child: inherits"},
    {"alter table parted detach partition part1",
     "table public.part1: partition of is not set, was public.parted"},
    {"alter table parted detach partition part1; alter table parted attach partition part1 for "
     "values from (1) to (10)",
     "partition bound is FOR VALUES FROM (1) TO (10)"},
    {"drop table parted; create table parted (id int, x int) partition by list (id)",
     "partition key is LIST (id), was RANGE (id)"},
    {"alter table plain drop b cascade", "dropped columns is 1, was not set"},
    {"alter table plain rename to plain2", "table public.plain2 added: a integer, b integer"},
    {"alter table plain set schema app", "table app.plain added"},
    {"create table x (a int, b text not null default 'x')",
     "table public.x added: a integer, b text not null default 'x'::text"},
    {"drop table u", "table public.u dropped: id integer, x integer"},
    // Columns.
    {"alter table plain add c varchar(9) collate \"C\" not null default 'x'",
     "column c added, character varying(9) collate pg_catalog.\"C\" not null default "
     "'x'::character varying"},
    {"alter table u drop x", "table public.u: column x dropped, integer"},
    {"alter table plain rename a to aa", "column aa added, integer"},
    {"alter table plain alter a type bigint",
     "table public.plain: column a: type is bigint, was integer"},
    {"alter table u alter x type numeric(7, 3)", "type is numeric(7,3), was integer"},
    {"alter table plain alter a set not null", "column a: now not null"},
    {"alter table plain alter a set default 4", "column a: default is 4, was not set"},
    {"alter table plain alter a set not null, alter a add generated by default as identity",
     "identity is by default"},
    {"alter table t alter gen set generated by default",
     "column gen: identity is by default, was always"},
    {"alter table t alter gen set increment 3", "increment is 3, was 1"},
    {"alter table t drop comp, add comp int generated always as (1 + 2) stored",
     "column comp: expression is (1 + 2), was (1 + 1)"},
    {"alter table t alter comp drop expression", "column comp: generated is not set, was stored"},
    {"alter table t alter name set storage external", "column name: storage is external"},
    {"alter table t alter name set compression pglz", "column name: compression is pglz", 14},
    {"alter table t alter name set statistics 9", "column name: statistics is 9"},
    {"alter table t alter name set (n_distinct = 5)", "column name: options is n_distinct=5"},
    {"grant select (name) on t to public", "column name: acl is =r/$USER"},
    {"comment on column t.name is 'x'", "column name: comment is x"},
    {"alter table plain alter a type text collate \"C\"", "collation is pg_catalog.\"C\""},
    {"alter table child add a2 int; alter table parent add a2 int", "column a2 added"},
    {"alter table child no inherit parent", "column a: inherited is not set, was 1"},
    {"alter table plain add v int generated always as (a + 1) virtual",
     "generated always as ((a + 1)) virtual", 18},
    {"alter table plain add constraint mine not null a",
     "column a: now not null; not null name is mine", 18},
    {"alter table plain add constraint mine not null a not valid", "not null not valid", 18},
    {"alter table plain add constraint mine not null a no inherit", "not null no inherit", 18},
    // Constraints.
    {"alter table plain add constraint c check (a > 0)", "constraint c added, CHECK ((a > 0))"},
    {"alter table plain add constraint c check (a > 0) not valid", "NOT VALID"},
    {"alter table plain add constraint c check (a > 0) no inherit", "NO INHERIT"},
    {"alter table plain add constraint c check (a > 0) not enforced", "NOT ENFORCED", 18},
    {"alter table plain add constraint c unique nulls not distinct (a)",
     "UNIQUE NULLS NOT DISTINCT (a)", 15},
    {"alter table u drop constraint u_x_key", "constraint u_x_key dropped, UNIQUE (x)"},
    {"alter table u alter constraint constraint_of_u deferrable initially deferred",
     "definition is FOREIGN KEY (id) REFERENCES public.t(id) DEFERRABLE INITIALLY DEFERRED"},
    {"alter table u drop constraint constraint_of_u, add constraint constraint_of_u foreign key "
     "(id) references t on delete cascade",
     "ON DELETE CASCADE"},
    {"alter table u disable trigger all", "constraint constraint_of_u: triggers is DO"},
    {"comment on constraint u_x_key on u is 'x'", "constraint u_x_key: comment is x"},
    {"alter table plain add constraint ex exclude using btree (a with =)",
     "constraint ex added, EXCLUDE USING btree (a WITH =)"},
    // Indexes.
    {"create index other on t (name desc) include (id) where id > 0",
     "index other added, CREATE INDEX other ON public.t USING btree (name DESC) INCLUDE (id) WHERE "
     "(id > 0)"},
    {"drop index by_name", "table public.t: index by_name dropped"},
    {"drop index by_name; create unique index by_name on t (name)",
     "index by_name: definition is CREATE UNIQUE INDEX"},
    {"alter index by_name set (fillfactor = 50)", "WITH (fillfactor='50')"},
    {"alter table t cluster on by_name", "index by_name: now clustered"},
    {"comment on index by_name is 'x'", "index by_name: comment is x"},
    {"alter index by_name rename to by_name2", "index by_name2 added"},
    {"create index ex on t ((id + 1)); alter index ex alter column 1 set statistics 7",
     "index ex added"},
    {"update pg_index set indisvalid = false where indexrelid = 'by_name'::regclass",
     "index by_name: valid is no, was not set"},
    // Statistics, rules, triggers, policies.
    {"alter statistics stats set statistics 9", "statistics stats: statistics is 9"},
    {"alter statistics stats owner to pg_monitor", "statistics stats: owner is pg_monitor"},
    {"drop statistics stats; create statistics stats (mcv) on a, b from plain",
     "statistics stats: definition is"},
    {"comment on statistics stats is 'x'", "statistics stats: comment is x"},
    {"create or replace rule rul as on delete to plain do also select 2",
     "rule rul: definition is"},
    {"alter table plain disable rule rul", "rule rul: enabled is disabled"},
    {"drop rule rul on plain", "rule rul dropped"},
    {"alter table t disable trigger trig", "trigger trig: enabled is disabled"},
    {"alter table t enable always trigger trig", "trigger trig: enabled is always"},
    {"drop trigger trig on t; create trigger trig after insert on t for each row execute function "
     "tr()",
     "trigger trig: definition is CREATE TRIGGER trig AFTER INSERT"},
    {"comment on trigger trig on t is 'x'", "trigger trig: comment is x"},
    {"alter policy pol on t using (id > 1)", "policy pol: using is (id > 1), was (id > 0)"},
    {"alter policy pol on t with check (id > 1)", "policy pol: check is (id > 1), was not set"},
    {"alter policy pol on t to pg_monitor", "policy pol: roles is pg_monitor, was public"},
    {"drop policy pol on t; create policy pol on t for select using (id > 0)",
     "policy pol: command is select, was all"},
    {"drop policy pol on t; create policy pol on t as restrictive using (id > 0)",
     "policy pol: now restrictive"},
    // Views.
    {"create or replace view v as select id, name from t where id > 0",
     "view public.v: query is SELECT"},
    {"alter view v set (security_barrier = true)",
     "view public.v: options is security_barrier=true"},
    {"alter view v alter name set default 'x'", "column name: default is 'x'::text"},
    {"alter view v owner to pg_monitor", "view public.v: owner is pg_monitor"},
    {"create or replace view v as select id, name, n from t", "column n added"},
    {"drop view v", "view public.v dropped"},
    {"refresh materialized view m with no data",
     "materialized view public.m: populated is no, was not set"},
    {"drop materialized view m; create materialized view m as select id + 1 as id from t",
     "materialized view public.m: query is SELECT"},
    {"alter materialized view m set (fillfactor = 60)",
     "materialized view public.m: options is fillfactor=60"},
    // Publications, subscriptions, event triggers.
    {"alter publication pub set (publish = 'insert')", "publication pub: publish is insert"},
    {"alter publication pub set (publish_via_partition_root = true)",
     "publication pub: now via root"},
    {"alter publication pub add table plain", "published table public.plain in pub added"},
    {"alter publication pub drop table u", "published table public.u in pub dropped"},
    {"alter publication pub set table u (id)", "columns is id", 15},
    {"alter publication pub set table u where (id > 0)", "filter is (id > 0)", 15},
    {"alter publication pub add tables in schema app", "published schema app in pub added", 15},
    {"alter publication pub set (publish_generated_columns = stored)",
     "generated columns is stored", 18},
    {"create publication every for all tables", "publication every added"},
    {"alter subscription sub connection 'dbname=secret-z'", "subscription sub: connection changed"},
    {"alter subscription sub set (slot_name = 'slot')", "subscription sub: slot is slot"},
    {"alter subscription sub set (synchronous_commit = on)",
     "subscription sub: synchronous commit is on"},
    {"alter subscription sub set (binary = true)", "subscription sub: now binary", 14},
    {"alter subscription sub set (streaming = on)", "streaming", 14},
    {"alter subscription sub set (disable_on_error = true)",
     "subscription sub: now disable on error", 15},
    {"alter subscription sub set (origin = none)", "subscription sub: origin is none", 16},
    {"alter subscription sub set (run_as_owner = true)", "subscription sub: now run as owner", 16},
    {"alter subscription sub set publication p2 with (refresh = false)",
     "subscription sub: publications is p2, was p"},
    {"alter event trigger evt enable replica",
     "event trigger evt: enabled is replica, was disabled"},
    {"drop event trigger evt; create event trigger evt on ddl_command_start when tag in ('DROP "
     "TABLE') execute function et(); alter event trigger evt disable",
     "event trigger evt: tags is DROP TABLE"},
    {"drop event trigger evt; create event trigger evt on ddl_command_end execute function et(); "
     "alter event trigger evt disable",
     "event is ddl_command_end, was ddl_command_start"},
    // Privileges.
    {"alter default privileges in schema app grant insert on tables to public",
     "default privileges of $USER in schema app on tables: acl is"},
    {"alter default privileges revoke execute on functions from public",
     "default privileges of $USER on functions added"},
    {"grant select on pg_catalog.pg_authid to pg_monitor",
     "privileges table pg_catalog.pg_authid added"},
    {"revoke execute on function pg_catalog.now() from public",
     "privileges function pg_catalog.now() added"},
    {"revoke usage on language plpgsql from public", "privileges language plpgsql added"},
};

class Attributes : public test::ServerTest {
 protected:
  std::string filled_in(std::string_view text) const {
    std::string out = util::replace_all(std::string(text), "$DATABASE", database_.name());
    return util::replace_all(std::move(out), "$USER", "postgres");
  }
  static Model read_pinned(pg::Connection& connection) {
    connection.execute("set local search_path = ''");
    return read(connection);
  }

  test::TestDatabase database_ = test::make_database("attributes");
};

TEST_F(Attributes, AreNoticedAndToldOneByOne) {
  pg::Connection connection = database_.connect();
  connection.execute(util::replace_all(std::string(kSetup), "references t constraint_of_u",
                                       "constraint constraint_of_u references t"));
  pg::pin_settings(connection, "UTF8");
  connection.execute("begin");
  const Model before = read_pinned(connection);
  connection.execute("rollback");
  std::size_t looked_at = 0;
  for (const Row& row : kRows) {
    if (row.since > connection.server_major()) continue;
    SCOPED_TRACE(row.change);
    ++looked_at;
    connection.execute("begin; set local search_path = public");
    try {
      connection.execute(filled_in(row.change));
      const Model after = read_pinned(connection);
      const std::vector<Change> changes = compare(before, after);
      const std::string told = util::join(tell(changes), "\n");
      EXPECT_THAT(told, HasSubstr(filled_in(row.told)));
      EXPECT_EQ(told.find("secret"), std::string::npos) << told;
      for (const Change& change : changes)
        EXPECT_FALSE(tell(change).empty()) << change.element().identity;
    } catch (const util::Error& error) {
      ADD_FAILURE() << error.text();
    }
    connection.execute("rollback");
  }
  EXPECT_GE(looked_at, 170U);
  connection.execute("begin");
  EXPECT_THAT(tell(compare(before, read_pinned(connection))), IsEmpty()) << "all was rolled back";
  connection.execute("rollback");
  connection.execute("drop subscription sub");  // it keeps a database from going
}

}  // namespace
}  // namespace schema
