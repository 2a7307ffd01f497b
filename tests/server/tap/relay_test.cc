#include <openssl/evp.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <span>
#include <thread>

#include "server/tap/fixture.h"
#include "util/error.h"
#include "util/text.h"

namespace tap::testing_tap {
namespace {

class Through : public TapTest, public ::testing::WithParamInterface<Towards> {
 protected:
  void SetUp() override {
    TapTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) start({}, GetParam());
  }
};
INSTANTIATE_TEST_SUITE_P(Server, Through, ::testing::Values(Towards::Plain, Towards::Tls),
                         towards_name);

class Md5 {
 public:
  Md5() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    EVP_DigestInit_ex(context_.get(), EVP_md5(), nullptr);
  }
  void add(std::span<const std::byte> bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  std::string hex() {
    std::array<unsigned char, 16> digest{};
    EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr);
    return util::hex(std::as_bytes(std::span(digest)));
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

TEST_P(Through, RemembersTheLastFailureOfEachSession) {
  pg::Connection first = connect();
  pg::Connection second = connect();
  EXPECT_EQ(sqlstate_of([&] { first.execute("select 1; select 1/0"); }), "22012");
  EXPECT_EQ(sqlstate_of([&] { first.query("select * from missing where i = $1", {"1"}); }),
            "42P01");
  EXPECT_EQ(sqlstate_of([&] { second.execute("create table t (i int); create table t (i int)"); }),
            "42P07");
  first.execute("select 1");

  const std::vector<FailedStatement> failures = tap().failures();
  ASSERT_EQ(failures.size(), 2U);
  EXPECT_EQ(failures[0].backend_pid, first.backend_pid());
  EXPECT_EQ(failures[0].sqlstate, "42P01");
  EXPECT_EQ(failures[0].severity, "ERROR");
  EXPECT_EQ(failures[0].statement, "select * from missing where i = $1");
  EXPECT_EQ(failures[0].message, "relation \"missing\" does not exist");
  EXPECT_EQ(failures[1].backend_pid, second.backend_pid());
  EXPECT_EQ(failures[1].statement, "create table t (i int); create table t (i int)");
  EXPECT_EQ(tap().last_failure()->sqlstate, "42P07");
}

TEST_P(Through, RemembersTheCauseAndNotWhatAnAbortedTransactionRefuses) {
  pg::Connection client = connect();
  client.execute("begin");
  EXPECT_EQ(sqlstate_of([&] { client.execute("select no_such_column"); }), "42703");
  EXPECT_EQ(sqlstate_of([&] { client.execute("select 1"); }), "25P02");
  EXPECT_EQ(tap().last_failure()->sqlstate, "42703");
}

TEST_P(Through, NamesPreparedStatementsAndPipelinedOnes) {
  const RawClient client = raw();
  RawResult(PQprepare(client.get(), "divide", "select 1 / $1::int", 0, nullptr), &PQclear);
  const char* const zero = "0";
  const RawResult failed(PQexecPrepared(client.get(), "divide", 1, &zero, nullptr, nullptr, 0),
                         &PQclear);
  EXPECT_EQ(PQresultStatus(failed.get()), PGRES_FATAL_ERROR);
  EXPECT_EQ(tap().last_failure()->statement, "select 1 / $1::int");

  const std::vector<RawResult> results =
      pipelined(client, {"select 1", "select 2 / 0", "select 3"});
  ASSERT_EQ(results.size(), 3U);
  EXPECT_EQ(PQresultStatus(results[0].get()), PGRES_TUPLES_OK);
  EXPECT_EQ(PQresultStatus(results[2].get()), PGRES_PIPELINE_ABORTED);
  EXPECT_EQ(tap().last_failure()->statement, "select 2 / 0");
}

// More of a long answer is collected before it is passed on, but not for long: what the server has
// sent before a pause is there before the pause is over, also if the tap had been waiting for it.
TEST_P(Through, HoldsNothingOfALongAnswerBack) {
  const RawClient client = raw();
  ASSERT_EQ(PQsendQuery(client.get(),
                        "select repeat('x', 1000), case when g = 20400 then pg_sleep(3)::text"
                        "  when g > 20000 and g % 8 = 0 then pg_sleep(0.0005)::text end"
                        "  from generate_series(1, 20500) g"),
            1);
  ASSERT_EQ(PQsetSingleRowMode(client.get()), 1);
  util::Stopwatch since_row;
  double longest_wait = 0;
  int row = 0, waited_after = 0;
  while (const RawResult result{PQgetResult(client.get()), &PQclear}) {
    if (PQresultStatus(result.get()) != PGRES_SINGLE_TUPLE) continue;
    if (row > 0 && since_row.elapsed().count() > longest_wait) {
      longest_wait = since_row.elapsed().count();
      waited_after = row;
    }
    since_row = {};
    ++row;
  }
  EXPECT_EQ(row, 20'500);
  EXPECT_GE(waited_after, 20'400 - 10) << "the server sends 8 KiB at a time";
  EXPECT_LT(waited_after, 20'400);
}

TEST_P(Through, PassesACancelRequestOn) {
  pg::Connection connection = connect();
  const util::Stopwatch clock;
  std::jthread canceller([&] {
    pg::Connection watcher = database().connect();
    eventually([&] {
      return watcher
                 .query(
                     "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and state = "
                     "'active'"
                     " and pid <> pg_backend_pid()")
                 .row_count() == 1;
    });
    connection.cancel();
  });
  EXPECT_EQ(sqlstate_of([&] { connection.execute("select pg_sleep(30)"); }), "57014");
  EXPECT_LT(clock.elapsed().count(), 20);
  EXPECT_TRUE(connection.alive());
}

TEST_P(Through, IgnoresACancelRequestWithAWrongKey) {
  pg::Connection connection = connect();
  pg::Connection watcher = database().connect();
  std::jthread stranger([&] {
    eventually([&] {
      return watcher.query("select 1 from pg_stat_activity where wait_event = 'PgSleep'")
                 .row_count() == 1;
    });
    std::string request("\0\0\0\x10\x04\xd2\x16\x2e", 8);
    const auto pid = static_cast<std::uint32_t>(connection.backend_pid());
    for (int shift = 24; shift >= 0; shift -= 8)
      request += static_cast<char>((pid >> shift) & 0xFF);
    request += "key!";
    const util::UniqueFd socket = dial();
    ::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL);
    char nothing = 0;
    EXPECT_EQ(::recv(socket.get(), &nothing, 1, 0), 0) << "the answer is the end of the connection";
  });
  EXPECT_EQ(sqlstate_of([&] { connection.execute("select pg_sleep(1)"); }), "none");
}

TEST_P(Through, CopiesBytesExactlyBothWaysWhateverTheirSize) {
  constexpr std::uint64_t kRows = 1'000'000;  // of about 105 bytes
  pg::Connection connection = connect();
  connection.execute("create unlogged table t (i int, x text)");
  Md5 sent;
  std::uint64_t next = 0;
  std::string rows;
  const std::uint64_t copied =
      connection.copy_in("copy t from stdin", [&]() -> std::span<const std::byte> {
        rows.clear();
        for (; next < kRows && rows.size() < 300'000; ++next) {
          rows += util::cat(next, '\t');
          rows.append(95 + next % 11, static_cast<char>('a' + next % 26));
          rows += '\n';
        }
        sent.add(std::as_bytes(std::span(rows)));
        return std::as_bytes(std::span(rows));
      });
  EXPECT_EQ(copied, kRows);
  const std::string expected = sent.hex();
  for (const bool through : {true, false}) {
    Md5 received;
    pg::Connection reader = through ? connect() : database().connect();
    EXPECT_EQ(reader.copy_out("copy (select * from t order by i) to stdout",
                              [&](std::span<const std::byte> row) { received.add(row); }),
              kRows);
    EXPECT_EQ(received.hex(), expected) << (through ? "through the tap" : "direct");
  }
}

TEST_P(Through, PassesOneLargeValue) {
  pg::Connection connection = connect();
  const std::string large(20'000'000, 'x');
  const pg::Result back = connection.query("select $1::text, md5($1)", {large});
  EXPECT_EQ(back.str(0, 0), large);
}

// Every third under TLS; every tenth is cancelled in its last statement, and only that one.
TEST_P(Through, ServesAHundredClientsAtOnce) {
  constexpr int kClients = 100;
  database().connect().execute("create unlogged table t (client int, x text)");
  std::atomic<int> in = 0, good = 0, cancelled = 0;
  const auto work = [&](pg::Connection& connection, int n) {
    for (int round = 0; round < 10; ++round) {
      const pg::Result row =
          connection.query("select $1::int * 2, pg_backend_pid()", {util::cat(n)});
      if (row.i64(0, 0) != 2 * n || row.i64(0, 1) != connection.backend_pid()) return;
    }
    std::string rows;
    for (int row = 0; row < 1000; ++row) rows += util::cat(n, "\tx", row, "\n");
    bool sent = false;
    connection.copy_in("copy t from stdin", [&]() -> std::span<const std::byte> {
      if (std::exchange(sent, true)) return {};
      return std::as_bytes(std::span(rows));
    });
    if (n % 10 == 0) {
      std::jthread canceller([&] {
        pg::Connection watcher = database().connect();
        eventually([&] {
          return watcher
                     .query(
                         "select 1 from pg_stat_activity where pid = $1 and wait_event = "
                         "'PgSleep'",
                         {util::cat(connection.backend_pid())})
                     .row_count() == 1;
        });
        connection.cancel();
      });
      if (sqlstate_of([&] { connection.execute("select pg_sleep(60)"); }) == "57014") ++cancelled;
    } else if (sqlstate_of([&] { connection.execute("select pg_sleep(0.5)"); }) != "none") {
      return;
    }
    ++good;
  };
  {
    std::vector<std::jthread> clients;
    for (int n = 0; n < kClients; ++n) {
      clients.emplace_back([&, n] {
        try {
          pg::Connection connection = pg::Connection::open(
              n % 3 == 0 ? client().with_option("sslmode", "require") : client(), "client");
          ++in;
          eventually([&] { return in == kClients; });  // all of them are there at once
          work(connection, n);
        } catch (const util::Error& error) {
          ADD_FAILURE() << error.text();
        }
      });
    }
  }
  EXPECT_EQ(good, kClients);
  EXPECT_EQ(cancelled, kClients / 10);
  EXPECT_EQ(tap().sessions().size(), 100U);
  std::uint64_t statements = 0;
  for (const SessionRecord& record : tap().sessions()) statements += record.statements;
  EXPECT_EQ(statements, 1200U);
  EXPECT_EQ(database().connect().query("select count(*), count(distinct client) from t").str(0, 0),
            "100000");
  EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
}

TEST_P(Through, HandsOnNoticesAndNotifications) {
  const RawClient client = raw();
  exec(client, "listen here");
  exec(client, "notify here, 'you'");
  const std::unique_ptr<PGnotify, decltype(&PQfreemem)> note(PQnotifies(client.get()), &PQfreemem);
  ASSERT_TRUE(note);
  EXPECT_STREQ(note->extra, "you");
  EXPECT_EQ(note->be_pid, PQbackendPID(client.get()));
}

TEST_P(Through, TellsTheClientThatTheServerEndedTheSession) {
  const RawClient client = raw();
  database().connect().query("select pg_terminate_backend($1::int)",
                             {util::cat(PQbackendPID(client.get()))});
  const RawResult lost = exec(client, "select 1");
  EXPECT_NE(std::string(PQerrorMessage(client.get())).find("terminating connection"),
            std::string::npos);
  EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
  EXPECT_EQ(tap().last_failure()->sqlstate, "57P01");
}

// A client that dies in the middle of a message must not have it completed by bytes of the tap: two
// are missing here, a Terminate begins with 'X' and zero.
TEST_P(Through, ForwardsNothingOfItsOwnWhenAClientVanishes) {
  pg::Connection watcher = database().connect();
  watcher.execute("create table t (i int)");
  {
    const RawClient client = raw();
    const std::string sql = "insert into t values (1) -- ";
    const auto length = static_cast<std::uint32_t>(4 + sql.size() + 2);
    std::string bytes = "Q";
    for (int shift = 24; shift >= 0; shift -= 8)
      bytes += static_cast<char>((length >> shift) & 0xFF);
    bytes += sql;
    ASSERT_EQ(::send(PQsocket(client.get()), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
    ::shutdown(PQsocket(client.get()), SHUT_WR);
    EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
  }
  EXPECT_TRUE(eventually([&] {
    return watcher
               .query(
                   "select 1 from pg_stat_activity where datname = current_database()"
                   " and pid <> pg_backend_pid() and backend_type = 'client backend'")
               .row_count() == 0;
  }));
  EXPECT_EQ(watcher.query("select count(*) from t").u64(0, 0), 0U);
}

}  // namespace
}  // namespace tap::testing_tap
