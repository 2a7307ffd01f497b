// What travels along with a restore or a swap (postgres-hazards.md S2, M5, M6).
#include "pg/database_properties.h"

#include <gtest/gtest.h>

#include "pg/ident.h"
#include "support/server.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

constexpr std::string_view kRoles = "prop_owner, prop_reader, \"Prop \"\"X\"";

class DatabasePropertiesTest : public test::ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    admin_.emplace(test::test_server().connect());
    admin_->execute(
        "create role prop_owner login createdb; create role prop_reader; create role \"Prop "
        "\"\"X\"");
    source_.emplace(test::make_database("Source", "encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'"));
  }
  void TearDown() override {
    if (!admin_) return;
    admin_->execute("drop database if exists \"the copy\" with (force)");
    source_.reset();
    admin_->execute(util::cat("drop role ", kRoles));
  }
  void alter(std::string_view what) {
    admin_->execute(util::cat("alter database ", source(), ' ', what));
  }
  std::string source() const { return quote_ident(source_->name()); }
  DatabaseProperties properties() { return read_properties(*admin_, source_->name()); }
  DatabaseProperties copied(CommentFrom comment = CommentFrom::Properties) {
    const DatabaseProperties wanted = properties();
    create_database(*admin_, "the copy", wanted);
    apply_properties(*admin_, "the copy", wanted, comment);
    return read_properties(*admin_, "the copy");
  }

  std::optional<Connection> admin_;
  std::optional<test::TestDatabase> source_;
};

TEST_F(DatabasePropertiesTest, M5EverythingTravels) {
  alter("owner to prop_owner");
  alter("connection limit 17");
  alter("is_template true");
  alter("set search_path to \"$user\", \"My \"\"Schema\", public, \"a,b\"");
  alter("set statement_timeout to '3min'");
  alter("set my.custom to 'it''s a \\ text, with commas'");
  alter("set session_preload_libraries to ''");
  alter("set DateStyle to 'German, DMY'");
  admin_->execute(
      util::cat("alter role \"Prop \"\"X\" in database ", source(), " set search_path to ''"));
  admin_->execute(
      util::cat("alter role prop_reader in database ", source(), " set work_mem to '7MB'"));
  admin_->execute(util::cat("comment on database ", source(), " is 'it''s \\ ours'"));
  admin_->execute(
      util::cat("grant create on database ", source(), " to prop_reader with grant option"));
  admin_->execute(util::cat("set role prop_reader; grant create on database ", source(),
                            " to \"Prop \"\"X\"; reset role"));
  admin_->execute(util::cat("revoke temporary on database ", source(), " from public"));

  const DatabaseProperties before = properties();
  EXPECT_EQ(before.owner, "prop_owner");
  EXPECT_EQ(before.encoding, "LATIN1");
  EXPECT_EQ(before.settings.size(), 7U);
  EXPECT_FALSE(before.default_acl);
  const DatabaseProperties after = copied();
  EXPECT_EQ(after.settings, before.settings);
  EXPECT_EQ(after.grants, before.grants);
  EXPECT_TRUE(after == before);
  alter("is_template false");
  admin_->execute("alter database \"the copy\" is_template false");
}

TEST_F(DatabasePropertiesTest, S13AnAclThatMeansTheDefaultIsTheDefault) {
  EXPECT_TRUE(properties().default_acl);
  EXPECT_TRUE(copied().default_acl);  // although it was closed to PUBLIC meanwhile
  admin_->execute(util::cat("grant connect on database ", source(), " to prop_reader"));
  EXPECT_FALSE(properties().default_acl);
  admin_->execute(util::cat("revoke connect on database ", source(), " from prop_reader"));
  EXPECT_TRUE(properties().default_acl);
}

TEST_F(DatabasePropertiesTest, AnEmptyAclIsNotTheDefault) {
  admin_->execute(util::cat("revoke all on database ", source(), " from public, postgres"));
  EXPECT_FALSE(properties().default_acl);
  EXPECT_TRUE(properties().grants.empty());
  EXPECT_TRUE(copied() == properties());
}

