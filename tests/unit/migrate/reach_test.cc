#include "migrate/reach.h"

#include <gtest/gtest.h>

namespace {

std::string reach(std::string_view sql) {
  return migrate::reaches_outside(sql, {"app__rehearsal_1"}).value_or("");
}

class F10Outside : public testing::TestWithParam<const char*> {};
TEST_P(F10Outside, IsFound) { EXPECT_NE(reach(GetParam()), "") << GetParam(); }
INSTANTIATE_TEST_SUITE_P(
    Statements, F10Outside,
    testing::Values(
        "CREATE ROLE migrated", "create user u password 'x'", "/* c */ Alter Role ra SET x = 1",
        "DROP GROUP g", "ALTER DATABASE app SET search_path = 'new'", "create database other",
        "drop database if exists app__rehearsal_1", "ALTER SYSTEM SET work_mem = '1GB'",
        "CREATE TABLESPACE t LOCATION '/x'", "create subscription s connection '' publication p",
        "GRANT admins TO bob", "revoke admin option for admins from bob",
        "GRANT CONNECT ON DATABASE app TO bob", "grant create on tablespace t to bob",
        "grant set on parameter work_mem to bob", "COMMENT ON DATABASE app IS 'x'",
        "comment on role bob is 'x'", "security label for p on role bob is 'x'",
        "REASSIGN OWNED BY a TO b", "DROP OWNED BY a",
        "select pg_create_logical_replication_slot('s', 'pgoutput')",
        "select pg_catalog.pg_terminate_backend(pid) from pg_stat_activity",
        "select dblink_exec('dbname=app', 'drop table t')", "copy t to '/tmp/x'",
        "copy t from program 'cat'", "begin; create table t (i int); create role late; commit",
        "do $$ begin create role r; end $$",
        "do $$ begin execute format('CREATE ROLE %I', 'x'); end $$",
        "do $b$ begin if true then execute $q$ alter system set a = 1 $q$; end if; end $b$"));

class F10Inside : public testing::TestWithParam<const char*> {};
TEST_P(F10Inside, IsLeftAlone) { EXPECT_EQ(reach(GetParam()), "") << GetParam(); }
INSTANTIATE_TEST_SUITE_P(
    Statements, F10Inside,
    testing::Values("create table role (i int)", "alter table users add column role text",
                    "grant select on orders to bob", "grant select (id, name) on orders to bob",
                    "grant usage on schema app to bob",
                    "revoke all on all tables in schema s from public",
                    "alter default privileges grant select on tables to bob",
                    "create user mapping for bob server s", "drop user mapping for bob server s",
                    "ALTER DATABASE app__rehearsal_1 SET search_path = 'x'",
                    "alter database \"app__rehearsal_1\" set x = 'y'",
                    "alter role bob in database app__rehearsal_1 set x = 'y'",
                    "grant connect on database app__rehearsal_1 to bob",
                    "insert into log values ('create role x; drop role y')",
                    "create function f() returns void language sql as $$ create role x $$",
                    "comment on table t is 'create role'", "copy t from stdin", "copy t to stdout",
                    "select dblink from t", "select * from pg_roles", "", ";;",
                    "select 'unclosed"));

TEST(Reach, F10ShowsTheFirstWordsWithoutSecrets) {
  EXPECT_EQ(reach("create role bob password 'secret'"), "create role bob password");
  EXPECT_EQ(reach("select 1; ALTER ROLE bob\n  LOGIN; select 2"), "ALTER ROLE bob LOGIN");
}

TEST(Reach, F10LooksAtWhatStandsBeforeALiteralThatWasCut) {
  EXPECT_EQ(reach("create role bob; insert into t values ('begun and"), "create role bob");
}

}  // namespace
