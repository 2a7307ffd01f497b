#include "pg/connection.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <thread>

#include "support/server.h"
#include "util/error.h"
#include "util/text.h"

namespace pg {
namespace {

using testing::HasSubstr;
using testing::Not;
using util::Kind;

class ConnectionTest : public test::ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    static test::TestServer& server = test::test_server();
    connection_.emplace(server.connect());
  }
  Connection& connection() { return *connection_; }

  std::optional<Connection> connection_;
};

template <typename Action>
util::Error error_of(Action action) {
  try {
    action();
  } catch (const util::Error& failure) {
    return failure;
  }
  ADD_FAILURE() << "no error";
  return {Kind::Bug, "no error"};
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {static_cast<const char*>(static_cast<const void*>(bytes.data())), bytes.size()};
}

CopySource pieces(std::vector<std::string> texts) {
  return [texts = std::move(texts), n = std::size_t{0}]() mutable -> std::span<const std::byte> {
    return n == texts.size() ? std::span<const std::byte>() : std::as_bytes(std::span(texts[n++]));
  };
}

TEST_F(ConnectionTest, BindsParametersAndTellsNullFromEmpty) {
  const Result result = connection().query("select $1::text, $2::text, $3::int8, true, $4::int8",
                                           {"it's", std::nullopt, "-5", "7"});
  EXPECT_EQ(result.text(0, 0), "it's");
  EXPECT_EQ(result.text(0, 1), std::nullopt);
  EXPECT_EQ(result.i64(0, 2), -5);
  EXPECT_TRUE(result.boolean(0, 3));
  EXPECT_EQ(result.u64(0, 4), 7U);
  EXPECT_EQ(error_of([&] { result.str(0, 1); }).kind(), Kind::Bug);
  EXPECT_EQ(error_of([&] { result.u64(0, 2); }).kind(), Kind::Bug);
}

TEST_F(ConnectionTest, ErrorsCarryStateDetailAndHint) {
  connection().execute("create temp table u (i int primary key); insert into u values (1)");
  const util::Error twice = error_of([&] { connection().query("insert into u values (1)"); });
  EXPECT_EQ(twice.kind(), Kind::Query);
  EXPECT_EQ(twice.sqlstate(), "23505");
  EXPECT_THAT(twice.message(), HasSubstr("Key (i)=(1)"));
  connection().execute("create role nobody_much; set role nobody_much");
  EXPECT_EQ(error_of([&] { connection().query("select * from pg_catalog.pg_authid"); }).kind(),
            Kind::Privilege);
  connection().execute("reset role; drop role nobody_much");
}

TEST_F(ConnectionTest, ExecuteIsOneTransactionAndThrowsTheFirstError) {
  connection().execute("create temp table e (i int)");
  EXPECT_EQ(error_of([&] {
              connection().execute("insert into e values (1); select 1/0; nonsense");
            }).sqlstate(),
            "42601");
  EXPECT_EQ(error_of([&] {
              connection().execute("insert into e values (1); select 1/0; select 2");
            }).sqlstate(),
            "22012");
  EXPECT_EQ(connection().query("select count(*) from e").i64(0, 0), 0);
  EXPECT_EQ(error_of([&] { connection().execute("copy e from stdin"); }).kind(), Kind::Bug);
  EXPECT_EQ(error_of([&] {
              connection().execute("copy (select generate_series(1, 100000)) to stdout");
            }).kind(),
            Kind::Bug);
  EXPECT_TRUE(connection().alive());
}

TEST_F(ConnectionTest, KeepsNotices) {
  connection().execute(
      "do $$ begin raise notice 'a'; raise warning 'b' using errcode = 'XX001'; end $$");
  const std::vector<Notice> notices = connection().take_notices();
  ASSERT_EQ(notices.size(), 2U);
  EXPECT_EQ(notices[0].severity, "NOTICE");
  EXPECT_EQ(notices[1].message, "b");
  EXPECT_EQ(notices[1].sqlstate, "XX001");
  EXPECT_TRUE(connection().take_notices().empty());
  connection().execute("do $$ begin for n in 1 .. 1500 loop raise notice '%', n; end loop; end $$");
  const std::vector<Notice> many = connection().take_notices();
  EXPECT_EQ(many.size(), 1000U);
  EXPECT_EQ(many.back().message, "1500");
}

