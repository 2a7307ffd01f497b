// Clients that insist on TLS: they get it, with a certificate that the tap made for itself.
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <array>
#include <fstream>

#include "server/tap/fixture.h"
#include "support/tcp_proxy.h"
#include "util/error.h"
#include "util/text.h"

namespace tap::testing_tap {
namespace {

using Keywords = std::vector<std::pair<std::string, std::string>>;

class ClientTls : public TapTest, public ::testing::WithParamInterface<Towards> {
 protected:
  void SetUp() override {
    TapTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) start({}, GetParam());
  }
  // The tap's own certificate as the root that the client trusts.
  std::string root() {
    const std::filesystem::path file = folder_.path() / "tap.crt";
    std::ofstream(file) << tap().certificate();
    return file.string();
  }
  pg::Connection secured() {
    return pg::Connection::open(client().with_option("sslmode", "require"), "client");
  }

  // A connection of its own: asks for TLS, says `packet`, and waits for the end.
  void send_under_tls(const std::string& packet) {
    const util::UniqueFd socket = dial();
    constexpr std::array<char, 8> kAsk{0, 0, 0, 8, 4, '\xd2', 22, 47};
    ::send(socket.get(), kAsk.data(), kAsk.size(), MSG_NOSIGNAL);
    char answer = 0;
    ASSERT_EQ(::recv(socket.get(), &answer, 1, 0), 1);
    ASSERT_EQ(answer, 'S');
    const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(
        SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
    const std::unique_ptr<SSL, decltype(&SSL_free)> tls(SSL_new(context.get()), &SSL_free);
    SSL_set_fd(tls.get(), socket.get());
    ASSERT_EQ(SSL_connect(tls.get()), 1);
    ASSERT_EQ(SSL_write(tls.get(), packet.data(), static_cast<int>(packet.size())),
              static_cast<int>(packet.size()));
    EXPECT_LE(SSL_read(tls.get(), &answer, 1), 0) << "the answer is the end of the connection";
  }

 private:
  util::TempDir folder_{"pgbelay-tap-tls-"};
};
INSTANTIATE_TEST_SUITE_P(Server, ClientTls, ::testing::Values(Towards::Plain, Towards::Tls),
                         towards_name);

TEST_P(ClientTls, IsGivenToWhoeverAsks) {
  for (const Keywords& wish : {Keywords{{"sslmode", "require"}, {"channel_binding", "disable"}},
                               Keywords{{"sslmode", "require"}, {"channel_binding", "require"}},
                               Keywords{{"sslmode", "prefer"}},
                               Keywords{{"sslmode", "verify-ca"}, {"sslrootcert", root()}},
                               Keywords{{"sslmode", "verify-full"}, {"sslrootcert", root()}},
                               Keywords{{"sslmode", "verify-full"},
                                        {"host", "localhost"},
                                        {"hostaddr", "127.0.0.1"},
                                        {"sslrootcert", root()},
                                        {"channel_binding", "require"}}}) {
    const RawClient client = raw(wish);
    ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
    EXPECT_EQ(PQsslInUse(client.get()), 1);
    EXPECT_STREQ(PQgetvalue(exec(client, "select 1 + 1").get(), 0, 0), "2");
  }
  EXPECT_EQ(tap().sessions().size(), 6U);
  EXPECT_TRUE(tap().sessions().front().direct);
}

TEST_P(ClientTls, StillWantsTheOneTimePassword) {
  for (const char* const binding : {"disable", "require"}) {
    const RawClient client =
        raw({{"sslmode", "require"}, {"password", "wrong"}, {"channel_binding", binding}});
    EXPECT_EQ(PQstatus(client.get()), CONNECTION_BAD);
    EXPECT_NE(std::string(PQerrorMessage(client.get())).find("password authentication failed"),
              std::string::npos)
        << PQerrorMessage(client.get());
  }
  EXPECT_TRUE(tap().sessions().empty());
}

// Without TLS there is no channel to bind to: refused, and the client is told why.
TEST_P(ClientTls, IsNeededForChannelBinding) {
  const RawClient client = raw({{"sslmode", "disable"}, {"channel_binding", "require"}});
  EXPECT_EQ(PQstatus(client.get()), CONNECTION_BAD);
  EXPECT_NE(std::string(PQerrorMessage(client.get())).find("channel binding"), std::string::npos)
      << PQerrorMessage(client.get());
  EXPECT_TRUE(tap().sessions().empty());
}

TEST_P(ClientTls, OfAnotherCertificateIsRefusedByTheClient) {
  const RawClient client =
      raw({{"sslmode", "verify-full"}, {"sslrootcert", certificate_of_scram_server().string()}});
  EXPECT_EQ(PQstatus(client.get()), CONNECTION_BAD);
  EXPECT_NE(std::string(PQerrorMessage(client.get())).find("certificate verify failed"),
            std::string::npos)
      << PQerrorMessage(client.get());
  Tap other({.server = server()});
  EXPECT_NE(other.certificate(), tap().certificate());
}

TEST_P(ClientTls, CarriesCopiesBothWaysFailuresAndLargeValues) {
  pg::Connection connection = secured();
  connection.execute("create unlogged table t (i int, x text)");
  std::string all;
  for (int n = 0; n < 200'000; ++n) all += util::cat(n, "\t", std::string(50, 'x'), "\n");
  bool sent = false;
  EXPECT_EQ(connection.copy_in("copy t from stdin",
                               [&]() -> std::span<const std::byte> {
                                 if (std::exchange(sent, true)) return {};
                                 return std::as_bytes(std::span(all));
                               }),
            200'000U);
  std::string back;
  connection.copy_out("copy (select * from t order by i) to stdout",
                      [&](std::span<const std::byte> row) {
                        back.append(reinterpret_cast<const char*>(row.data()), row.size());
                      });
  EXPECT_TRUE(back == all);
  const std::string large(20'000'000, 'y');
  EXPECT_EQ(connection.query("select $1::text", {large}).str(0, 0), large);
  EXPECT_EQ(sqlstate_of([&] { connection.execute("select 1/0"); }), "22012");
  EXPECT_EQ(tap().last_failure()->statement, "select 1/0");
}

TEST_P(ClientTls, CarriesPipelines) {
  const RawClient client = raw({{"sslmode", "require"}});
  ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
  std::vector<std::string> statements;
  for (int n = 0; n < 300; ++n)
    statements.push_back(util::cat("select ", n, ", repeat('y', 20000)"));
  statements.emplace_back("select 1 / 0");
  statements.emplace_back("select 2");
  for (int round = 0; round < 2; ++round) {
    const std::vector<RawResult> results = pipelined(client, statements);
    ASSERT_EQ(results.size(), statements.size());
    for (int n = 0; n < 300; ++n) {
      const PGresult* const result = results[static_cast<std::size_t>(n)].get();
      ASSERT_STREQ(PQgetvalue(result, 0, 0), util::cat(n).c_str());
      ASSERT_EQ(PQgetlength(result, 0, 1), 20'000);
    }
    EXPECT_EQ(PQresultStatus(results[300].get()), PGRES_FATAL_ERROR);
    EXPECT_EQ(PQresultStatus(results[301].get()), PGRES_PIPELINE_ABORTED);
    EXPECT_EQ(tap().last_failure()->statement, "select 1 / 0");
  }
}

TEST_P(ClientTls, PassesACancelRequestOn) {
  pg::Connection connection = secured();
  std::jthread canceller([&] {
    pg::Connection watcher = database().connect();
    eventually([&] {
      return watcher
                 .query(
                     "select 1 from pg_stat_activity where query like '%pg_sleep(30)%' and "
                     "state = 'active' and pid <> pg_backend_pid()")
                 .row_count() == 1;
    });
    connection.cancel();
  });
  EXPECT_EQ(sqlstate_of([&] { connection.execute("select pg_sleep(30)"); }), "57014");
}

// libpq before 17 sends its request in the clear. Caught on its way and encrypted it is what other
// drivers send.
TEST_P(ClientTls, TakesACancelRequestUnderTls) {
  test::TcpProxy network(static_cast<std::uint16_t>(util::parse_u64(tap().port()).value()));
  const RawClient client = raw({{"sslmode", "require"}, {"port", util::cat(network.port())}});
  ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
  network.capture([&](const std::string& request) { send_under_tls(request); });
  pg::Connection watcher = database().connect();
  const std::string ask = "select 1 from pg_stat_activity where wait_event = 'PgSleep'";
  std::jthread canceller([&] {
    eventually([&] { return watcher.query(ask).row_count() == 1; });
    const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> key(PQgetCancel(client.get()),
                                                                 &PQfreeCancel);
    std::array<char, 256> reason{};
    PQcancel(key.get(), reason.data(), static_cast<int>(reason.size()));
  });
  const RawResult result = exec(client, "select pg_sleep(30)");
  EXPECT_STREQ(PQresultErrorField(result.get(), PG_DIAG_SQLSTATE), "57014");
}

TEST_P(ClientTls, IsToldWhyTheRunEnded) {
  const RawClient client = raw({{"sslmode", "require"}});
  tap().end_sessions(std::chrono::seconds(10));
  exec(client, "select 1");
  EXPECT_NE(std::string(PQerrorMessage(client.get())).find("the guarded run has ended"),
            std::string::npos)
      << PQerrorMessage(client.get());
}

using ServerTls = TapTest;

// Towards the server: what its URL asks for holds, and what does not is told to the client.
TEST_F(ServerTls, IsVerifiedAsTheUrlOfTheServerSays) {
  start();
  pg::ConnInfo wrong = server().with_option("sslmode", "verify-full");
  const std::string certificate = certificate_of_scram_server().string();
  struct Case {
    pg::ConnInfo server;
    std::string says;  // empty: lets in
  };
  util::TempDir folder("pgbelay-tap-root-");
  const std::string other = (folder.path() / "other.crt").string();
  std::ofstream(other) << tap().certificate();
  for (const Case& one :
       {Case{wrong.with_option("sslrootcert", certificate), ""},
        Case{
            wrong.with_option("sslrootcert", certificate).with_option("channel_binding", "require"),
            ""},
        Case{wrong.with_option("sslrootcert", other), "certificate verify failed"}}) {
    Tap verifying({.server = one.server});
    const RawClient client = raw({{"port", verifying.port()},
                                  {"password", verifying.password().reveal()},
                                  {"sslmode", "disable"}});
    if (one.says.empty()) {
      ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
    } else {
      EXPECT_NE(std::string(PQerrorMessage(client.get())).find(one.says), std::string::npos)
          << PQerrorMessage(client.get());
    }
  }
}

}  // namespace
}  // namespace tap::testing_tap
