// What a crash of the server does to a seal: a server of its own (postgres-hazards.md S1, F5).
#include "server/swap/fixture.h"

namespace swap {
namespace {

class CrashTest : public test::ServerTest {};

TEST_F(CrashTest, S1SealIsBrokenByACrashAndNotByAnOrderlyRestart) {
  test::TestServer server;
  const std::string name = side_name("app", Purpose::Proof, kKey);
  SealRecord record;
  {
    pg::Connection admin = server.connect();
    create_side(admin, name, pg::read_properties(admin, "postgres"), "x");
    server.connect(name).execute("create unlogged table u as select 1 as i");
    seal(admin, name);
    record = seal_record(admin, name);
  }
  server.server().stop(pg::PrivateServer::Stop::Fast);
  server.server().start();
  {
    pg::Connection admin = server.connect();
    EXPECT_EQ(seal_broken(admin, record), "");
  }
  server.server().stop(pg::PrivateServer::Stop::Immediate);
  server.server().start();
  pg::Connection admin = server.connect();
  EXPECT_THAT(seal_broken(admin, record), testing::HasSubstr("crashed"));
}

}  // namespace
}  // namespace swap
