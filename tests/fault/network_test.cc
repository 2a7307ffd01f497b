// The network between pgbelay and the server is cut, or slow: afterwards the run has ended in the
// new state or in the old one, or `undo` brings the old one back; the next run works and nothing is
// left. A sample runs with all tests; PGBELAY_FAULTS=all (make test-faults) cuts at every point.
#include <memory>
#include <thread>

#include "fault_test.h"
#include "support/tcp_proxy.h"

namespace {

using test::BinaryResult;
using test::TcpProxy;
using util::cat;

class BadNetwork : public test::FaultTest {
 protected:
  void SetUp() override {
    FaultTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    network_ = std::make_unique<TcpProxy>(static_cast<std::uint16_t>(server().server().port()));
  }
  TcpProxy& network() { return *network_; }

  // Through the network; at the fault point `point` the program waits for `at_point`. To the tap
  // the proxy is a pooler: whether others wrote cannot be known through one.
  BinaryResult run_through(std::vector<std::string> args, const std::string& point,
                           const std::function<void()>& at_point,
                           const std::vector<std::string>& options = {
                               "--hold", "none", "--on-foreign-writes", "undo"}) {
    const std::string url = util::replace_all(
        database().url(), cat(":", server().server().port(), "/"), cat(":", network_->port(), "/"));
    args.insert(args.begin() + 1, options.begin(), options.end());
    return stopped_at(point, std::move(args), {cat("DATABASE_URL=", url)}, at_point);
  }

  // One of the two states, by the run itself or by `undo`. 7: the lock was lost with its
  // connection; 6: the watch over a hold was, before the command began.
  void expect_settled(const BinaryResult& result) {
    undo_if_open(result);
    EXPECT_THAT(result.status, testing::AnyOf(0, 1, 3, 4, 5, 6, 7)) << result.err;
    if (result.status == 0) {
      EXPECT_TRUE(migrated()) << result.err;
    } else {
      EXPECT_EQ(content(), before_) << result.err;
    }
    expect_nothing_open();
    EXPECT_EQ(server().connect().query("select count(*) from pg_db_role_setting").str(0, 0), "0");
    EXPECT_EQ(server()
                  .connect()
                  .query("select count(*) from pg_locks where locktype = 'advisory'")
                  .str(0, 0),
              "0");
  }
  bool migrated() {
    return query(
               "select count(*) from pg_attribute where attrelid = 'orders'::regclass and attname "
               "= 'extra'") == "1";
  }

