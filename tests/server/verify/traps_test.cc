// S17: a restore as superuser runs functions of others, and those may make their owner a superuser.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/verify/made_backup.h"
#include "util/error.h"
#include "verify/verify.h"

namespace verify {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Traps : public VerifyTest {
 protected:
  void SetUp() override {
    VerifyTest::SetUp();
    if (IsSkipped()) return;
    connection_.execute("create role low; create schema low authorization low");
  }
  void TearDown() override {
    connection_.execute("drop schema low cascade; drop owned by low cascade; drop role low");
    VerifyTest::TearDown();
  }
  // Everything in it is made by the role that may do nothing but this.
  void as_low(std::string_view sql) {
    connection_.execute("set role low; set search_path to low");
    connection_.execute(sql);
    connection_.execute("reset role; reset search_path");
  }
  std::vector<std::string> traps() { return superuser_traps(connection_); }
  // What the contents of an archive of the same database say.
  std::string refusal() {
    try {
      prove(make_backup(source_), at(archive::Level::Restored), quiet_, {});
      return "accepted";
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Proof) << error.text();
      return error.message();
    }
  }

  test::TestDatabase source_ = test::make_database("traps");
  pg::Connection connection_ = source_.connect();
};

constexpr std::string_view kCheck =
    "create function ck(i int) returns bool language plpgsql as $$ begin"
    "  if (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then"
    "    alter role low superuser; end if; return true; end $$;"
    "create table t (i int check (low.ck(i))); insert into t values (1)";

TEST_F(Traps, S17_ACheckThatWouldMakeItsOwnerSuperuserIsRefused) {
  as_low(kCheck);
  EXPECT_THAT(traps(), ElementsAre("low.ck(integer) of low"));
  EXPECT_THAT(refusal(), HasSubstr("low.ck(integer) of low"));
  EXPECT_EQ(
      connection_.query("select rolsuper::text from pg_roles where rolname = 'low'").str(0, 0),
      "false");
  EXPECT_FALSE(exists(options_.side_database));
}

TEST_F(Traps, S17_AcceptedMeansDone) {
  as_low(
      "create function ck(i int) returns bool language sql as 'select true';"
      "create table t (i int check (low.ck(i))); insert into t values (1)");
  options_.accept_superuser_functions = true;
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(Traps, S17_AnOrdinaryRoleIsNobodysFool) {
  as_low(kCheck);
  connection_.execute("set role low");
  EXPECT_THAT(traps(), IsEmpty());
  connection_.execute("reset role");
}

class Ways : public Traps, public testing::WithParamInterface<const char*> {};

TEST_P(Ways, S17_EveryWayToAFunctionIsFound) {
  const std::string_view way = GetParam();
  const bool of_14 = way.find("create statistics") != std::string_view::npos ||
                     way.find("begin atomic") != std::string_view::npos;
  if (of_14 && connection_.server_major() < 14) GTEST_SKIP() << "there is no such way before 14";
  as_low("create function f(i int) returns int language sql immutable as 'select i'");
  as_low(GetParam());
  EXPECT_THAT(traps(), Contains("low.f(integer) of low"));
  EXPECT_THAT(refusal(), HasSubstr("low.f(integer) of low"));
}

INSTANTIATE_TEST_SUITE_P(
    All, Ways,
    testing::Values(
        "create table t (i int, j int generated always as (low.f(i)) stored)",
        "create table t (i int); create index on t (low.f(i))",
        "create table t (i int); create index on t (i) where low.f(i) > 0",
        "create table t (i int, j int default low.f(1))",
        "create domain d as int check (low.f(value) > 0); create table t (i d)",
        "create domain d as int check (low.f(value) > 0); create type c as (a d); create table t "
        "(i c[])",
        "create table t (i int) partition by hash (low.f(i)); create table t0 partition of t for "
        "values with"
        " (modulus 1, remainder 0)",
        "create table t (i int, j int); create statistics s on (low.f(i)), j from t",
        "create view v as select low.f(1); create materialized view m as select * from v",
        "create operator #@ (leftarg = int, rightarg = int, function = int4pl);"
        "create operator #@# (rightarg = int, function = low.f); create table t (i int check ((#@# "
        "i) > 0))",
        "create aggregate a(int) (sfunc = int4pl, stype = int, initcond = '0', finalfunc = low.f);"
        "create materialized view m as select a(i) from generate_series(1, 3) i",
        "create function g() returns int language sql begin atomic select low.f(1); end;"
        "create materialized view m as select low.g()"));

TEST_F(Traps, S17_WhatRunsOnlyAfterTheRestoreIsNone) {
  as_low(
      "create function f(i int) returns int language sql as 'select i';"
      "create function g() returns trigger language plpgsql as 'begin return new; end';"
      "create table t (i int); create trigger x before insert on t for each row execute function "
      "g();"
      "create view v as select low.f(1); create policy p on t using (low.f(i) > 0)");
  EXPECT_THAT(traps(), IsEmpty());
  EXPECT_EQ(refusal(), "accepted");
}

TEST_F(Traps, S17_FunctionsOfSuperusersAndOfExtensionsAreNone) {
  connection_.execute(
      "create function low.su(i int) returns int language sql immutable as 'select i';"
      "grant create on database " +
      pg::quote_ident(source_.name()) + " to low");
  as_low(
      "create extension pg_trgm schema low; create table t (i int check (low.su(i) > 0), s text);"
      "create index on t using gin (s low.gin_trgm_ops)");
  EXPECT_THAT(traps(), IsEmpty());
  EXPECT_EQ(refusal(), "accepted");
}

}  // namespace
}  // namespace verify
