// Databases that something is wrong with, by both readers of the schema: a backup that cannot be
// made or restored names the object, and what is no obstacle is told and backed up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "support/guarded.h"
#include "util/files.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::Not;
using util::cat;

constexpr std::string_view kReaders[] = {"pg_dump", "catalog"};

struct Damage {
  std::string_view name;
  std::string_view sql;  // run with allow_system_table_mods
  int status;
  std::string_view said;  // in stderr, by either reader
};

// $ROLE is a role that is gone without a DROP.
constexpr Damage kDamages[] = {
    {"AnOwner", "create table owned (id int); alter table owned owner to $ROLE", 5,
     "relation public.owned"},
    {"AnOwnerOfAFunction",
     "create function f() returns int language sql as 'select 1'; alter function f owner to $ROLE",
     5, "function f"},
    {"ARoleOfAPolicy", "create table t (id int); create policy mine on t to $ROLE using (true)", 5,
     "policy mine of public.t"},
    {"ARoleOfDefaultPrivileges",
     "alter default privileges for role $ROLE grant select on tables to public", 5,
     "default privileges"},
    {"AGrantee", "create table t (id int); grant select on t to $ROLE", 5,
     "table public.t: a role in its privileges"},
    {"ARoleWithSettings",
     "create table t (id int); alter role $ROLE in database $DATABASE set work_mem = '1MB'", 0,
     "proven"},
    {"ASchema",
     "create schema s; create table s.t (id int); delete from pg_namespace where nspname = 's'", 5,
     "relation t"},
    {"AFunctionOfAView",
     "create function f() returns int language sql as 'select 1'; create view broken as select f() "
     "as f;"
     "delete from pg_proc where proname = 'f'",
     5, "view public.broken"},
    {"AFunctionOfATrigger",
     "create function f() returns trigger language plpgsql as 'begin return new; end'; create "
     "table t (id int);"
     "create trigger trig before insert on t for each row execute function f(); delete from "
     "pg_proc where proname = 'f'",
     5, "trigger trig of public.t"},
    {"ATypeOfAColumn",
     "create type x as enum ('a'); create table t (m x); delete from pg_type where typname = 'x'",
     5, "column m of public.t"},
    {"ACollation",
     "create collation c (locale = 'C'); create table t (a text collate c); delete from "
     "pg_collation where collname = 'c'",
     0, "column a of public.t: attcollation refers to a collation"},
    {"ABoundOfAPartition",
     "create table p (id int) partition by range (id); create table p1 partition of p for values "
     "from (1) to (2);"
     "update pg_class set relpartbound = null where relname = 'p1'",
     5, "partition public.p1: it has no bound"},
    {"AParentTable",
     "create table t (id int); create table c () inherits (t); delete from pg_class where relname "
     "= 't'",
     5, "refers to a relation"},
    {"AForeignServer",
     "create foreign data wrapper w; create server s foreign data wrapper w; create foreign table "
     "ft (a int) server s;"
     "delete from pg_foreign_server",
     5, "foreign table of public.ft: ftserver refers to a foreign server"},
    {"APublication",
     "create publication p; create table t (); alter publication p add table t; delete from "
     "pg_publication",
     5, "published table of public.t"},
    {"TheFilesOfAnExtension",
     "insert into pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)"
     " values (99999, 'no_such_files', 10, 2200, true, '1.0'); create table t ()",
     5, "extension no_such_files"},
};

class SchemaBadInput : public test::GuardedTest {
 protected:
  SchemaBadInput() : GuardedTest(test::Binary::Release, test::test_server) {}

  void execute(const std::string& sql) {
    pg::Connection connection = database().connect();
    connection.execute("set allow_system_table_mods = on");
    connection.execute(sql);
  }
  BinaryResult backup_by(std::string_view reader, std::vector<std::string> more = {}) {
    std::vector<std::string> args{"backup",        "--formats",        "dump", "--proof", "proven",
                                  "--schema-from", std::string(reader)};
    args.insert(args.end(), more.begin(), more.end());
    return run(std::move(args));
  }
  nlohmann::json proof() const {
    return nlohmann::json::parse(util::read_text(backups() / "latest" / "proof.json"));
  }
};

class Damaged : public SchemaBadInput, public testing::WithParamInterface<Damage> {};

TEST_P(Damaged, IsNamedByBothReaders) {
  const std::string role = cat("gone_", database().name());
  std::string sql = util::replace_all(std::string(GetParam().sql), "$ROLE", role);
  sql = util::replace_all(std::move(sql), "$DATABASE", database().name());
  execute(cat("create role ", role));
  execute(sql);
  execute(cat("delete from pg_authid where rolname = '", role, "'"));
  for (const std::string_view reader : kReaders) {
    const BinaryResult result = backup_by(reader);
    EXPECT_EQ(result.status, GetParam().status) << reader << "\n" << result.err;
    EXPECT_THAT(result.err, HasSubstr(std::string(GetParam().said))) << reader;
    EXPECT_THAT(result.err, Not(HasSubstr("was lost"))) << "the server went down";
    expect_nothing_left_behind();
  }
}
INSTANTIATE_TEST_SUITE_P(Cases, Damaged, testing::ValuesIn(kDamages),
                         [](const auto& of) { return std::string(of.param.name); });

// Of an index whose row is gone nothing is left that anybody could use: it is told, no more.
TEST_F(SchemaBadInput, WhatIsNoObstacleIsAWarning) {
  execute(
      "create table t (id int); create index i on t (id); delete from pg_class where relname = "
      "'i'");
  for (const std::string_view reader : kReaders) {
    const BinaryResult result = backup_by(reader);
    EXPECT_EQ(result.status, 0) << result.err;
    EXPECT_THAT(result.err, HasSubstr("warning: the catalogue is damaged: "));
    EXPECT_THAT(result.err, HasSubstr("indexrelid refers to a relation"));
  }
}