 private:
  std::unique_ptr<TcpProxy> network_;
};

// Every connection is reset, and the network is there again at once.
class DroppedFailing : public BadNetwork {};
TEST_P(DroppedFailing, EndsInTheOldState) {
  const BinaryResult result = run_through(test::kFailing, GetParam(), [&] { network().drop(); });
  EXPECT_NE(result.status, 0);
  EXPECT_GT(network().dropped(), 0U);
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, DroppedFailing,
                         testing::ValuesIn(test::all_or(
                             test::points({"backup.data", "backup.snapshot", "proof.", "run.migrat",
                                           "run.backed_up", "run.proven", "run.gate", "undo."}),
                             {"backup.data", "proof.loaded", "run.migrated", "undo.closed"})),
                         test::test_name);

class DroppedGood : public BadNetwork {};
TEST_P(DroppedGood, EndsInOneOfTheTwoStates) {
  expect_settled(run_through(test::kGood, GetParam(), [&] { network().drop(); }));
}
INSTANTIATE_TEST_SUITE_P(Points, DroppedGood,
                         testing::ValuesIn(test::all_or({"run.gate", "run.migrating",
                                                         "run.migrated", "run.checked",
                                                         "run.releasing", "run.released"},
                                                        {"run.releasing"})),
                         test::test_name);

// The same where a run has states of its own. The proxy looks like a router, since these ways have
// to know whether others wrote. A parameter is the way and the point.
class DroppedUnder : public BadNetwork {
 protected:
  void SetUp() override {
    BadNetwork::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::ofstream(server().server().data_directory() / "pg_hba.conf", std::ios::app)
        << "host all all 127.0.0.2/32 scram-sha-256\n";
    server().connect().query("select pg_reload_conf()");
    network().keep_ports();
  }
  static std::vector<std::string> way() {
    const std::string name = part(0);
    // The hook changes a file of a table and no row: so there is something to catch up.
    if (name == "hold" || name == "exclusive")
      return {"--hold", name == "hold" ? "read-only" : name, "--before-hold",
              "psql -X -q -d \"$DATABASE_URL\" -c 'update customers set name = name where id = 7'"};
    if (name == "clone") return {"--undo", "clone", "--proof", "read-back"};
    if (name == "replace") return {"--undo", "replace", "--proof", "read-back"};
    if (name == "blue_green") return {"--blue-green", "--hold", "read-only"};
    return {"--rehearse"};
  }
  void drop_during(const std::vector<std::string>& migration) {
    const BinaryResult result = run_through(
        migration, part(1), [this] { network().drop(); }, way());
    EXPECT_GT(network().dropped(), 0U);
    expect_settled(result);
  }
};
class GoodDroppedUnder : public DroppedUnder {};
TEST_P(GoodDroppedUnder, EndsInOneOfTheTwoStates) { drop_during(test::kGood); }
INSTANTIATE_TEST_SUITE_P(
    Ways, GoodDroppedUnder,
    testing::ValuesIn(test::all_or({"hold@hold.marked",
                                    "hold@hold.begun",
                                    "hold@hold.copy_open",
                                    "hold@hold.caught_up",
                                    "hold@run.migrating",
                                    "hold@run.checked",
                                    "hold@run.releasing",
                                    "hold@run.released",
                                    "blue_green@green.open",
                                    "blue_green@run.migrating",
                                    "blue_green@run.checked",
                                    "blue_green@forward.judged",
                                    "blue_green@forward.closed",
                                    "blue_green@forward.before_rename",
                                    "blue_green@forward.swapped",
                                    "blue_green@forward.kept",
                                    "blue_green@run.releasing",
                                    "exclusive@exclusive.closed",
                                    "exclusive@exclusive.renamed",
                                    "exclusive@hold.caught_up",
                                    "exclusive@run.migrating",
                                    "exclusive@run.checked",
                                    "exclusive@run.releasing",
                                    "exclusive@exclusive.returning",
                                    "exclusive@exclusive.returned",
                                    "clone@clone.made",
                                    "clone@run.migrating",
                                    "clone@run.releasing",
                                    "replace@run.migrating",
                                    "replace@run.releasing",
                                    "rehearsal@rehearsal.cloned",
                                    "rehearsal@rehearsal.migrated",
                                    "rehearsal@rehearsal.dropped"},
                                   {"hold@run.migrating", "blue_green@forward.swapped",
                                    "exclusive@exclusive.returning", "clone@clone.made",
                                    "rehearsal@rehearsal.migrated"})),
    test::test_name);

class FailingDroppedUnder : public DroppedUnder {};
TEST_P(FailingDroppedUnder, EndsInTheOldState) { drop_during(test::kFailing); }
INSTANTIATE_TEST_SUITE_P(
    Ways, FailingDroppedUnder,
    testing::ValuesIn(test::all_or({"hold@run.migrated",       "hold@undo.begin",
                                    "hold@undo.closed",        "hold@undo.before_rename",
                                    "hold@undo.swapped",       "hold@undo.before_end",
                                    "blue_green@run.migrated", "exclusive@run.migrated",
                                    "exclusive@undo.begin",    "exclusive@exclusive.returning",
                                    "exclusive@undo.closed",   "exclusive@undo.before_rename",
                                    "exclusive@undo.swapped",  "clone@run.migrated",
                                    "clone@undo.closed",       "clone@undo.before_rename",
                                    "replace@run.migrated",    "replace@undo.begin",
                                    "replace@undo.closed",     "replace@undo.swapped",
                                    "replace@undo.before_end"},
                                   {"exclusive@undo.closed", "replace@undo.closed"})),
    test::test_name);

// The network stays away until the program has given up.
class CutOff : public BadNetwork {};
TEST_P(CutOff, EndsInOneOfTheTwoStates) {
  const BinaryResult result = run_through(test::kFailing, GetParam(), [&] { network().cut(); });
  network().mend();
  EXPECT_NE(result.status, 0);
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, CutOff,
                         testing::ValuesIn(test::all_or({"backup.data", "proof.loaded",
                                                         "run.migrating", "run.migrated",
                                                         "undo.before_rename", "undo.swapped"},
                                                        {"proof.loaded"})),
                         test::test_name);

// Somewhere in the stream, wherever that happens to be.
class DroppedAfter : public BadNetwork {};
TEST_P(DroppedAfter, EndsInOneOfTheTwoStates) {
  network().drop_after(util::parse_u64(GetParam()).value());
  expect_settled(run_through(test::kGood, "", [] {}));
}
INSTANTIATE_TEST_SUITE_P(Bytes, DroppedAfter,
                         testing::ValuesIn(test::all_or({"500", "5000", "20000", "60000", "120000",
                                                         "200000", "300000", "400000", "500000",
                                                         "600000", "800000", "1000000"},
                                                        {"120000"})),
                         test::test_name);

// The answer to the COMMIT of our own runner is lost: the server is asked whether it was committed,
// on a new connection, and what it says is what counts. The next file runs on a new one, too.
class LostCommit : public BadNetwork {};
const std::string kCommit("COMMIT\0", 7);  // not READ COMMITTED
TEST_P(LostCommit, IsAskedOfTheServer) {
  write("migrations/20261120_extra.sql", "alter table orders add column extra int;\n");
  write("migrations/20261121_more.sql", "alter table orders add column more int;\n");
  const bool behind = GetParam() == "behind";
  const BinaryResult result =
      run_through({"migrate", "migrations", "--yes", "--no-rehearse"}, "run.migrating", [&] {
        network().drop_at(kCommit, behind ? TcpProxy::Side::Behind : TcpProxy::Side::Before);
      });
  EXPECT_EQ(network().dropped(), 1U);
  EXPECT_EQ(result.status, behind ? 0 : 3) << result.err;
  EXPECT_EQ(migrated(), behind) << result.err;
  EXPECT_EQ(query("select count(*) from pg_attribute where attrelid = 'orders'::regclass"
                  "   and attname = 'more'"),
            behind ? "1" : "0")
      << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Of, LostCommit, testing::Values("behind", "before"), test::test_name);

// The same of an undo in place, which is one transaction.
class LostCommitOfReplace : public BadNetwork {};
TEST_P(LostCommitOfReplace, IsAskedOfTheServer) {
  const auto side = GetParam() == "behind" ? TcpProxy::Side::Behind : TcpProxy::Side::Before;
  const BinaryResult result =
      run_through(test::kFailing, "undo.before_rename", [&] { network().drop_at(kCommit, side); },
                  {"--hold", "none", "--on-foreign-writes", "undo", "--undo", "replace", "--proof",
                   "read-back"});
  EXPECT_EQ(network().dropped(), 1U);
  // Where it was not committed it is begun anew, by `undo`.
  EXPECT_EQ(result.status, GetParam() == "behind" ? 3 : 4) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Of, LostCommitOfReplace, testing::Values("behind", "before"),
                         test::test_name);

// The server is stopped, and started again.
class ServerRestarts : public BadNetwork {};
TEST_P(ServerRestarts, EndsInTheOldState) {
  const BinaryResult result = run_through(test::kFailing, GetParam(), [&] {
    server().server().stop(pg::PrivateServer::Stop::Fast);
    server().server().start();
  });
  EXPECT_NE(result.status, 0);
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, ServerRestarts,
                         testing::ValuesIn(test::all_or(test::points({"backup.data", "proof.loaded",
                                                                      "proof.sealed", "run.gate",
                                                                      "run.migrat", "undo."}),
                                                        {"run.migrated"})),
                         test::test_name);

// A slow network, and one that stands still for a while, is none that is cut.
class Slow : public BadNetwork {};
TEST_P(Slow, IsWaitedFor) {
  std::jthread later;
  network().delay(std::chrono::milliseconds(2));
  const BinaryResult result = run_through(test::kGood, GetParam(), [&] {
    network().hold();
    later = std::jthread([this] {
      std::this_thread::sleep_for(std::chrono::seconds(3));
      network().go_on();
    });
  });
  EXPECT_EQ(result.status, 0) << result.err;
  expect_settled(result);
}
INSTANTIATE_TEST_SUITE_P(Points, Slow, testing::Values("run.migrating"), test::test_name);

}  // namespace
