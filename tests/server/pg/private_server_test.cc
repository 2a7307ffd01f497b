#include "pg/private_server.h"

#include <gtest/gtest.h>

#include "support/server.h"
#include "util/error.h"
#include "util/files.h"

namespace pg {
namespace {

using PrivateServerTest = test::ServerTest;

TEST_F(PrivateServerTest, AnswersOverTcpAndSocket) {
  EXPECT_EQ(test::test_server().connect().query("select 1").i64(0, 0), 1);
  const ConnInfo over_socket =
      test::test_server()
          .conninfo()
          .with_option("hostaddr", "")
          .with_option("host", test::test_server().server().socket_directory());
  EXPECT_EQ(Connection::open(over_socket, "t").query("select inet_server_addr() is null").str(0, 0),
            "t");
}

TEST_F(PrivateServerTest, WithAPasswordLetsNobodyInWithoutIt) {
  test::TestServer& server = test::scram_server();
  EXPECT_EQ(server.connect().query("select 1").i64(0, 0), 1);
  EXPECT_EQ(Connection::open(ConnInfo::parse(server.url()), "t").user(), "postgres");
  const std::string without =
      "postgresql://postgres@127.0.0.1:" + std::to_string(server.server().port()) + "/postgres";
  try {
    Connection::open(ConnInfo::parse(without), "t");
    FAIL() << "let in";
  } catch (const util::Error& refused) {
    EXPECT_EQ(refused.kind(), util::Kind::Connect);
    EXPECT_NE(refused.hint().find("PGPASSWORD"), std::string::npos) << refused.text();
  }
}

TEST_F(PrivateServerTest, ComesBackAtTheSameAddressWithItsData) {
  const util::TempDir outer("pgbelay-test-", "/tmp");
  std::filesystem::permissions(outer.path(), std::filesystem::perms(0755));
  // Too long for a socket's path: the socket goes elsewhere.
  const std::filesystem::path folder = outer.path() / std::string(100, 'x');
  std::filesystem::create_directory(folder);
  PrivateServer server({.folder = folder, .settings = {"fsync = off", "work_mem = '7MB'"}});
  const std::string url = server.url();
  Connection::open(server.conninfo(), "t").execute("create table t as select 1 as i");
  server.stop(PrivateServer::Stop::Fast);
  EXPECT_THROW(Connection::open(server.conninfo(), "t"), util::Error);
  server.start();
  EXPECT_EQ(server.url(), url);
  Connection again = Connection::open(
      server.conninfo().with_option("hostaddr", "").with_option("host", server.socket_directory()),
      "t");
  EXPECT_EQ(again.query("select i from t").i64(0, 0), 1);
  EXPECT_EQ(again.query("show work_mem").str(0, 0), "7MB");
}

TEST_F(PrivateServerTest, NamesWhatIsMissing) {
  const util::TempDir folder("pgbelay-test-", "/tmp");
  try {
    PrivateServer({.folder = folder.path(), .bin_directory = "/no/such/bin"});
    FAIL() << "started";
  } catch (const util::Error& missing) {
    EXPECT_EQ(missing.kind(), util::Kind::Preflight);
    EXPECT_NE(missing.message().find("/no/such/bin"), std::string::npos);
    EXPECT_FALSE(missing.hint().empty());
  }
  EXPECT_THROW(PrivateServer({.folder = folder.path(), .locale = "xx_NOWHERE"}), util::Error);
}

}  // namespace
}  // namespace pg