TEST_F(ConnectionTest, CopiesOutRowByRow) {
  std::string all;
  std::uint64_t calls = 0;
  const std::uint64_t rows =
      connection().copy_out("copy (select n, 'x' from generate_series(1, 3) n) to stdout",
                            [&](std::span<const std::byte> row) {
                              all += text_of(row);
                              ++calls;
                            });
  EXPECT_EQ(rows, 3U);
  EXPECT_EQ(calls, 3U);
  EXPECT_EQ(all, "1\tx\n2\tx\n3\tx\n");
}

TEST_F(ConnectionTest, CopyOutReportsTheServersFailureInTheMiddle) {
  EXPECT_EQ(error_of([&] {
              connection().copy_out(
                  "copy (select 1/(5000 - n) from generate_series(1, 9000) n) to stdout",
                  [](auto) {});
            }).sqlstate(),
            "22012");
  EXPECT_EQ(
      error_of([&] { connection().copy_out("copy nowhere to stdout", [](auto) {}); }).sqlstate(),
      "42P01");
  EXPECT_EQ(error_of([&] { connection().copy_out("select 1", [](auto) {}); }).kind(), Kind::Bug);
  EXPECT_TRUE(connection().alive());
}

TEST_F(ConnectionTest, AnExceptionOfTheSinkEndsTheCopy) {
  EXPECT_THROW(connection().copy_out("copy (select generate_series(1, 1000000000)) to stdout",
                                     [](auto) { throw std::runtime_error("full"); }),
               std::runtime_error);
  EXPECT_EQ(connection().query("select 1").i64(0, 0), 1);
}

// So that several sessions can take turns (K15).
// A row that comes all at once is not seen growing; of a few such, some are.
TEST_F(ConnectionTest, CopyOutTellsOfARowThatGrows) {
  constexpr int kTimes = 20;
  std::vector<std::uint64_t> sizes;
  std::uint64_t most = 0;
  for (int n = 0; n < kTimes && !may_be_huge(most, false); ++n) {
    sizes.clear();
    connection().copy_out(
        "copy (select repeat('x', n) from unnest(array[1, 30000000, 1000]) n) to stdout",
        [&](std::span<const std::byte> row) { sizes.push_back(row.size()); },
        [&](std::uint64_t bytes) {
          EXPECT_EQ(sizes.size(), 1U) << "the others are not large";
          most = std::max(most, bytes);
        });
    EXPECT_THAT(sizes, testing::ElementsAre(2, 30000001, 1001));
  }
  EXPECT_TRUE(may_be_huge(most, false)) << most;
  EXPECT_LE(most, 30000000U);
  bool thrown = false;
  for (int n = 0; n < kTimes && !thrown; ++n) {
    try {
      connection().copy_out(
          "copy (select repeat('x', 30000000)) to stdout", [](auto) {},
          [](auto) { throw std::runtime_error("no more"); });
    } catch (const std::runtime_error&) {
      thrown = true;
    }
  }
  EXPECT_TRUE(thrown);
  EXPECT_TRUE(connection().alive());
}

TEST_F(ConnectionTest, CopiesInWhatTheSourceGives) {
  connection().execute("create temp table c (i int, t text)");
  const std::string large(3U << 20U, 'x');  // more than one piece
  EXPECT_EQ(connection().copy_in("copy c from stdin",
                                 pieces({"1\t", "a\n2\t" + large + "\n", "3\t\\N\n"})),
            3U);
  EXPECT_EQ(connection().query("select sum(length(t)) from c").u64(0, 0), large.size() + 1);
  EXPECT_EQ(connection().copy_in("copy c from stdin", pieces({})), 0U);
}

