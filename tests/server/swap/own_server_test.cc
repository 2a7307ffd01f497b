// What needs a server of its own: crashes and replication slots (postgres-hazards.md S1, F5, M4).
#include "server/swap/fixture.h"

namespace swap {
namespace {

class OwnServerTest : public test::ServerTest {};

TEST_F(OwnServerTest, S1CrashBreaksASealAndM4SlotsKeepADatabase) {
  test::TestServer server({.password = {}, .settings = {"wal_level = logical"}});
  const std::string name = side_name("app", Purpose::Proof, kKey);
  SealRecord record;
  {
    pg::Connection admin = server.connect();
    create_side(admin, name, pg::read_properties(admin, "postgres"), "x");
    server.connect(name).execute("create unlogged table u as select 1 as i");
    server.connect(name).execute("select pg_create_logical_replication_slot('s1', 'pgoutput')");
    seal(admin, name);
    record = seal_record(admin, name);
  }
  server.server().stop(pg::PrivateServer::Stop::Fast);
  server.server().start();
  {
    pg::Connection admin = server.connect();
    EXPECT_EQ(seal_broken(admin, record), "") << "an orderly restart";
  }
  server.server().stop(pg::PrivateServer::Stop::Immediate);
  server.server().start();
  pg::Connection admin = server.connect();
  EXPECT_THAT(seal_broken(admin, record), testing::HasSubstr("crashed"));

  try {
    drop_side(admin, name);
    FAIL() << "a slot went with its database";
  } catch (const util::Error& failure) {
    EXPECT_THAT(failure.message(), testing::HasSubstr("s1"));
  }
  admin.execute("select pg_drop_replication_slot('s1')");
  drop_side(admin, name);
}

}  // namespace
}  // namespace swap
