#include <sys/socket.h>

#include "server/tap/fixture.h"
#include "util/error.h"
#include "util/text.h"

namespace tap::testing_tap {
namespace {

using Login = TapTest;
class LoginOver : public TapTest, public ::testing::WithParamInterface<Towards> {};
INSTANTIATE_TEST_SUITE_P(Server, LoginOver, ::testing::Values(Towards::Plain, Towards::Tls),
                         towards_name);

// F7: the server asks for SCRAM (over TLS: SCRAM-PLUS, which no proxy can pass through).
TEST_P(LoginOver, LetsTheCommandInAndKnowsItsSession) {
  start({}, GetParam());
  {
    pg::Connection connection = connect();
    const pg::Result row = connection.query(
        "select pg_backend_pid(), current_database(), current_user, "
        "current_setting('application_name'),"
        " (select ssl from pg_stat_ssl where pid = pg_backend_pid()),"
        " (select to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"
        "    from pg_stat_activity where pid = pg_backend_pid())");
    EXPECT_EQ(row.str(0, 1), database().name());
    EXPECT_EQ(row.boolean(0, 4), GetParam() == Towards::Tls);
    ASSERT_EQ(tap().sessions().size(), 1U);
    const SessionRecord record = tap().sessions().front();
    EXPECT_EQ(record.backend_pid, row.i64(0, 0));
    EXPECT_EQ(record.backend_pid, connection.backend_pid());
    EXPECT_EQ(record.backend_start, row.str(0, 5));
    EXPECT_TRUE(record.direct);
    EXPECT_TRUE(record.login_complete);
    EXPECT_FALSE(record.replication);
    EXPECT_EQ(record.user, "postgres");
    EXPECT_EQ(record.database, database().name());
    EXPECT_EQ(record.application, "client");
    EXPECT_FALSE(record.end);
    EXPECT_EQ(tap().open_sessions(), 1U);
    EXPECT_EQ(record.statements, 1U);
    EXPECT_EQ(connection.server_version(), test::scram_server().connect().server_version());
  }
  EXPECT_TRUE(eventually([&] { return tap().open_sessions() == 0; }));
  EXPECT_TRUE(tap().sessions().front().end);
}

TEST_F(Login, HandsOnTheParametersOfTheSession) {
  start();
  const RawClient direct(
      PQconnectdb(
          util::cat("host=127.0.0.1 user=postgres port=", server().port(),
                    " dbname=", database().name(), " password='",
                    util::replace_all(util::replace_all(test::scram_password(), "\\", "\\\\"), "'",
                                      "\\'"),
                    "'")
              .c_str()),
      &PQfinish);
  const RawClient through = raw({{"application_name", ""}});
  ASSERT_EQ(PQstatus(direct.get()), CONNECTION_OK) << PQerrorMessage(direct.get());
  ASSERT_EQ(PQstatus(through.get()), CONNECTION_OK) << PQerrorMessage(through.get());
  for (const char* const name :
       {"server_version", "server_encoding", "client_encoding", "is_superuser",
        "session_authorization", "DateStyle", "IntervalStyle", "TimeZone", "integer_datetimes",
        "standard_conforming_strings", "in_hot_standby", "default_transaction_read_only"}) {
    EXPECT_STREQ(PQparameterStatus(through.get(), name), PQparameterStatus(direct.get(), name))
        << name;
  }
  EXPECT_STREQ(PQparameterStatus(through.get(), "application_name"), "pgbelay-key");
}

// S9: the identity of the caller is not handed out.
TEST_F(Login, RefusesWhoeverDoesNotKnowTheOneTimePassword) {
  start();
  for (const std::string& password :
       {std::string("wrong"), std::string(), test::scram_password()}) {
    const RawClient refused = raw({{"password", password}, {"passfile", "/nonexistent"}});
    EXPECT_EQ(PQstatus(refused.get()), CONNECTION_BAD) << password;
  }
  const RawClient refused = raw({{"password", "wrong"}});
  EXPECT_NE(std::string(PQerrorMessage(refused.get())).find("password authentication failed"),
            std::string::npos);
  EXPECT_TRUE(tap().sessions().empty());
  EXPECT_TRUE(tap().failures().empty());
}

// S9: a server that lets the caller in by what it is (here: trust) does so for nobody else.
TEST_F(Login, AsksForTheOneTimePasswordEvenIfTheServerWantsNone) {
  const test::TestDatabase open = test::make_database("open");
  Tap open_tap({.server = open.conninfo()});
  const RawClient refused(PQconnectdb(util::cat("host=127.0.0.1 user=postgres password=x port=",
                                                open_tap.port(), " dbname=", open.name())
                                          .c_str()),
                          &PQfinish);
  EXPECT_EQ(PQstatus(refused.get()), CONNECTION_BAD);
  EXPECT_TRUE(open_tap.sessions().empty());
  EXPECT_EQ(open.connect().query("select pg_stat_clear_snapshot()").row_count(), 1);
  // Its own session and nobody else's.
  EXPECT_EQ(open.connect()
                .query("select count(*) from pg_stat_activity where datname = current_database()"
                       " and application_name <> 'pgbelay-test'")
                .u64(0, 0),
            0U);
}

TEST_F(Login, CarriesWhatTheClientAsksFor) {
  start();
  const RawClient client = raw({{"options", "-c search_path=\"a\\ b\",public -c work_mem=12345kB"},
                                {"client_encoding", "LATIN1"},
                                {"application_name", "tool's own \\name"}});
  ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
  EXPECT_STREQ(PQgetvalue(exec(client, "show search_path").get(), 0, 0), "\"a b\",public");
  EXPECT_STREQ(PQgetvalue(exec(client, "show work_mem").get(), 0, 0), "12345kB");
  EXPECT_STREQ(PQgetvalue(exec(client, "show client_encoding").get(), 0, 0), "LATIN1");
  EXPECT_STREQ(PQparameterStatus(client.get(), "client_encoding"), "LATIN1");
  EXPECT_STREQ(PQgetvalue(exec(client, "show application_name").get(), 0, 0), "tool's own \\name");
}

// F4: the command writes although the database's default keeps writers out.
TEST_F(Login, ForcesTheSettingsOfTheRun) {
  database().connect().execute(
      util::cat("ALTER DATABASE ", database().name(), " SET default_transaction_read_only = on"));
  start({.startup_settings = {"default_transaction_read_only=off"}});
  pg::Connection(connect()).execute("create table t (i int)");
  const RawClient stubborn =
      raw({{"options", "-c default_transaction_read_only=on -c work_mem=1MB\\"}});
  EXPECT_STREQ(PQgetvalue(exec(stubborn, "show default_transaction_read_only").get(), 0, 0), "off");
}

TEST_F(Login, HandsOnTheServersRefusal) {
  start();
  const RawClient none = raw({{"dbname", "no such"}});
  EXPECT_EQ(PQstatus(none.get()), CONNECTION_BAD);
  const std::string text = PQerrorMessage(none.get());
  EXPECT_NE(text.find("FATAL: database \"no such\" does not exist"), std::string::npos) << text;
  EXPECT_EQ(text.find("LOCATION"), std::string::npos) << text;
  ASSERT_TRUE(tap().last_failure());
  EXPECT_EQ(tap().last_failure()->sqlstate, "3D000");
  EXPECT_EQ(tap().last_failure()->backend_pid, 0);
  EXPECT_TRUE(tap().sessions().empty()) << "a refused login is no session (F5)";
}

TEST_F(Login, HasNoPasswordForAnotherUser) {
  database().connect().execute("CREATE ROLE other LOGIN PASSWORD 'x'");
  start();
  const RawClient other = raw({{"user", "other"}});
  EXPECT_EQ(PQstatus(other.get()), CONNECTION_BAD);
  EXPECT_NE(std::string(PQerrorMessage(other.get())).find("no password for user \"other\""),
            std::string::npos);
  database().connect().execute("DROP ROLE other");
}

// F5: such a session is not counted by the server.
TEST_F(Login, MarksReplicationSessions) {
  start();
  for (const char* const kind : {"database", "true"}) {
    const RawClient client = raw({{"replication", kind}});
    ASSERT_EQ(PQstatus(client.get()), CONNECTION_OK) << PQerrorMessage(client.get());
    EXPECT_EQ(PQntuples(exec(client, "IDENTIFY_SYSTEM").get()), 1);
  }
  ASSERT_EQ(tap().sessions().size(), 2U);
  EXPECT_TRUE(tap().sessions()[0].replication);
  EXPECT_TRUE(tap().sessions()[0].direct);
  EXPECT_TRUE(tap().sessions()[1].replication);
  EXPECT_EQ(tap().sessions()[1].backend_start, "") << "a physical walsender cannot be asked";
}

// Nobody can hang the tap, or bring it down, with bytes that are no protocol.
TEST_F(Login, StandsClientsThatSpeakSomethingElse) {
  start();
  for (const std::string& bytes :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("\0\0\0\4", 4),
        std::string("\xff\xff\xff\xff", 4),
        std::string(
            "\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\x04\xd2\x16\x2f\0\0\0\x08\x04\xd2\x16\x2f", 24),
        std::string("\0\0\0\x09\0\3\0\0\0", 9), std::string()}) {
    const util::UniqueFd socket = dial();
    EXPECT_GE(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
  }
  EXPECT_NO_THROW(connect());
}

}  // namespace
}  // namespace tap::testing_tap
