#include "guard/preflight.h"

#include "guard/shared_catalog.h"
#include "guard_fixture.h"

namespace guard {
namespace {

using testing::HasSubstr;

class PreflightTest : public GuardTest {
 protected:
  PreflightOptions options() {
    PreflightOptions out;
    out.database = database->conninfo();
    out.dir = folder.path() / "backups";
    out.key = "20261120143052";
    return out;
  }
  // The first line of a subject that is worse than Pass.
  Line trouble(const Preflight& preflight, std::string_view subject) {
    for (const Line& line : preflight.lines) {
      if (line.subject == subject && line.verdict != Verdict::Pass) return line;
    }
    ADD_FAILURE() << "no trouble with " << subject;
    return {};
  }
  pg::ConnInfo as(const std::string& role) { return options().database.with_option("user", role); }
};

TEST_F(PreflightTest, FindsEverythingInOrderOnItsOwnServer) {
  const Preflight preflight = guard::preflight(options(), {});
  for (const Line& line : preflight.lines)
    EXPECT_NE(line.verdict, Verdict::Fail) << line.subject << ": " << line.text;
  EXPECT_EQ(preflight.tables, 2U);
  EXPECT_GT(preflight.database_bytes, 1'000'000U);
  EXPECT_FALSE(preflight.system_identifier.empty());
}

TEST_F(PreflightTest, S3_NamesWhatTheRoleLacks) {
  const std::string role = util::cat("weak_", name());
  sql(util::cat("create role ", role, " login; alter database ", name(), " owner to ", role));
  PreflightOptions weak = options();
  weak.database = as(role);
  weak.server_free = std::uint64_t{1} << 40U;
  weak.undo = Undo::Swap;
  const Preflight preflight = guard::preflight(weak, {});
  EXPECT_FALSE(preflight.ok());
  const Line line = trouble(preflight, "privileges");
  EXPECT_EQ(line.kind, util::Kind::Privilege);
  EXPECT_THAT(line.text, HasSubstr("CREATEDB"));
  EXPECT_THAT(line.remedy, HasSubstr("ALTER ROLE"));
  try {
    preflight.require();
    FAIL();
  } catch (const util::Error& error) {
    EXPECT_EQ(error.exit_code(), 1);
    EXPECT_THAT(error.text(), HasSubstr("may not read"));  // the others are attached
  }
  sql(util::cat("alter database ", name(), " owner to postgres; drop role ", role));
}

TEST_F(PreflightTest, F9_DoesNotGuessTheSpaceOfAServerItCannotSee) {
  const std::string role = util::cat("owner_", name());
  sql(util::cat("create role ", role, " login createdb; alter database ", name(), " owner to ",
                role, "; alter table members owner to ", role, "; alter table events owner to ",
                role, "; alter function answer() owner to ", role));
  PreflightOptions blind = options();
  blind.database = as(role);
  const Preflight preflight = guard::preflight(blind, {});
  EXPECT_THAT(trouble(preflight, "space").remedy, HasSubstr("--server-free"));
  blind.server_free = std::uint64_t{1} << 40U;
  const Preflight told = guard::preflight(blind, {});
  for (const Line& line : told.lines)
    EXPECT_NE(line.verdict, Verdict::Fail) << line.subject << ": " << line.text;
  sql(util::cat("reassign owned by ", role, " to postgres; drop role ", role));
}

TEST_F(PreflightTest, S17_NamesFunctionsOfOthersThatASuperuserWouldRun) {
  const std::string role = util::cat("low_", name());
  sql(util::cat("create role ", role, "; create schema s authorization ", role, "; set role ", role,
                "; create function s.ck(int) returns bool language sql as 'select true';"
                "create table s.t (i int check (s.ck(i)));"));
  PreflightOptions super = options();
  EXPECT_EQ(trouble(guard::preflight(super, {}), "superuser").verdict, Verdict::Fail);
  super.accept_superuser_functions = true;
  EXPECT_EQ(trouble(guard::preflight(super, {}), "superuser").verdict, Verdict::Warn);
  sql(util::cat("drop schema s cascade; drop role ", role));
}

TEST_F(PreflightTest, NamesPartitionsWhoseDetachIsNotFinished) {
  if (test::test_server().connect().server_major() < 14)
    GTEST_SKIP() << "needs a server from 14 on";
  sql("create table parted (a int) partition by list (a);"
      "create table parted_1 partition of parted for values in (1);"
      "update pg_inherits set inhdetachpending = true where inhrelid = 'parted_1'::regclass");
  const Line line = trouble(guard::preflight(options(), {}), "undo");
  EXPECT_EQ(line.verdict, Verdict::Fail);
  EXPECT_THAT(line.text, HasSubstr("public.parted_1"));
  EXPECT_THAT(line.remedy, HasSubstr("FINALIZE"));
  sql("alter table parted detach partition parted_1 finalize");
  for (const Line& left : guard::preflight(options(), {}).lines)
    EXPECT_NE(left.verdict, Verdict::Fail) << left.subject << ": " << left.text;
}

TEST_F(PreflightTest, AFolderThatCannotBeWrittenIsNamed) {
  PreflightOptions bad = options();
  bad.dir = "/etc/passwd/backups";
  EXPECT_THAT(trouble(guard::preflight(bad, {}), "folder").text, HasSubstr("/etc/passwd"));
}

TEST_F(PreflightTest, F8_ASlotOfTheDatabaseStopsIt) {
  test::TestServer logical({.settings = {"wal_level = logical"}});
  test::TestDatabase own(logical, "slotted");
  {
    pg::Connection connection = own.connect();
    connection.query(
        "select pg_catalog.pg_create_logical_replication_slot('guard_slot', 'test_decoding')");
  }
  PreflightOptions with_slot = options();
  with_slot.database = own.conninfo();
  const Line line = trouble(guard::preflight(with_slot, {}), "slots");
  EXPECT_EQ(line.verdict, Verdict::Fail);
  EXPECT_THAT(line.text, HasSubstr("guard_slot"));
  own.connect().query("select pg_catalog.pg_drop_replication_slot('guard_slot')");
}

TEST_F(PreflightTest, S2_SharedObjectsAreReadAndReversedByTheirStatements) {
  pg::Connection maintenance = test::test_server().connect();
  const std::string role = util::cat("shared_", name());
  const auto before = shared_objects(maintenance, name());
  maintenance.execute(util::cat("create role ", role, " login; grant pg_monitor to ", role));
  maintenance.execute(util::cat("alter role ", role, " set search_path = 'a', 'b'"));
  const auto changed = shared_objects(maintenance, name());
  const std::vector<SharedChange> changes = compare_shared(before, changed);
  EXPECT_EQ(changes.size(), 3U);
  for (const char* kind : {"setting", "membership", "role"}) {
    for (const SharedChange& change : changes) {
      if (change.text.starts_with(kind)) maintenance.execute(change.statement);
    }
  }
  EXPECT_THAT(compare_shared(before, shared_objects(maintenance, name())), testing::IsEmpty());
}

// 16 has more options of a membership, and one by each grantor.
TEST_F(PreflightTest, S2_OptionsAndGrantorsOfMembershipsAreReversed) {
  pg::Connection maintenance = test::test_server().connect();
  if (maintenance.server_major() < 16) GTEST_SKIP() << "needs a server from 16 on";
  const std::string lead = util::cat("lead_", name()), other = util::cat("other_", name());
  maintenance.execute(util::cat("create role ", lead, "; create role ", other,
                                "; grant pg_monitor to ", lead,
                                " with admin true; grant pg_monitor to ", other));
  const auto before = shared_objects(maintenance, name());
  maintenance.execute(util::cat("grant pg_monitor to ", other, " with inherit false, set false"));
  maintenance.execute(util::cat("grant pg_monitor to ", other, " granted by ", lead));
  const std::vector<SharedChange> changes =
      compare_shared(before, shared_objects(maintenance, name()));
  EXPECT_EQ(changes.size(), 2U);
  for (const SharedChange& change : changes) {
    EXPECT_EQ(change.name, "pg_monitor");
    maintenance.execute(change.statement);
  }
  EXPECT_THAT(compare_shared(before, shared_objects(maintenance, name())), testing::IsEmpty());
  maintenance.execute(util::cat("drop role ", other, "; drop role ", lead));
}

}  // namespace
}  // namespace guard
