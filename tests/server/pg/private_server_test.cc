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

}  // namespace
}  // namespace pg
