// Migration tools that people use, from npm: dbmate and knex behind `pgbelay migrate --`,
// succeeding and failing. Their own history tables are undone with the data, so the repaired
// migration simply runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "support/guarded.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace {

using test::BinaryResult;

class NpmTools : public test::GuardedTest {
 protected:
  NpmTools() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    if (!util::find_program("npm")) {
      if (std::getenv("CI") != nullptr) FAIL() << "npm is missing";
      GTEST_SKIP() << "npm is missing";
    }
    fill();
    write("package.json", R"({"name": "shop", "private": true})");
  }
  void install(const std::vector<std::string>& packages) {
    util::Command npm{.argv = {"npm", "install", "--no-audit", "--no-fund", "--loglevel=error"},
                      .directory = folder()};
    npm.argv.insert(npm.argv.end(), packages.begin(), packages.end());
    const util::Captured done = util::capture(npm);
    ASSERT_EQ(done.ended.status, 0) << done.out << done.err;
  }
  BinaryResult guarded(std::vector<std::string> command) {
    std::vector<std::string> args{"migrate", "--yes", "--"};
    args.insert(args.end(), command.begin(), command.end());
    return run(args);
  }
  std::string table_there(const std::string& name) {
    return query(util::cat("select count(*) from pg_tables where tablename = '", name, "'"));
  }
  // A migration that succeeds, one that fails after it has committed something, and its repair.
  void story(const std::vector<std::string>& command, const std::function<void()>& add_broken,
             const std::function<void()>& repair) {
    const BinaryResult good = guarded(command);
    ASSERT_EQ(good.status, 0) << good.err;
    EXPECT_EQ(table_there("made_first"), "1");
    const std::string before = content();
    add_broken();
    const BinaryResult bad = guarded(command);
    EXPECT_EQ(bad.status, 3) << bad.err;
    EXPECT_THAT(bad.err, testing::HasSubstr("42703"))
        << "whatever the tool, the statement that failed is told";
    EXPECT_THAT(bad.err, testing::HasSubstr("no_such_column"));
    EXPECT_EQ(content(), before);
    EXPECT_EQ(table_there("made_second"), "0")
        << "what an earlier file of the same run committed is undone with it";
    repair();
    const BinaryResult again = guarded(command);
    EXPECT_EQ(again.status, 0) << "no dirty state blocks the repaired migration: " << again.err;
    EXPECT_EQ(table_there("made_second"), "1");
    expect_nothing_left_behind();
  }
};

TEST_F(NpmTools, Dbmate) {
  ASSERT_NO_FATAL_FAILURE(install({"dbmate@2"}));
  write("db/001_first.sql", "-- migrate:up\ncreate table made_first (i int);\n-- migrate:down\n");
  story(
      {"node_modules/.bin/dbmate", "-d", "db", "--no-dump-schema", "migrate"},
      [&] {
        write("db/002_second.sql",
              "-- migrate:up\ncreate table made_second (i int);\n-- migrate:down\n");
        write("db/003_third.sql",
              "-- migrate:up\nupdate orders set no_such_column = 1;\n-- migrate:down\n");
      },
      [&] {
        write("db/003_third.sql",
              "-- migrate:up\nupdate orders set note = 'x';\n-- migrate:down\n");
      });
}

TEST_F(NpmTools, Knex) {
  ASSERT_NO_FATAL_FAILURE(install({"knex@3", "pg@8"}));
  write("knexfile.js",
        "module.exports = {client: 'pg', connection: process.env.DATABASE_URL, migrations: "
        "{directory: './db', disableTransactions: true}};\n");
  const auto migration = [](std::string_view sql) {
    return util::cat("exports.up = (knex) => knex.raw(`", sql, "`);\nexports.down = () => {};\n");
  };
  write("db/001_first.js", migration("create table made_first (i int)"));
  story(
      {"node_modules/.bin/knex", "migrate:latest"},
      [&] {
        write("db/002_second.js", migration("create table made_second (i int)"));
        write("db/003_third.js", migration("update orders set no_such_column = 1"));
      },
      [&] { write("db/003_third.js", migration("update orders set note = 'x'")); });
}

}  // namespace
