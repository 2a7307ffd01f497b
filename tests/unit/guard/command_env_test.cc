#include "guard/command_env.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "util/files.h"

namespace guard {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* kPrisma =
    "postgresql://app:geheim@db.example:6432/shop?schema=public&sslmode=verify-full";

CommandSpec spec() {
  return {.argv = {"tool", "--url", kPrisma},
          .url_variables = {"DATABASE_URL"},
          .urls = {{"DATABASE_URL", kPrisma},
                   {"DIRECT_URL", "postgres://app:andere@db.example:5432/shop"}}};
}

class CommandEnvironmentTest : public testing::Test {
 protected:
  const pg::ConnInfo database = pg::ConnInfo::parse(kPrisma);
  const Redirect redirect{.host = "127.0.0.1", .port = "40000", .password = util::Secret("einmal")};
};

TEST_F(CommandEnvironmentTest, K8_RedirectsEveryVariableInItsOwnForm) {
  const CommandEnvironment environment =
      command_environment(spec(), database, "2026-11-20_143052_x", &redirect);
  EXPECT_THAT(environment.set,
              Contains(testing::AllOf(
                  StartsWith("DATABASE_URL=postgresql://app:einmal@127.0.0.1:40000/shop"),
                  HasSubstr("schema=public"), HasSubstr("sslmode=disable"))));
  EXPECT_THAT(environment.set,
              Contains(StartsWith("DIRECT_URL=postgres://app:einmal@127.0.0.1:40000/shop")));
  for (const char* line :
       {"PGHOST=127.0.0.1", "PGPORT=40000", "PGUSER=app", "PGDATABASE=shop", "PGPASSWORD=einmal",
        "PGSSLMODE=disable", "PGAPPNAME=pgbelay-2026-11-20_143052_x", "PGBELAY_PHASE=migrate",
        "PGBELAY_RUN=2026-11-20_143052_x"}) {
    EXPECT_THAT(environment.set, Contains(line));
  }
  EXPECT_THAT(environment.unset, testing::IsSupersetOf({"PGSERVICE", "PGHOSTADDR", "PGPASSFILE"}));
}

TEST_F(CommandEnvironmentTest, F7_NamesTheCertificateOfTheTapWhileItLives) {
  util::TempDir folder("pgbelay-root-");
  Redirect verified = redirect;
  {
    const RootCertificate root(folder.path(), "pem");
    verified.root_certificate = root.path();
    EXPECT_TRUE(std::filesystem::exists(root.path()));
    EXPECT_THAT(command_environment(spec(), database, "r", &verified).set,
                Contains("PGSSLROOTCERT=" + root.path().string()));
  }
  EXPECT_FALSE(std::filesystem::exists(verified.root_certificate));
}

// S9: what the command gets is good for this run's tap only.
TEST_F(CommandEnvironmentTest, S9_HandsOutNoPasswordOfTheDatabase) {
  EXPECT_THAT(command_environment(spec(), database, "r", &redirect).set,
              Each(testing::AllOf(Not(HasSubstr("geheim")), Not(HasSubstr("andere")))));
}

TEST_F(CommandEnvironmentTest, GivesAVariableWithoutAValueTheDatabaseItself) {
  CommandSpec command = spec();
  command.url_variables.push_back("SHADOW_URL");
  EXPECT_THAT(command_environment(command, database, "r", &redirect).set,
              Contains(StartsWith("SHADOW_URL=postgresql://app:einmal@127.0.0.1:40000/shop")));
}

TEST_F(CommandEnvironmentTest, LeavesTheUrlsAsTheyAreWithoutTheTap) {
  const CommandEnvironment environment = command_environment(spec(), database, "r", nullptr);
  EXPECT_THAT(environment.set, Contains(std::string("DATABASE_URL=") + kPrisma));
  EXPECT_THAT(environment.set, Contains("PGAPPNAME=pgbelay-r"));
  // What is resolved in `set` already must not be resolved a second time, to something else.
  EXPECT_THAT(environment.unset, testing::IsSupersetOf({"PGSERVICE", "PGHOSTADDR", "PGPASSFILE"}));
}

TEST_F(CommandEnvironmentTest, JournalsNoPasswordOfTheCommandLine) {
  EXPECT_THAT(scrubbed_command(spec(), database), Each(Not(HasSubstr("geheim"))));
}

}  // namespace
}  // namespace guard
