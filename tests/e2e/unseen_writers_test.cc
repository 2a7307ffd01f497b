// Others who write in ways that a count of sessions does not show (F2 to F5): a run stops before
// its migration or asks before its undo, and never says that nobody had written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "support/guarded.h"
#include "support/tcp_proxy.h"
#include "util/text.h"

namespace {

using test::BinaryResult;
using util::cat;

constexpr const char* kAsk = "ask";

class UnseenWriters : public test::GuardedTest {
 protected:
  explicit UnseenWriters(test::TestServer& (*of)() = test::scram_server)
      : GuardedTest(test::Binary::Release, of) {}
  void SetUp() override {
    GuardedTest::SetUp();
    if (IsSkipped()) return;
    if (server().connect().server_major() < 15)
      GTEST_SKIP() << "before 15 it is asked in any case (docs/versions.md)";
    fill();
    before_ = content();
  }
  BinaryResult migrate(const std::vector<std::string>& options, const std::string& script,
                       const std::vector<std::string>& env = {}) {
    std::vector<std::string> args{"migrate", "--yes", "--on-foreign-writes", kAsk};
    args.insert(args.end(), options.begin(), options.end());
    args.insert(args.end(), {"--", "/bin/sh", "-c", script});
    return run(std::move(args), env);
  }
  // Not through the tap: somebody else.
  std::string psql_of_another(std::string_view sql, std::string_view user = "postgres") {
    return cat("psql '", util::replace_all(database().url(), "://postgres:", cat("://", user, ":")),
               "' -X -q -c \"", sql, "\"");
  }
  std::string before_;
};

constexpr const char* kDropNote =
    "psql -X -q -v ON_ERROR_STOP=1 -c 'alter table orders drop column note'";

// Through one the sessions that the server counts are not those that we opened.
TEST_F(UnseenWriters, F5_BehindASessionPoolerARunStopsBeforeItsMigration) {
  test::TcpProxy pooler(static_cast<std::uint16_t>(server().server().port()));
  const std::string url = util::replace_all(
      database().url(), cat(":", server().server().port(), "/"), cat(":", pooler.port(), "/"));
  const BinaryResult result = migrate({"--hold", "auto"}, kDropNote, {cat("DATABASE_URL=", url)});
  expect_refusal(result, 6, {"a pooler stands between us and the server", "--hold none"});
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}

// Logins that the server refuses are not counted, by nobody: they are no reason to ask.
TEST_F(UnseenWriters, F5_RefusedLoginsAreNobody) {
  const std::string refused = psql_of_another("select 1", "nobody_knows_me");
  const BinaryResult result = migrate({}, cat(kDropNote, "; ", refused, "; ", refused,
                                              "; psql -X -q -U nobody_knows_me -c "
                                              "'select 1'; exit 1"));
  EXPECT_EQ(result.status, 3) << result.err;
  EXPECT_EQ(content(), before_);
  expect_nothing_left_behind();
}

// And they do not hide somebody who came in, wrote, and went.
TEST_F(UnseenWriters, F5_RefusedLoginsDoNotHideAStranger) {
  const std::string refused =
      "psql -X -q -U nobody_knows_me -c 'select 1'; PGPASSWORD=wrong psql -X -q -c 'select 1'";
  const BinaryResult result =
      migrate({}, cat(kDropNote, "; ", refused, "; ",
                      psql_of_another("insert into customers (name) values ('stranger')"), "; ",
                      refused, "; exit 1"));
  expect_refusal(result, 4, {"pgbelay undo", "pgbelay close"});
  EXPECT_EQ(query("select count(*) from customers where name = 'stranger'"), "1");
  const BinaryResult undone = run({"undo", "--yes", "--on-foreign-writes", "undo"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(run({"rescue", "sh"}).status, 0);
  expect_nothing_left_behind();
}

test::TestServer& logical_server() {
  static test::TestServer server(
      {.password = test::scram_password(), .settings = {"wal_level = logical"}});
  return server;
}

// A subscription's worker writes what was written elsewhere, and is no session that is counted.
class Subscribed : public UnseenWriters {
 protected:
  Subscribed() : UnseenWriters(logical_server) {}
  void SetUp() override {
    UnseenWriters::SetUp();
    if (IsSkipped()) return;
    publisher_ = std::make_unique<test::TestDatabase>(server(), "publisher");
    publisher_->connect().execute(
        "create table ticks (n int primary key); create publication ticks for table ticks");
    publisher_->connect().query(
        cat("select pg_create_logical_replication_slot('", slot(), "', 'pgoutput')"));
    pg::Connection subscriber = database().connect();
    subscriber.execute("create table ticks (n int primary key)");
    subscriber.execute(cat("create subscription ticks connection '",
                           util::replace_all(publisher_->url(), "'", "''"),
                           "' publication ticks with (create_slot = false, copy_data = false, "
                           "slot_name = '",
                           slot(), "')"));
    tick(1);
  }
  void TearDown() override {
    if (publisher_) {
      pg::Connection subscriber = database().connect();
      subscriber.execute("alter subscription ticks disable");
      subscriber.execute("alter subscription ticks set (slot_name = none)");
      subscriber.execute("drop subscription ticks");
      server().connect().execute(
          cat("select pg_terminate_backend(active_pid) from "
              "pg_replication_slots where slot_name = '",
              slot(), "'"));
      drop_slot();
      publisher_.reset();
    }
    UnseenWriters::TearDown();
  }
  std::string slot() { return cat("s_", database().name()); }
  // Somebody writes there, and waits until it has come here.
  void tick(int n) {
    publisher_->connect().execute(cat("insert into ticks values (", n, ")"));
    for (int look = 0; look < 600; ++look) {
      if (query(cat("select count(*) from ticks where n = ", n)) == "1") return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    ADD_FAILURE() << "the subscription does not work";
  }
  void drop_slot() {
    for (int attempt = 0;; ++attempt) {
      try {
        server().connect().query(cat("select pg_drop_replication_slot('", slot(), "')"));
        return;
      } catch (const util::Error&) {  // its walsender is ending
        if (attempt == 100) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    }
  }
  std::unique_ptr<test::TestDatabase> publisher_;
};

TEST_F(Subscribed, F8_ARunThatMayHaveToSwapStopsBeforeItsBackup) {
  const BinaryResult result = migrate({}, kDropNote);
  expect_refusal(result, 1, {"subscriptions, which no copy can take over", "ticks"});
  EXPECT_TRUE(published().empty());
  tick(2);
  expect_nothing_left_behind();
}

TEST_F(Subscribed, F5_ItsWorkerIsSomebodyWhoMayWrite) {
  const BinaryResult result =
      migrate({"--undo", "none", "--proof", "read-back", "--hold", "auto"}, kDropNote);
  expect_refusal(result, 6, {"the database has a subscription, whose worker may write"});
  tick(2);
  expect_nothing_left_behind();
}

}  // namespace