// Settings of a role that is gone are nobody's: least of all everybody's.
TEST_F(SchemaBadInput, SettingsOfARoleThatIsGoneAreNotThoseOfTheDatabase) {
  const std::string role = cat("gone_", database().name());
  execute(cat("create role ", role, "; alter role ", role, " in database ", database().name(),
              " set work_mem = '77MB'"));
  execute(cat("delete from pg_authid where rolname = '", role, "'"));
  ASSERT_EQ(backup_by("pg_dump").status, 0);
  for (const char* const file : {"manifest.json", "schema.json"})
    EXPECT_THAT(util::read_text(backups() / "latest" / file), Not(HasSubstr("77MB"))) << file;
}

// A role as managed servers give: it may read neither pg_authid nor what others connect with.
TEST_F(SchemaBadInput, AnOrdinaryRoleNeedsNoMoreThanItsOwn) {
  const std::string role = cat("managed_", database().name());
  execute(cat("create role ", role, " login createdb; alter database ", database().name(),
              " owner to ", role, "; set role ", role,
              "; create table t (id int primary key); create view v as select id from t;"
              "insert into t values (1)"));
  const std::string url = util::replace_all(database().url(), "postgres@", cat(role, "@"));
  for (const std::string_view reader : kReaders) {
    const BinaryResult result = backup_by(reader, {"-d", url});
    EXPECT_EQ(result.status, 0) << reader << "\n" << result.err;
  }
  execute(
      "create foreign data wrapper w; create server s foreign data wrapper w;"
      "create user mapping for postgres server s options (password 'of-others')");
  const BinaryResult mapped = backup_by("catalog", {"-d", url});
  expect_refusal(mapped, 5, {"USER MAPPING FOR postgres"});
  execute(
      "drop foreign data wrapper w cascade; create subscription sub connection 'dbname=none' "
      "publication p"
      " with (connect = false, slot_name = none, enabled = false)");
  expect_refusal(backup_by("catalog", {"-d", url}), 5, {"subscription sub"});
  execute("drop subscription sub");
  database().connect().execute("revoke select on pg_catalog.pg_rewrite from public");
  for (const std::string_view reader : kReaders)
    expect_refusal(backup_by(reader, {"-d", url}), 5, {"permission denied", "pg_rewrite"});
  execute(cat("reassign owned by ", role, " to postgres; drop owned by ", role));
}

TEST_F(SchemaBadInput, NamesMayHoldEverything) {
  constexpr std::string_view kLong = "ééééééééééééééééééééééééééééééé";  // 62 bytes
  execute(cat(R"sql(
      create schema "s
""'%";
      create table "s
""'%"."t\ %s" ("c""' %d \
" int default 3 check ("c""' %d \
" < 9), id serial primary key);
      create table ")sql",
              kLong, "\" (\"", kLong, R"sql(" int primary key);
      create view "v
%s" as select * from "s
""'%"."t\ %s";
      create function "f
%""'\ é"(int) returns int language sql as 'select 1';
      create type "t
%'" as enum ('a
b', '%s', '\');
      create index "i\n%" on "s
""'%"."t\ %s" ("c""' %d \
");
      comment on view "v
%s" is E'x\ny\\')sql"));
  for (const std::string_view reader : kReaders) {
    const BinaryResult result = backup_by(reader);
    EXPECT_EQ(result.status, 0) << reader << "\n" << result.err;
    EXPECT_EQ(proof()["definition"], 2);
    EXPECT_EQ(run({"diff", "latest", "--schema", "--exit-code"}).status, 0);
  }
  execute("drop view \"v\n%s\"");
  const BinaryResult diff = run({"diff", "latest", "--schema", "--exit-code"});
  EXPECT_EQ(diff.status, 9);
  EXPECT_THAT(diff.out, HasSubstr("view public.\"v\\x0a%s\" dropped"));
}

// K3: without a model it is proven by definition 1, and that is said wherever it is told.
TEST_F(SchemaBadInput, K3_AModelThatCannotBeReadMakesALesserProofWhichSaysSo) {
  const std::string role = cat("managed_", database().name());
  execute(cat("create role ", role, " login createdb; alter database ", database().name(),
              " owner to ", role, "; set role ", role, "; create table t (id int primary key)"));
  // Nothing else asks with this function, where the catalogues are read by us.
  execute("revoke execute on function pg_catalog.array_remove from public");
  const std::string url = util::replace_all(database().url(), "postgres@", cat(role, "@"));
  const BinaryResult result = backup_by("catalog", {"-d", url});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("permission denied for function array_remove"));
  EXPECT_THAT(result.err, HasSubstr("proven (objects by name only)"));
  EXPECT_THAT(result.err, HasSubstr("objects are compared by name only, not by their definitions: "
                                    "the backup has no schema.json"));
  const nlohmann::json evidence = proof();
  EXPECT_EQ(evidence["definition"], 1);
  EXPECT_EQ(evidence["level"], "proven");
  EXPECT_THAT(evidence["findings"].dump(), HasSubstr("\"definition\""));
  EXPECT_THAT(run({"list"}).out, HasSubstr("proven (objects by name only)"));
  const nlohmann::json list = nlohmann::json::parse(run({"list", "--json"}).out);
  EXPECT_EQ(list["backups"][0]["definition"], 1);
  execute(cat("reassign owned by ", role, " to postgres; drop owned by ", role));
}

}  // namespace
