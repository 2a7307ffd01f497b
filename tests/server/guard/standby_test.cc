// A streaming standby: its sessions see the failed database after a swap until they are ended (S7).

#include <thread>

#include "guard_fixture.h"
#include "util/subprocess.h"

namespace guard {
namespace {

using testing::HasSubstr;

// Made by pg_basebackup of the test's server.
class Standby {
 public:
  Standby() : folder_("standby") {
    const pg::PrivateServer& primary = test::test_server().server();
    account_ = primary.account();
    if (account_) {
      std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    }
    const std::string data = (folder_.path() / "data").string();
    program({"pg_basebackup", "--pgdata", data, "--write-recovery-conf", "--checkpoint", "fast",
             "--host", "127.0.0.1", "--port", util::cat(primary.port()), "--username", "postgres",
             "--no-sync"});
    // Not what pg_basebackup wrote: one of a newer version names options that the server's libpq
    // refuses.
    const std::string follow =
        util::cat("-c primary_conninfo='host=127.0.0.1 port=", primary.port(), " user=postgres'");
    // A port that is free now; another one if somebody was faster.
    for (port_ = primary.port() + 1;; ++port_) {
      const util::Captured started =
          capture({"pg_ctl", "start", "--wait", "--silent", "--pgdata", data, "--log",
                   (folder_.path() / "log").string(), "--options",
                   util::cat("-c port=", port_, " -c unix_socket_directories='' ", follow)});
      if (started.ended.status == 0) return;
      if (port_ > primary.port() + 50) throw std::runtime_error(started.err);
    }
  }
  ~Standby() {
    capture({"pg_ctl", "stop", "--wait", "--silent", "--mode", "immediate", "--pgdata",
             (folder_.path() / "data").string()});
  }
  Standby(const Standby&) = delete;
  Standby& operator=(const Standby&) = delete;

  pg::ConnInfo conninfo(const std::string& database) const {
    return test::test_server().conninfo(database).with_option("port", util::cat(port_));
  }

 private:
  util::Captured capture(std::vector<std::string> arguments) const {
    arguments.front() = (test::server_bin_directory() / arguments.front()).string();
    return util::capture({.argv = std::move(arguments),
                          .set_env = {},
                          .unset_env = pg::ConnInfo::environment_variables(),
                          .directory = folder_.path(),
                          .run_as = account_});
  }
  void program(std::vector<std::string> arguments) const {
    const util::Captured done = capture(std::move(arguments));
    if (done.ended.status != 0) throw std::runtime_error(done.err);
  }

  util::TempDir folder_;
  std::optional<util::Account> account_;
  int port_ = 0;
};

class StandbyTest : public GuardTest {};

TEST_F(StandbyTest, S7_SessionsOnTheStandbyAreEndedBeforeTheOldStateIsSaidToBeServed) {
  const Standby standby;
  pg::Connection pooled = [&] {
    for (;;) {  // the database has to arrive there
      try {
        return pg::Connection::open(standby.conninfo(name()), "pool");
      } catch (const util::Error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
      }
    }
  }();
  Options options = psql(kBreaks);
  options.replicas = {standby.conninfo(name())};
  const Result result = go(options);
  EXPECT_EQ(result.exit_code, 3) << result.cause << "\n" << reporter.all();
  EXPECT_FALSE(pooled.alive()) << "it would go on seeing the failed database";
  pg::Connection again = pg::Connection::open(standby.conninfo(name()), "pool");
  EXPECT_EQ(again
                .query("select count(*) from pg_attribute where attrelid = 'members'::regclass and "
                       "attname = 'email'")
                .str(0, 0),
            "1");
  EXPECT_THAT(reporter.all(), testing::Not(HasSubstr("end all sessions of database")));
}

TEST_F(StandbyTest, S7_WithoutItsUrlItIsNamedForPeople) {
  const Standby standby;
  const Result result = go(psql(kBreaks));
  EXPECT_EQ(result.exit_code, 3) << result.cause;
  EXPECT_THAT(reporter.all(), HasSubstr("end all sessions of database"));
}

TEST_F(StandbyTest, S7_AReplicaThatIsNoneStopsTheRunBefore) {
  Options options = psql(kBreaks);
  options.replicas = {database->conninfo()};
  const util::Error error = error_of(options);
  EXPECT_EQ(error.kind(), util::Kind::Preflight) << error.text();
  EXPECT_THAT(error.text(), HasSubstr("is no standby"));
}

}  // namespace
}  // namespace guard
