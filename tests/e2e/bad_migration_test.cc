// Migrations that go wrong in ways of their own: each has its exit code, says what to do, and
// leaves the database in the new state or in the old one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pg/ident.h"
#include "support/guarded.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using testing::HasSubstr;
using util::cat;

class BadMigration : public test::GuardedTest {
 protected:
  BadMigration() : GuardedTest(test::Binary::Release, test::scram_server) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    fill();
    before_ = content();
  }
  std::string before_;
};

TEST_F(BadMigration, OneThatPrintsAGigabyteKeepsBeginningAndEnd) {
  // Straight to nowhere: the test need not hold it, the program must not.
  const BinaryResult result = test::run_program(
      "/bin/sh",
      {.args = {"-c",
                cat("ulimit -v 1500000; exec ", PGBELAY_RELEASE_BINARY,
                    " migrate --yes -- sh -c 'echo first; head -c 1000000000 /dev/zero | tr "
                    "\"\\000\" x; echo; echo last; psql -X -q -c \"create table made (i int)\"'"
                    " >/dev/null 2>&1")},
       .env = {cat("DATABASE_URL=", database().url()), "PGBELAY_KEEP_UNDO=0s"},
       .directory = folder(),
       .on_line = {}});
  EXPECT_EQ(result.status, 0);
  EXPECT_EQ(query("select count(*) from pg_tables where tablename = 'made'"), "1");
  const std::string kept = util::read_text(last_run() / "output.log");
  EXPECT_LT(kept.size(), std::size_t{40} << 20U);
  EXPECT_TRUE(kept.starts_with("first\nxxx"));
  EXPECT_TRUE(kept.ends_with("xxx\nlast\n"));
  EXPECT_NE(kept.find("965 MB are left out here"), std::string::npos)
      << kept.substr(32U << 20U, 200);
  expect_nothing_left_behind();
}

TEST_F(BadMigration, AFileWithACommandOfPsqlIsRefusedBeforeAnythingStarts) {
  write("migrations/001.sql", "create table made (i int);\n\\i other.sql\n");
  expect_refusal(run({"migrate", "--yes", "migrations"}), 2,
                 {"001.sql", "line 2", "backslash command of psql", "-- psql"});
  EXPECT_TRUE(published().empty());
  EXPECT_EQ(content(), before_);
}

TEST_F(BadMigration, AFileThatEndsInsideATransactionIsUndone) {
  write("migrations/001.sql",
        "-- pgbelay: no-transaction\nalter table orders drop column note;\n"
        "begin;\ncreate table made (i int);\n");
  expect_refusal(run({"migrate", "--yes", "--no-rehearse", "migrations"}), 3,
                 {"001.sql", "ends inside a transaction", "COMMIT"});
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}

// The role that the run works as. What its migration needs of a superuser it does as one: in
// another database, so that nobody else is seen on this one.
class LosesRights : public BadMigration {
 protected:
  void SetUp() override {
    BadMigration::SetUp();
    if (IsSkipped()) return;
    role_ = cat("deployer_of_", database().name());
    pg::Connection maintenance = server().connect();
    maintenance.execute(cat("create role ", role_, " login createdb password ",
                            pg::quote_literal(test::scram_password())));
    maintenance.execute(cat("alter database ", quoted(), " owner to ", role_));
    database().connect().execute(
        cat("do $$ declare r record; begin for r in select oid::regclass as name from pg_class "
            "where relnamespace = 'public'::regnamespace and relkind in ('r', 'v') loop execute "
            "'alter table ' || r.name || ' owner to ",
            role_, "'; end loop; end $$; alter function touch() owner to ", role_,
            "; alter large object ", query("select oid from pg_largeobject_metadata"), " owner to ",
            role_, "; grant all on schema public to ", role_));
    before_ = content();
  }
  void TearDown() override {
    if (!role_.empty()) {
      pg::Connection maintenance = server().connect();
      for (const std::string& kept : sides())
        maintenance.execute(cat("drop database ", pg::quote_ident(kept), " with (force)"));
      if (!sides().empty() || exists()) {
        maintenance.execute(cat("alter database ", quoted(), " owner to postgres"));
        database().connect().execute(
            cat("reassign owned by ", role_, " to postgres; drop owned by ", role_));
      }
      maintenance.execute(cat("drop role ", role_));
    }
    BadMigration::TearDown();
  }
  bool exists() {
    return server()
               .connect()
               .query("select count(*) from pg_database where datname = $1", {database().name()})
               .str(0, 0) == "1";
  }
  std::string quoted() { return pg::quote_ident(database().name()); }
  std::string url() {
    return cat("DATABASE_URL=",
               util::replace_all(database().url(), "://postgres:", cat("://", role_, ":")));
  }
  // A migration that writes, has a superuser do `statement`, and fails.
  BinaryResult migrate(const std::string& statement, std::vector<std::string> options = {}) {
    std::vector<std::string> args{"migrate", "--yes", "--server-free", "10GB"};
    args.insert(args.end(), options.begin(), options.end());
    const std::string script =
        cat("psql -X -q -v ON_ERROR_STOP=1 -c 'alter table orders drop column note' && psql '",
            server().url(), "' -X -q -v ON_ERROR_STOP=1 -c '", statement, "'; exit 1");
    args.insert(args.end(), {"--", "/bin/sh", "-c", script});
    return run(std::move(args), {url()});
  }
  void expect_back_by(const std::string& url) {
    const BinaryResult back = run({"undo", "--yes", "--on-foreign-writes", "undo"}, {url});
    EXPECT_EQ(back.status, 0) << back.err;
    EXPECT_EQ(content(), before_);
    expect_nothing_left_behind();
  }
  std::string role_;
};

TEST_F(LosesRights, ToCreateDatabasesIsToldAndGoesOnWhenItHasThemAgain) {
  const BinaryResult result = migrate(cat("alter role ", role_, " nocreatedb"));
  expect_refusal(result, 4,
                 {"permission denied to rename database", "give them back", "pgbelay undo"});
  EXPECT_EQ(run({"status"}, {url()}).status, 4);
  server().connect().execute(cat("alter role ", role_, " createdb"));
  expect_back_by(url());
}

TEST_F(LosesRights, OnTheDatabaseIsToldAndASuperuserGoesOn) {
  const BinaryResult result = migrate(cat("alter database ", quoted(), " owner to postgres"));
  expect_refusal(result, 4, {"must be owner of database", "give them back", "pgbelay undo"});
  expect_back_by(cat("DATABASE_URL=", database().url()));
}

// A role that may not make a database has nothing to put the contents into when it is dropped.
TEST_F(LosesRights, ToADatabaseThatItCannotMakeAgainIsTold) {
  server().connect().execute(cat("alter role ", role_, " nocreatedb"));
  const BinaryResult result = migrate(cat("drop database ", quoted(), " with (force)"),
                                      {"--undo", "replace", "--proof", "read-back"});
  expect_refusal(result, 4, {"the database is gone", "pgbelay undo"});
  const BinaryResult still = run({"undo", "--yes", "--on-foreign-writes", "undo"}, {url()});
  expect_refusal(still, 4,
                 {cat("CREATE DATABASE ", quoted()), cat("OWNER ", pg::quote_ident(role_))});
  server().connect().execute(cat("create database ", quoted(), " owner ", role_));
  expect_back_by(url());
}

}  // namespace