TEST_F(ConnectionTest, CopyInReportsTheServersReason) {
  connection().execute("create temp table ci (i int)");
  std::uint64_t asked = 0;
  const std::string junk = "junk\n";
  const util::Error refused = error_of([&] {
    connection().copy_in("copy ci from stdin", [&]() -> std::span<const std::byte> {
      return ++asked > 200'000 ? std::span<const std::byte>() : std::as_bytes(std::span(junk));
    });
  });
  EXPECT_EQ(refused.sqlstate(), "22P02");
  EXPECT_TRUE(connection().alive());
}

TEST_F(ConnectionTest, AnExceptionOfTheSourceFailsTheCopyOnTheServer) {
  connection().execute("create temp table cs (i int)");
  int calls = 0;
  const std::string row = "1\n";
  EXPECT_THROW(connection().copy_in("copy cs from stdin",
                                    [&]() -> std::span<const std::byte> {
                                      if (++calls == 3) throw std::runtime_error("gone");
                                      return std::as_bytes(std::span(row));
                                    }),
               std::runtime_error);
  EXPECT_EQ(connection().query("select count(*) from cs").i64(0, 0), 0);
}

TEST_F(ConnectionTest, LargeObjectsComeBackByteForByte) {
  constexpr std::size_t kKiB = 1024;
  std::vector<std::uint32_t> oids;
  std::vector<std::string> contents;
  std::vector<LargeObjectPiece> written;
  Transaction transaction(connection());
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, 64 * kKiB, 64 * kKiB + 1, 1088 * kKiB, 2'700'001UL}) {
    std::string& content = contents.emplace_back(size, '\0');
    for (std::size_t n = 0; n < size; ++n) content[n] = static_cast<char>(n * 31 % 256);
  }
  for (int n = 0; n < 100; ++n) contents.push_back(util::cat("small ", n));
  for (const std::string& content : contents) {
    oids.push_back(
        static_cast<std::uint32_t>(connection().query("select pg_catalog.lo_create(0)").u64(0, 0)));
    const auto bytes = std::as_bytes(std::span(content));
    const std::size_t half = bytes.size() / 2;
    written.push_back({.oid = oids.back(), .offset = half, .bytes = bytes.subspan(half)});
    written.push_back({.oid = oids.back(), .offset = 0, .bytes = bytes.first(half)});
  }
  connection().large_objects_write(written);
  connection().large_objects_write({});
  std::vector<std::string> back(1);
  std::vector<std::uint32_t> order;
  connection().large_objects_read(oids, [&](const LargeObjectPiece& piece) {
    EXPECT_EQ(piece.offset, back.back().size());
    EXPECT_LE(piece.bytes.size(), 1024 * kKiB);
    back.back() += text_of(piece.bytes);
    if (!piece.ends) return;
    order.push_back(piece.oid);
    back.emplace_back();
  });
  back.pop_back();
  EXPECT_EQ(order, oids);
  EXPECT_TRUE(back == contents);
  const std::vector<std::uint32_t> missing{oids[0], 4'000'000'000U};
  EXPECT_EQ(
      error_of([&] { connection().large_objects_read(missing, [](const auto&) {}); }).sqlstate(),
      "42704");
}

// A lock and the savepoint that keeps the transaction usable if it is not to be had go with their
// COPY: at a distance each of them would else cost a round trip.
TEST_F(ConnectionTest, StatementsAroundACopyOutGoWithIt) {
  Transaction transaction(connection());
  connection().execute("create temp table ar as select generate_series(1, 3) i");
  std::string rows;
  const auto take = [&](std::span<const std::byte> row) { rows += text_of(row); };
  EXPECT_EQ(connection().copy_out("savepoint s; lock table ar in share mode; copy ar to stdout; "
                                  "release savepoint s",
                                  take),
            3U);
  EXPECT_EQ(rows, "1\n2\n3\n");
  EXPECT_EQ(error_of([&] {
              connection().copy_out("savepoint s; copy nowhere to stdout", take);
            }).sqlstate(),
            "42P01");
  connection().execute("rollback to savepoint s; release savepoint s");
  EXPECT_EQ(error_of([&] {
              connection().copy_out("copy ar to stdout; release savepoint s", take);
            }).sqlstate(),
            "3B001");
}

