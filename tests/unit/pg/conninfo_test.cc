// The URL forms of applications, and what the guarded command gets (contracts.md K8,
// postgres-hazards.md F7).
#include "pg/conninfo.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <vector>

#include "util/error.h"
#include "util/files.h"

namespace pg {
namespace {

// libpq's own variables would take part in every case.
class ConnInfoTest : public testing::Test {
 protected:
  void SetUp() override {
    for (const std::string& name : ConnInfo::environment_variables())
      ::unsetenv(name.c_str());  // NOLINT: one thread
  }
  void TearDown() override {
    for (const std::string& name : ConnInfo::environment_variables())
      ::unsetenv(name.c_str());  // NOLINT: one thread
  }
};

std::string redirected(std::string_view url) {
  return ConnInfo::parse(url).redirected("127.0.0.1", "6000", util::Secret("one time")).reveal();
}

std::string option(const ConnInfo& info, const std::string& keyword) {
  const auto found = info.options().find(keyword);
  return found == info.options().end() ? "" : found->second;
}

TEST_F(ConnInfoTest, K8TakesTheFormsOfApplicationsForTheSameDatabase) {
  for (const std::string_view url :
       {"postgres://al:s%40c@db.example:5433/app", "postgresql://al:s%40c@db.example:5433/app",
        "postgresql+psycopg://al:s%40c@db.example:5433/app",
        "postgresql+asyncpg://al:s%40c@db.example:5433/app",
        "jdbc:postgresql://db.example:5433/app?user=al&password=s%40c",
        "host=db.example port=5433 user=al password=s@c dbname=app",
        "host = db.example port=5433 user='al' password='s@c'  dbname=app"}) {
    const ConnInfo info = ConnInfo::parse(url);
    EXPECT_EQ(info.display(), "al@db.example:5433/app") << url;
    EXPECT_EQ(info.password().reveal(), "s@c") << url;
    EXPECT_EQ(info.sanitised(), "postgresql://al@db.example:5433/app") << url;
    EXPECT_FALSE(info.options().contains("password"));
  }
}

TEST_F(ConnInfoTest, K8LeavesOutWhatLibpqRefuses) {
  const ConnInfo prisma = ConnInfo::parse(
      "postgresql://u:p@h/app?schema=public&connection_limit=5&pgbouncer=true&connect_timeout=3");
  EXPECT_EQ(prisma.ignored_parameters(),
            (std::vector<std::string>{"schema", "connection_limit", "pgbouncer"}));
  EXPECT_EQ(option(prisma, "connect_timeout"), "3");
  EXPECT_EQ(prisma.sanitised(), "postgresql://u@h:5432/app?connect_timeout=3");
}

TEST_F(ConnInfoTest, K8TranslatesTheTlsWordsOfOtherDrivers) {
  EXPECT_EQ(option(ConnInfo::parse("postgres://u@h/d?sslmode=no-verify"), "sslmode"), "require");
  EXPECT_EQ(option(ConnInfo::parse("postgres://u@h/d?ssl=true"), "sslmode"), "verify-full");
  EXPECT_EQ(option(ConnInfo::parse("postgres://u@h/d?ssl=false"), "sslmode"), "prefer");
  EXPECT_EQ(option(ConnInfo::parse("postgres://u@h/d?sslmode=require&ssl=true"), "sslmode"),
            "require");
  EXPECT_EQ(option(ConnInfo::parse("postgresql+asyncpg://u@h/d?ssl=verify-ca"), "sslmode"),
            "verify-ca");
}

TEST_F(ConnInfoTest, FillsInWhatLibpqWould) {
  ::setenv("PGHOST", "db.example", 1);      // NOLINT: one thread
  ::setenv("PGPASSWORD", "of the env", 1);  // NOLINT: one thread
  ::setenv("PGUSER", "eve", 1);             // NOLINT: one thread
  const ConnInfo nothing = ConnInfo::parse("");
  EXPECT_EQ(nothing.display(), "eve@db.example:5432/eve");
  EXPECT_EQ(nothing.password().reveal(), "of the env");
  EXPECT_EQ(ConnInfo::parse("postgresql:///app").display(), "eve@db.example:5432/app");
  EXPECT_EQ(ConnInfo::parse("postgres://al:own@h/app").password().reveal(), "own");
}

TEST_F(ConnInfoTest, ResolvesAService) {
  const util::TempDir folder("pgbelay-test-");
  std::ofstream(folder.path() / "services")
      << "[prod]\nhost=svc.example\nport=5999\nuser=sv\npassword=geheim\ndbname=shop\n";
  ::setenv("PGSERVICEFILE", (folder.path() / "services").c_str(), 1);  // NOLINT: one thread
  const ConnInfo info = ConnInfo::parse("service=prod user=other");
  EXPECT_EQ(info.display(), "other@svc.example:5999/shop");
  EXPECT_EQ(info.password().reveal(), "geheim");
  EXPECT_FALSE(info.options().contains("service"));
  EXPECT_EQ(ConnInfo::parse("postgresql:///?service=prod")
                .redirected("127.0.0.1", "6000", util::Secret("x"))
                .reveal(),
            "postgresql://sv:x@127.0.0.1:6000/shop?sslmode=disable");
  EXPECT_THROW(ConnInfo::parse("service=absent"), util::Error);
}

TEST_F(ConnInfoTest, UnderstandsHostsOfAllKinds) {
  EXPECT_EQ(ConnInfo::parse("postgres://u@[::1]:5433/d").display(), "u@[::1]:5433/d");
  EXPECT_EQ(ConnInfo::parse("postgres://u@%2Fvar%2Frun/d").host(), "/var/run");
  EXPECT_EQ(ConnInfo::parse("postgres://u@%2Fvar%2Frun/d").sanitised(),
            "postgresql://u@%2Fvar%2Frun:5432/d");
  EXPECT_EQ(ConnInfo::parse("postgres://u@/d?host=/tmp&port=7").sanitised(),
            "postgresql://u@%2Ftmp:7/d");
  const ConnInfo two = ConnInfo::parse("postgres://u@a:1,b/d?target_session_attrs=read-write");
  EXPECT_EQ(two.host(), "a,b");
  EXPECT_EQ(two.port(), "1,");
  EXPECT_EQ(ConnInfo::parse("jdbc:postgresql:d?user=u").display(), "u@localhost:5432/d");
}

TEST_F(ConnInfoTest, NeverShowsATextThatMayHoldAPassword) {
  for (const std::string_view url :
       {"postgres://u:geheim/x@h/d", "postgres://u:12/geheim@h/d", "postgres://u:geheim?x@h/d",
        "postgres://u:geheim%zz@h/d", "host=h password=two geheim", "password='geheim", "geheim",
        "postgres://u:p@h:geheim/d", "mysql://u:geheim@h/d", "postgres://u:p@h/d?sslmode=geheim",
        "host=h geheim=x", "postgres://u:geheim%00@h/d"}) {
    try {
      ConnInfo::parse(url);
      ADD_FAILURE() << "accepted: " << url;
    } catch (const util::Error& refused) {
      EXPECT_EQ(refused.kind(), util::Kind::Usage) << url;
      EXPECT_FALSE(refused.hint().empty()) << url;
      EXPECT_EQ(refused.text().find("geheim"), std::string::npos) << refused.text();
    }
  }
}

TEST_F(ConnInfoTest, F7RedirectsUrlsInTheirOwnForm) {
  EXPECT_EQ(
      redirected(
          "postgres://al:s%40c@a:1,b:2/app?schema=x%26y&sslmode=verify-full&channel_binding=require"
          "&gssencmode=prefer&target_session_attrs=any&sslrootcert=/r&connection_limit=5"),
      "postgres://al:one%20time@127.0.0.1:6000/"
      "app?schema=x%26y&connection_limit=5&sslmode=disable");
  EXPECT_EQ(redirected("postgresql+psycopg2://al@h/my%2Ddb"),
            "postgresql+psycopg2://al:one%20time@127.0.0.1:6000/my%2Ddb?sslmode=disable");
  EXPECT_EQ(redirected("postgresql+asyncpg://al@h/app?ssl=require"),
            "postgresql+asyncpg://al:one%20time@127.0.0.1:6000/app?ssl=disable");
  EXPECT_EQ(redirected("jdbc:postgresql://h:1/app?user=al&password=x&ssl=true&currentSchema=s"),
            "jdbc:postgresql://127.0.0.1:6000/"
            "app?user=al&currentSchema=s&password=one%20time&sslmode=disable");
  EXPECT_EQ(redirected("postgres:///app?host=/tmp&user=al&password=x&port=9"),
            "postgres://al:one%20time@127.0.0.1:6000/app?sslmode=disable");
  EXPECT_EQ(redirected("host=h user='a l' password=x dbname=app sslmode=require options='-c a=b'"),
            "user='a l' dbname='app' options='-c a=b' host='127.0.0.1' port='6000' password='one "
            "time' sslmode='disable'");
}

TEST_F(ConnInfoTest, RedirectedTextReadsBackAsTheSameLogin) {
  for (const std::string_view odd : {"a", "p@ss/w:rd?#%&=+ '\"\\", "äö€"}) {
    for (const std::string_view url :
         {"", "postgres://al:x@h/app", "jdbc:postgresql://h/app?user=al",
          "host=h user=al dbname=app"}) {
      const ConnInfo original = ConnInfo::parse(url).with_database(odd);
      const ConnInfo back = ConnInfo::parse(
          original.redirected("127.0.0.1", "6000", util::Secret(std::string(odd))).reveal());
      EXPECT_EQ(back.password().reveal(), odd) << url;
      EXPECT_EQ(back.database(), odd) << url;
      EXPECT_EQ(back.user(), original.user()) << url;
      EXPECT_EQ(back.host() + ":" + back.port(), "127.0.0.1:6000") << url;
      EXPECT_EQ(option(back, "sslmode"), "disable") << url;
    }
  }
}

TEST_F(ConnInfoTest, RedirectsToASocketFolder) {
  const ConnInfo to = ConnInfo::parse(ConnInfo::parse("postgres://al@h/app")
                                          .redirected("/tmp/tap dir", "5432", util::Secret("x"))
                                          .reveal());
  EXPECT_EQ(to.host(), "/tmp/tap dir");
}

TEST_F(ConnInfoTest, EnvironmentHoldsTheWholeLogin) {
  const std::vector<std::string> lines =
      ConnInfo::parse(
          "postgres://al:geheim@h:7/app?sslmode=require&sslrootcert=/r&options=-c%20a%3Db")
          .environment();
  for (const std::string_view line :
       {"PGHOST=h", "PGPORT=7", "PGUSER=al", "PGDATABASE=app", "PGPASSWORD=geheim",
        "PGSSLMODE=require", "PGSSLROOTCERT=/r", "PGOPTIONS=-c a=b"}) {
    EXPECT_NE(std::find(lines.begin(), lines.end(), line), lines.end()) << line;
  }
  const std::vector<std::string> names = ConnInfo::environment_variables();
  EXPECT_NE(std::find(names.begin(), names.end(), "PGSERVICE"), names.end());
}

TEST_F(ConnInfoTest, ControlCharactersCannotForgeALine) {
  EXPECT_EQ(ConnInfo::parse("postgres://al@h/a%0Ab").display(), "al@h:5432/a\\x0ab");
}

}  // namespace
}  // namespace pg
