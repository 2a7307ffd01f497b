// The rehearsal: on a clone, measured, without a trace on the live database or in the cluster.
#include <nlohmann/json.hpp>

#include "guard_fixture.h"
#include "util/fault.h"

namespace guard {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

using Json = nlohmann::json;

class RehearsalTest : public GuardTest {
 protected:
  Options rehearsing(Options options) {
    options.rehearsal.when = Rehearse::Yes;
    options.rehearse_only = true;
    return options;
  }
  Json document() {
    const std::vector<RunInfo> all = runs();
    return Json::parse(util::read_text(all.back().folder / "rehearsal.json"));
  }
  bool role_exists(const std::string& role) {
    return value(util::cat("select count(*) from pg_roles where rolname = '", role, "'")) == "1";
  }
};

TEST_F(RehearsalTest, MeasuresOnACloneAndLeavesNothing) {
  const std::string before = fingerprint();
  const Result result =
      go(rehearsing(file("alter table members alter column id type bigint;\n"
                         "update members set email = lower(name) where id % 2 = 0;\n"
                         "create index members_email on members (email);\n"
                         "create table audit (id int);\n")));
  EXPECT_EQ(result.outcome, Outcome::Rehearsed) << reporter.all();
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs().back().state, RunState::Released);
  EXPECT_FALSE(runs().back().migrate_begun);

  const Json json = document();
  EXPECT_EQ(json.at("passed"), true) << json.dump(1);
  EXPECT_EQ(json.at("locks_complete"), true);
  std::vector<std::string> locked, rewritten, built, added;
  for (const Json& lock : json.at("locks")) {
    if (lock.at("mode") == "ACCESS EXCLUSIVE") locked.push_back(lock.at("relation"));
  }
  EXPECT_THAT(locked, Contains("public.members")) << json.at("locks").dump(1);
  for (const Json& rewrite : json.at("rewrites")) {
    if (rewrite.at("what") == "table-rewritten") rewritten.push_back(rewrite.at("relation"));
  }
  EXPECT_THAT(rewritten, testing::ElementsAre("public.members"));
  std::vector<std::string> texts;
  for (const Json& statement : json.at("statements")) texts.push_back(statement.at("text"));
  EXPECT_THAT(texts, Contains("alter table members alter column id type bigint"));
  EXPECT_THAT(texts, testing::Not(Contains(HasSubstr("pgbelay")))) << "the runner's own";
  for (const Json& row : json.at("rows")) {
    if (row.at("table") != "public.members") continue;
    EXPECT_EQ(row.at("updated"), 250) << row;
    EXPECT_EQ(row.at("rows_before"), 500);
    EXPECT_EQ(row.at("rows_after"), 500);
  }
  for (const Json& object : json.at("objects")) added.push_back(object.at("identity"));
  EXPECT_THAT(added, Contains(HasSubstr("audit")));
  EXPECT_GT(json.at("wal_bytes").get<std::uint64_t>(), 0U);
  const std::string html = util::read_text(runs().back().folder / "report.html");
  EXPECT_THAT(html, HasSubstr("public.members"));
  EXPECT_THAT(reporter.all(), HasSubstr("rehearsal ok"));
}

TEST_F(RehearsalTest, LocksOfATransactionAreCompleteHoweverShortItIs) {
  go(
      rehearsing(psql("begin; lock table members in share mode; \n"
                      "alter table events add column x int;\n commit;")));
  std::map<std::string, std::string> modes;
  const Json json = document();
  for (const Json& lock : json.at("locks")) modes[lock.at("relation")] = lock.at("mode");
  EXPECT_EQ(modes["public.members"], "SHARE") << json.dump(1);
  EXPECT_EQ(modes["public.events"], "ACCESS EXCLUSIVE") << json.dump(1);
}

TEST_F(RehearsalTest, TheCommandGetsTheCloneWhateverNameItAsksFor) {
  const Result result = go(rehearsing(
      shell(util::cat("psql -X -At -c 'select current_database()'; echo phase $PGBELAY_PHASE;"
                      "PGDATABASE=",
                      name(),
                      " psql -X -At -c \"select 'asked: ' || current_database()\";"
                      "psql -X -At -d postgres -c 'select 1' || echo refused"))));
  EXPECT_EQ(result.exit_code, 0);
  const std::string shown = reporter.all();
  EXPECT_THAT(shown, HasSubstr(util::cat(name(), "__rehearsal_")));
  EXPECT_THAT(shown, HasSubstr(util::cat("asked: ", name(), "__rehearsal_")));
  EXPECT_THAT(shown, HasSubstr("phase rehearse"));
  EXPECT_THAT(shown, HasSubstr("refused"));
}