TEST_F(ConnectionTest, AStopCancelsWhatRuns) {
  std::stop_source stop;
  const CancelOnStop cancel(connection(), stop.get_token());
  const std::jthread stopper([&] {
    while (test::test_server()
               .connect()
               .query("select count(*) from pg_stat_activity where query like 'select pg_sleep(6%' "
                      "and state = 'active'")
               .i64(0, 0) == 0) {
    }
    stop.request_stop();
  });
  EXPECT_EQ(error_of([&] { connection().query("select pg_sleep(60)"); }).sqlstate(), "57014");
  EXPECT_TRUE(connection().alive());
}

TEST_F(ConnectionTest, ALostConnectionIsKindConnect) {
  test::test_server().connect().query("select pg_terminate_backend($1)",
                                      {util::cat(connection().backend_pid())});
  const util::Error lost = error_of([&] {
    for (;;) connection().query("select pg_sleep(0.01)");
  });
  EXPECT_EQ(lost.kind(), Kind::Connect);
  EXPECT_EQ(lost.sqlstate(), "57P01");
  EXPECT_THAT(lost.message(), HasSubstr("postgres@127.0.0.1"));
  EXPECT_FALSE(connection().alive());
}

TEST_F(ConnectionTest, TransactionsRollBackUnlessCommitted) {
  connection().execute("create temp table t (i int)");
  {
    Transaction transaction(connection());
    connection().execute("insert into t values (1)");
    EXPECT_TRUE(connection().in_transaction());
  }
  EXPECT_FALSE(connection().in_transaction());
  EXPECT_EQ(connection().query("select count(*) from t").i64(0, 0), 0);
  Transaction transaction(connection());
  connection().execute("insert into t values (1)");
  transaction.commit();
  EXPECT_EQ(connection().query("select count(*) from t").i64(0, 0), 1);
}

TEST_F(ConnectionTest, AFailedTransactionCannotBeCommittedInSilence) {
  Transaction transaction(connection());
  EXPECT_THROW(connection().query("select 1/0"), util::Error);
  EXPECT_EQ(error_of([&] { transaction.commit(); }).kind(), Kind::Query);
}

TEST_F(ConnectionTest, ReadOnlyTransactionsAreRepeatable) {
  Transaction transaction(connection(), Transaction::Mode::RepeatableReadOnly);
  EXPECT_EQ(connection().query("show transaction_isolation").str(0, 0), "repeatable read");
  EXPECT_EQ(connection().query("show transaction_read_only").str(0, 0), "on");
}

TEST_F(ConnectionTest, AConnectionLostDuringCommitIsInDoubt) {
  const test::TestDatabase database = test::make_database("doubt");
  Connection committing = database.connect();
  committing.execute(
      "create table d (i int);"
      "create function slow() returns trigger language plpgsql as "
      "$$ begin perform pg_terminate_backend(pg_backend_pid()); return null; end $$;"
      "create constraint trigger at_commit after insert on d deferrable initially deferred "
      "for each row execute function slow()");
  Transaction transaction(committing);
  committing.execute("insert into d values (1)");
  const util::Error doubt = error_of([&] { transaction.commit(); });
  EXPECT_EQ(doubt.kind(), Kind::InDoubt);
  EXPECT_FALSE(doubt.hint().empty());
}

TEST_F(ConnectionTest, ALostConnectionBeforeCommitIsNotInDoubt) {
  const test::TestDatabase database = test::make_database("lost");
  Connection committing = database.connect();
  Transaction transaction(committing);
  test::test_server().connect().query("select pg_terminate_backend($1)",
                                      {util::cat(committing.backend_pid())});
  while (committing.alive()) {
  }
  EXPECT_EQ(error_of([&] { transaction.commit(); }).kind(), Kind::Connect);
}

