#include "guard/space.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "util/files.h"

namespace guard {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kHuge = std::uint64_t{1} << 60U;

bool any_fail(const std::vector<Line>& lines) {
  for (const Line& line : lines) {
    if (line.verdict == Verdict::Fail) return true;
  }
  return false;
}

TEST(Space, F9_StopsWithARemedyAndNoNumberWhenTheServersSpaceIsNotKnown) {
  const std::vector<Line> lines = space_lines({.database_bytes = 1000, .dir = "/tmp"});
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1].verdict, Verdict::Fail);
  EXPECT_EQ(lines[1].kind, util::Kind::Space);
  EXPECT_THAT(lines[1].text, HasSubstr("not known"));
  EXPECT_THAT(lines[1].text, testing::Not(HasSubstr("free on")));
  EXPECT_THAT(lines[1].remedy, HasSubstr("--server-free"));
}

TEST(Space, F9_TakesWhatTheOperatorStates) {
  EXPECT_FALSE(any_fail(space_lines({.database_bytes = 1000, .dir = "/tmp", .server_free = 2000})));
  EXPECT_TRUE(any_fail(space_lines({.database_bytes = 1000, .dir = "/tmp", .server_free = 1999})));
}

TEST(Space, CountsBackupAndCopyTogetherWhenTheyShareADisk) {
  util::TempDir server("space");
  const std::vector<Line> lines = space_lines(
      {.database_bytes = 1000, .dir = server.path() / "not-yet", .server_folder = server.path()});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].verdict, Verdict::Pass);
  EXPECT_TRUE(any_fail(space_lines(
      {.database_bytes = kHuge, .dir = server.path(), .server_folder = server.path()})));
}

TEST(Space, AsksOnlyForTheBackupWhereNoCopyIsMade) {
  const std::vector<Line> lines =
      space_lines({.database_bytes = 1000, .dir = "/tmp", .needs_copy = false});
  ASSERT_EQ(lines.size(), 1U);
  EXPECT_EQ(lines[0].verdict, Verdict::Pass);
}

// A container behind a forwarded port has a data_directory of the same name as the machine's own
// server.
TEST(Space, F9_KnowsAFolderOnlyByTheMomentOfItsLastChange) {
  util::TempDir folder("space");
  struct stat facts {};
  ASSERT_EQ(::stat(folder.path().c_str(), &facts), 0);
  const pg::ConnInfo here = pg::ConnInfo::parse("postgresql://a@127.0.0.1:5432/app");
  const pg::ConnInfo away = pg::ConnInfo::parse("postgresql://a@db.example:5432/app");
  ServerFolder server{.data_directory = folder.path().string(), .changed_at = facts.st_ctim.tv_sec};
  EXPECT_EQ(local_server_folder(here, server), folder.path());
  EXPECT_FALSE(local_server_folder(away, server));
  server.changed_at = facts.st_ctim.tv_sec - 60;
  EXPECT_FALSE(local_server_folder(here, server));
  server.changed_at.reset();
  EXPECT_FALSE(local_server_folder(here, server));
}

}  // namespace
}  // namespace guard