TEST_F(RehearsalTest, AFailureThereIsNoFailureOfTheDatabase) {
  const std::string before = fingerprint();
  Options options = psql(kBreaks);
  options.rehearsal.when = Rehearse::Yes;
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 1) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("column \"nosuch\" does not exist (42703)"));
  EXPECT_EQ(fingerprint(), before);
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(runs().back().state, RunState::Failed);
  EXPECT_EQ(document().at("succeeded"), false);
}

TEST_F(RehearsalTest, AMigrationThatPassesItIsRunOnTheDatabaseAndCanStillBeUndone) {
  const std::string before = fingerprint();
  const std::string marker = (folder.path() / "second").string();
  // Fails only the second time: after the rehearsal, on the database itself.
  Options options =
      shell(util::cat("psql -X -q -c 'alter table members drop column email' && test "
                      "$PGBELAY_PHASE = rehearse"));
  options.rehearsal.when = Rehearse::Yes;
  const Result result = go(options);
  EXPECT_EQ(result.outcome, Outcome::Undone) << result.cause << reporter.all();
  EXPECT_EQ(fingerprint(), before);
  EXPECT_EQ(sides(), std::vector<std::string>{result.kept});
  EXPECT_THAT(reporter.all(), Not(HasSubstr("made again"))) << "the seal outlives the clone";
}

TEST_F(RehearsalTest, AboveALimitItStopsWithNineAndGoesOnIfToldTo) {
  Options options = file("alter table members alter column id type bigint;\n");
  options.rehearsal = {.when = Rehearse::Yes, .limits = {.max_rewrite_bytes = 1000}};
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("rehearsal.max_rewrite_bytes"));
  EXPECT_EQ(value("select atttypid::regtype from pg_attribute where attrelid = 'members'::regclass "
                  "and attname = 'id'"),
            "integer");
  options.rehearsal.on_limit = OnLimit::Warn;
  EXPECT_EQ(go(options).exit_code, 0) << reporter.all();
}

TEST_F(RehearsalTest, FailedChecksStopItWithNine) {
  const util::Error error = error_of(rehearsing(psql("delete from events;")));
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("events"));
}

TEST_F(RehearsalTest, F10StatementsBeyondTheCloneDoNotGoThrough) {
  const std::string role = util::cat("refused_", name());
  const util::Error error =
      error_of(rehearsing(psql(util::cat("create table a (i int); create role ", role, ";"))));
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.message(), HasSubstr(role));
  EXPECT_FALSE(role_exists(role));
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(RehearsalTest, F10WhatSlipsThroughIsPutBackAndEndsWithNine) {
  const std::string role = util::cat("slipped_", name());
  // Put together from pieces, so that no word of it stands in a statement.
  sql(util::cat(
      "create function sly() returns void language plpgsql as $f$ begin execute 'cre' || "
      "'ate ro' || 'le ",
      role, "'; execute 'alter data' || 'base ", name(), " set search_path = elsewhere'; end $f$"));
  const util::Error error = error_of(rehearsing(psql("select sly();")));
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("search_path"));
  EXPECT_THAT(sides(), IsEmpty());
  const std::string settings = value(
      "select count(*) from pg_db_role_setting s join pg_database d on d.oid = "
      "s.setdatabase where d.datname = current_database()");
  if (counts_sessions()) {
    EXPECT_THAT(error.message(),
                HasSubstr(util::cat("role ", role, " was added; it was put back")));
    EXPECT_FALSE(role_exists(role));
    EXPECT_EQ(settings, "0");
  } else {  // nobody knows that it was not somebody else's
    EXPECT_THAT(
        error.message(),
        HasSubstr(util::cat("role ", role, " was added; it remains (before PostgreSQL 15")));
    EXPECT_THAT(error.message(), HasSubstr(util::cat("DROP ROLE ", role)));
    EXPECT_TRUE(role_exists(role));
    EXPECT_EQ(settings, "1");
    sql(util::cat("drop role ", role));
  }
}

