// The migration on the copy, swapped forward when it is checked: the live database is as it was
// until then, and nothing that an application saw committed is lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "pg/connection.h"
#include "support/application.h"
#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using util::cat;

class BlueGreen : public test::GuardedTest {
 protected:
  BlueGreen() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    // It keeps writers out, before 15 too: no choice for old servers is needed.
    std::filesystem::remove(folder() / "pgbelay.toml");
    fill();
  }
  BinaryResult migrate(std::vector<std::string> statements,
                       std::vector<std::string> options = {"--keep-undo", "1h"}) {
    std::vector<std::string> args{"migrate", "--yes", "--blue-green"};
    args.insert(args.end(), options.begin(), options.end());
    for (const char* const word : {"--", "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"})
      args.emplace_back(word);
    for (std::string& statement : statements) {
      args.emplace_back("-c");
      args.push_back(std::move(statement));
    }
    return run(std::move(args));
  }
  std::string settings() {
    return query(
        "select count(*) from pg_db_role_setting s join pg_database d on d.oid = s.setdatabase "
        "where datname = current_database()");
  }
  std::string live_oid() {
    return query("select oid from pg_database where datname = current_database()");
  }
};

TEST_F(BlueGreen, SwapsForwardAndCanBeTakenBack) {
  const std::string before = content();
  const std::string oid = live_oid();
  const BinaryResult result = migrate({"alter table orders drop column note cascade",
                                       "create table made (i int)", "insert into made values (7)"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, HasSubstr("the migrated copy serves"));
  EXPECT_THAT(result.err, HasSubstr("writers were kept out for"));
  EXPECT_EQ(query("select i from made"), "7");
  EXPECT_NE(live_oid(), oid);
  EXPECT_THAT(sides("proof"), SizeIs(1)) << "the old state";
  EXPECT_THAT(sides("replaced"), IsEmpty());
  EXPECT_EQ(settings(), "0") << "the hold is released";

  const BinaryResult undone = run({"undo", "psql", "--yes", "--on-foreign-writes", "undo"});
  ASSERT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(content(), before);
  EXPECT_EQ(live_oid(), oid) << "the very database that it was";
  expect_nothing_left_behind();
}

TEST_F(BlueGreen, LeavesTheDatabaseAloneIfTheMigrationFails) {
  const std::string before = content();
  const std::string oid = live_oid();
  const BinaryResult result = migrate({"drop table orders cascade", "select nonsense"});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("ran on the copy only: the database is as it was"));
  EXPECT_EQ(content(), before);
  EXPECT_EQ(live_oid(), oid);
  EXPECT_THAT(sides("failed"), SizeIs(1));
  EXPECT_EQ(settings(), "0");
  expect_nothing_left_behind();
}

TEST_F(BlueGreen, LeavesTheDatabaseAloneIfACheckFails) {
  const std::string oid = live_oid();
  const BinaryResult result = migrate({"delete from orders"});  // nobody has announced that
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_EQ(query("select count(*) from orders"), "3000");
  EXPECT_EQ(live_oid(), oid);
  expect_nothing_left_behind();
}

TEST_F(BlueGreen, RunsFilesOnTheCopyToo) {
  write("migrations/001_made.sql", "create table made (i int);\n");
  const BinaryResult result = run({"migrate", "--yes", "--blue-green", "--no-rehearse"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(query("select count(*) from made"), "0");
  EXPECT_EQ(run({"migrate", "--yes", "--blue-green"}).status, 0) << "nothing is left to do";
  expect_nothing_left_behind();
}

// S2: a migration may change what belongs to the database, by whichever name.
TEST_F(BlueGreen, S2CarriesPropertiesOfTheDatabaseOver) {
  const std::string name = database().name();
  server().connect().execute(cat("alter database \"", name,
                                 "\" set work_mem = '5MB'; comment on database \"", name,
                                 "\" is 'the shop'"));
  const BinaryResult result =
      migrate({cat("alter database \"", name, "\" set statement_timeout = '7min'"),
               "do $$ begin execute format('alter database %I set search_path = public, other', "
               "current_database()); end $$",
               "do $$ begin execute format('revoke temporary on database %I from public', "
               "current_database()); end $$"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(query("select string_agg(setting, ' ' order by setting) from pg_db_role_setting s, "
                  "unnest(setconfig) setting where setdatabase = (select oid from pg_database "
                  "where datname = current_database())"),
            "search_path=public, other statement_timeout=7min work_mem=5MB");
  EXPECT_EQ(query("select shobj_description(oid, 'pg_database') from pg_database where datname = "
                  "current_database()"),
            "the shop");
  EXPECT_EQ(query("select bool_or(privilege_type = 'CONNECT')::text || "
                  "bool_or(privilege_type = 'TEMPORARY') from pg_database, aclexplode(datacl) "
                  "where datname = current_database() and grantee = 0"),
            "truefalse");
}

// F4: a read-only default can be overridden; what was written so is not left behind by a swap.
TEST_F(BlueGreen, F4StaysIfSomebodyWroteDuringTheMigration) {
  const std::string oid = live_oid();
  const BinaryResult result = migrate(
      {"create table made (i int)",
       cat("\\! PGOPTIONS='-c default_transaction_read_only=off' psql -X -q -c \"insert into "
           "customers (name) values ('late')\" \"",
           database().url(), "\"")});
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_THAT(result.err, HasSubstr("somebody wrote to the database"));
  EXPECT_EQ(query("select count(*) from customers where name = 'late'"), "1") << "nothing is lost";
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "0");
  EXPECT_EQ(live_oid(), oid);
  EXPECT_EQ(settings(), "0");
  expect_nothing_left_behind();
}

TEST_F(BlueGreen, KeepsEveryCommittedTransactionOfAnApplication) {
  test::Application::create_tables(database().conninfo());
  test::Application application(database().conninfo());
  const BinaryResult result = migrate({"alter table orders add column made int"});
  application.go_on_and_end();
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(query("select count(made) from orders"), "0");
  application.expect_all();
}

TEST_F(BlueGreen, IsRefusedWithOtherHoldsAndWithoutASwap) {
  expect_refusal(migrate({"select 1"}, {"--hold", "none"}), 2, {"--blue-green", "--hold"});
  expect_refusal(migrate({"select 1"}, {"--undo", "none"}), 2, {"--blue-green", "--undo none"});
  expect_refusal(migrate({"select 1"}, {"--no-tap"}), 2, {"--no-tap"});
}

}  // namespace