TEST_F(DatabasePropertiesTest, M6ANewDatabaseIsClosedToThePublic) {
  create_database(*admin_, "the copy", properties());
  const DatabaseProperties fresh = read_properties(*admin_, "the copy");
  EXPECT_FALSE(fresh.default_acl);
  for (const DatabaseGrant& grant : fresh.grants) EXPECT_EQ(grant.grantee, "postgres");
  const ConnInfo reader =
      test::test_server().conninfo("the copy").with_option("user", "prop_owner");
  EXPECT_THROW(Connection::open(reader, "t"), util::Error);
  EXPECT_EQ(test::test_server().connect("the copy").database(), "the copy");
}

TEST_F(DatabasePropertiesTest, S2WhatIsNotInTheRecordIsTakenAway) {
  const DatabaseProperties record = properties();
  alter("set search_path to evil");
  alter("connection limit 1");
  admin_->execute(
      util::cat("alter role prop_reader in database ", source(), " set work_mem to '7MB'"));
  admin_->execute(util::cat("grant all on database ", source(), " to prop_reader"));
  admin_->execute(util::cat("comment on database ", source(), " is 'changed'"));
  alter("owner to prop_owner");
  EXPECT_FALSE(properties() == record);
  apply_properties(*admin_, source_->name(), record, CommentFrom::Properties);
  EXPECT_TRUE(properties() == record);
}

TEST_F(DatabasePropertiesTest, TheCommentOfARunStaysWhereItIsWanted) {
  admin_->execute(util::cat("comment on database ", source(), " is 'of the source'"));
  const DatabaseProperties record = properties();
  create_database(*admin_, "the copy", record);
  admin_->execute("comment on database \"the copy\" is 'pgbelay run 1'");
  apply_properties(*admin_, "the copy", record, CommentFrom::Database);
  EXPECT_EQ(read_properties(*admin_, "the copy").comment, "pgbelay run 1");
}

TEST_F(DatabasePropertiesTest, S3AnOwnerWithCreatedbIsEnough) {
  alter("owner to prop_owner");
  alter("set work_mem to '5MB'");
  admin_->execute(util::cat("grant connect on database ", source(), " to prop_reader"));
  Connection owner =
      Connection::open(test::test_server().conninfo().with_option("user", "prop_owner"), "t");
  const DatabaseProperties record = read_properties(owner, source_->name());
  create_database(owner, "the copy", record);
  apply_properties(owner, "the copy", record, CommentFrom::Properties);
  EXPECT_TRUE(read_properties(owner, "the copy") == record);
}

TEST_F(DatabasePropertiesTest, AFailureLeavesTheDatabaseAsItWas) {
  DatabaseProperties record = properties();
  const DatabaseProperties before = record;
  record.connection_limit = 3;
  record.settings = {{.role = "no_such_role", .name = "work_mem", .value = "1MB"}};
  EXPECT_THROW(apply_properties(*admin_, source_->name(), record, CommentFrom::Properties),
               util::Error);
  EXPECT_TRUE(properties() == before);
}

TEST_F(DatabasePropertiesTest, M5IcuLocalesTravel) {
  if (admin_->server_major() < 15) GTEST_SKIP() << "databases have no provider before 15";
  if (admin_->query("select count(*) from pg_catalog.pg_collation where collprovider = 'i'")
          .i64(0, 0) == 0) {
    GTEST_SKIP() << "the server was built without ICU";
  }
  const test::TestDatabase icu =
      test::make_database("icu", "locale_provider icu icu_locale 'de-AT' encoding 'UTF8'");
  const DatabaseProperties record = read_properties(*admin_, icu.name());
  EXPECT_EQ(record.locale_provider, "i");
  EXPECT_EQ(record.icu_locale, "de-AT");
  create_database(*admin_, "the copy", record);
  apply_properties(*admin_, "the copy", record, CommentFrom::Properties);
  EXPECT_TRUE(read_properties(*admin_, "the copy") == record);
}

TEST_F(DatabasePropertiesTest, AnUnknownDatabaseIsNamed) {
  try {
    read_properties(*admin_, "no such");
    FAIL() << "found";
  } catch (const util::Error& unknown) {
    EXPECT_EQ(unknown.kind(), util::Kind::Query);
    EXPECT_NE(unknown.message().find("no such"), std::string::npos);
  }
}

}  // namespace
}  // namespace pg