// A slot keeps the server's log until it is dropped. One that no statement names may be that of a
// standby which was set up meanwhile: no counter counts its connections.
TEST_F(RehearsalTest, F10ASlotIsToldAndDroppedOnlyWhereAStatementNamesIt) {
  const auto slots = [&] {
    return value(
        "select coalesce(string_agg(slot_name, ',' order by 1), '') from "
        "pg_replication_slots");
  };
  sql("create function sly() returns void language sql as $$ select "
      "pg_create_physical_replication_slot(('sly' || '_slot')::name, true) $$");
  Options options =
      rehearsing(psql("select sly(); select pg_create_physical_replication_slot('named_slot');"));
  options.rehearsal.shared = SharedObjects::Allow;
  const util::Error error = error_of(options);
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.text(), HasSubstr("replication slot sly_slot was added; it remains"));
  EXPECT_THAT(error.text(), HasSubstr("pg_drop_replication_slot('sly_slot'); -- until then"));
  EXPECT_EQ(slots(), "sly_slot");
  sql("select pg_drop_replication_slot('sly_slot')");
}

TEST_F(RehearsalTest, F10AnotherTeamsRoleIsToldButNotDropped) {
  const std::string role = util::cat("theirs_", name());
  pg::Connection other = test::test_server().connect();
  Options options = rehearsing(shell("psql -X -q -c 'select 1'; sleep 0.2; echo now; sleep 1"));
  reporter.on_output = [&](std::string_view text) {
    if (text.find("now") != std::string_view::npos) other.execute("create role " + role);
  };
  const util::Error error = error_of(options);
  reporter.on_output = nullptr;
  EXPECT_EQ(error.exit_code(), 9) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("it may be theirs"));
  EXPECT_TRUE(role_exists(role));
  other.execute("drop role " + role);
}

TEST_F(RehearsalTest, F10AllowedSharedObjectsArePutBackSoThatTheRealRunFindsNone) {
  const std::string role = util::cat("allowed_", name());
  Options options =
      psql(util::cat("create role ", role, "; grant select on members to ", role, ";"));
  options.rehearsal = {.when = Rehearse::Yes, .shared = SharedObjects::Allow};
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 0) << result.cause << reporter.all();
  EXPECT_TRUE(role_exists(role));
  sql(util::cat("drop owned by ", role, "; drop role ", role));
}

TEST_F(RehearsalTest, ACommandThatDoesNotTakeTheUrlIsFoundOut) {
  const util::Error error = error_of(rehearsing(shell("true")));
  EXPECT_EQ(error.exit_code(), 1) << error.text();
  EXPECT_THAT(error.message(), HasSubstr("DATABASE_URL"));
}

TEST_F(RehearsalTest, WhatWouldKeepTheCloneGoesFirst) {
  const Result result = go(rehearsing(
      psql("begin; insert into events values (9001, 1, '{}'); prepare transaction 'left over';")));
  EXPECT_EQ(result.exit_code, 0) << reporter.all();
  EXPECT_THAT(sides(), IsEmpty());
}

TEST_F(RehearsalTest, InterruptedItLeavesNothing) {
  const std::string before = fingerprint();
  reporter.on_output = [&](std::string_view text) {
    if (text.find("begun") != std::string_view::npos) stop.request_stop();
  };
  const util::Error error =
      error_of(rehearsing(shell("psql -X -q -c 'create table x (i int)'; echo begun; sleep 60")));
  EXPECT_EQ(error.kind(), util::Kind::Interrupted) << error.text();
  EXPECT_THAT(sides(), IsEmpty());
  EXPECT_EQ(fingerprint(), before);
}

TEST_F(RehearsalTest, K2NeedsAProofThatLeavesACopyAndTheTap) {
  Options options = rehearsing(psql("select 1"));
  options.proof = archive::Level::ReadBack;
  options.undo = Undo::None;
  EXPECT_EQ(error_of(options).exit_code(), 2);
  options = psql("select 1");
  options.rehearsal.when = Rehearse::Yes;
  options.tap = false;
  EXPECT_EQ(error_of(options).exit_code(), 2);
}

TEST_F(RehearsalTest, WithoutRoomFilesGoOnWithoutItAndAnExplicitWishStops) {
  Options options = file("create table later (i int);\n");
  options.rehearsal.when = Rehearse::Auto;
  options.server_free = 30U << 20U;  // for the copy, not for a clone of it
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 0) << reporter.all();
  EXPECT_THAT(reporter.all(), HasSubstr("no rehearsal: it needs"));
  options = rehearsing(psql("select 1"));
  options.server_free = 30U << 20U;
  EXPECT_EQ(error_of(options).kind(), util::Kind::Space);
}

}  // namespace
}  // namespace guard