TEST_F(ConnectionTest, KnowsItself) {
  EXPECT_EQ(connection().backend_pid(), connection().query("select pg_backend_pid()").i64(0, 0));
  EXPECT_EQ(connection().query("show server_version_num").i64(0, 0), connection().server_version());
  EXPECT_EQ(connection().database(), "postgres");
  EXPECT_EQ(connection().user(), "postgres");
  EXPECT_EQ(connection().parameter("application_name"), "pgbelay-test");
  EXPECT_EQ(connection().parameter("nonsense"), "");
}

// -------------------------------------------------------------------------------------------
// connecting

struct Refused {
  ConnInfo info;
  std::string sqlstate;
  std::string_view hint;
};

TEST_F(ConnectionTest, RefusalsNameTheServerTheCauseAndTheRemedy) {
  const ConnInfo good = test::scram_server().conninfo();
  const std::string at = util::cat("@127.0.0.1:", good.port(), '/');
  const std::vector<Refused> cases{
      {ConnInfo::parse(util::cat("postgres://postgres:geheim", at, "postgres")), "28P01",
       "password"},
      {ConnInfo::parse(util::cat("postgres://nobody_here:geheim", at, "postgres")), "28P01",
       "nobody_here"},
      {good.with_database("no_such_db"), "3D000", "psql -l"},
      {ConnInfo::parse("postgres://postgres:geheim@127.0.0.1:1/postgres"), "", "server runs"},
      {ConnInfo::parse("postgres://postgres:geheim@no-such-host.invalid/postgres"), "", "host"},
      {good.with_option("sslmode", "require"), "", "TLS"},
  };
  for (const Refused& refused : cases) {
    const util::Error error = error_of([&] { Connection::open(refused.info, "t"); });
    EXPECT_EQ(error.kind(), Kind::Connect);
    EXPECT_EQ(error.sqlstate(), refused.sqlstate) << error.text();
    EXPECT_THAT(error.message(), HasSubstr(refused.info.display()));
    EXPECT_THAT(error.hint(), HasSubstr(std::string(refused.hint))) << error.text();
    EXPECT_THAT(error.text(), Not(HasSubstr("geheim")));
    EXPECT_THAT(error.message(), Not(HasSubstr("\n")));
    EXPECT_THAT(error.message(), Not(HasSubstr("LOCATION")));
  }
}

// A listener that never answers: the accept queue takes the connection, nobody reads it.
class DeafServer {
 public:
  DeafServer() {
    server_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const generic =
        reinterpret_cast<sockaddr*>(&address);  // NOLINT: the sockets API is made so
    EXPECT_EQ(::bind(server_, generic, length), 0);
    EXPECT_EQ(::listen(server_, 1), 0);
    EXPECT_EQ(::getsockname(server_, generic, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  ~DeafServer() { ::close(server_); }
  DeafServer(const DeafServer&) = delete;
  DeafServer& operator=(const DeafServer&) = delete;

  ConnInfo conninfo() const {
    return ConnInfo::parse(util::cat("postgres://u:p@127.0.0.1:", port_, "/d"));
  }

 private:
  int server_ = -1;
  int port_ = 0;
};

TEST(Connect, EndsWhenTheServerDoesNotAnswer) {
  const DeafServer deaf;
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(error_of([&] {
              Connection::open(deaf.conninfo().with_option("connect_timeout", "1"), "t");
            }).kind(),
            Kind::Connect);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(3));
}

TEST(Connect, EndsWhenAStopIsRequested) {
  const DeafServer deaf;
  std::stop_source stop;
  const std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_EQ(error_of([&] { Connection::open(deaf.conninfo(), "t", stop.get_token()); }).kind(),
            Kind::Interrupted);
}

}  // namespace
}  // namespace pg
