#include "backup/stage.h"

#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "util/error.h"

namespace backup {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> names_in(const fs::path& dir) {
  std::vector<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir))
    names.push_back(entry.path().filename());
  return names;
}

TEST(Stage, IsInvisibleAndPrivateUntilPublished) {
  const util::TempDir dir("stage-");
  Stage stage(dir.path(), "2026-11-20_143052_x");
  EXPECT_TRUE(stage.path().filename().string().starts_with("."));
  struct stat status {};
  ASSERT_EQ(::stat(stage.path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
  std::ofstream(stage.path() / "file") << "x";
  EXPECT_EQ(stage.publish(), dir.path() / "2026-11-20_143052_x");
  EXPECT_THAT(names_in(dir.path()), testing::ElementsAre("2026-11-20_143052_x"));
  EXPECT_TRUE(fs::exists(dir.path() / "2026-11-20_143052_x" / "file"));
}

TEST(Stage, LeavesNoTraceWhenItIsNotPublished) {
  const util::TempDir dir("stage-");
  {
    const Stage stage(dir.path(), "name");
    std::ofstream(stage.path() / "file") << "x";
  }
  EXPECT_THAT(names_in(dir.path()), testing::IsEmpty());
}

TEST(Stage, DoesNotReplaceABackupThatGotItsNameMeanwhile) {
  const util::TempDir dir("stage-");
  Stage stage(dir.path(), "name");
  fs::create_directory(dir.path() / "name");
  std::ofstream(dir.path() / "name" / "theirs") << "x";
  EXPECT_THROW(stage.publish(), util::Error);
  EXPECT_TRUE(fs::exists(dir.path() / "name" / "theirs"));
}

// A run of another process is not a leftover; what a killed one left is.
TEST(StaleStages, AreThoseWhoseMakerIsGone) {
  const util::TempDir dir("stage-");
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    const Stage stage(dir.path(), "theirs");
    [[maybe_unused]] const ssize_t said = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  remove_stale_stages(dir.path());
  EXPECT_EQ(names_in(dir.path()).size(), 1U) << "the stage of a living process was removed";

  ::kill(child, SIGKILL);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_EQ(names_in(dir.path()).size(), 1U)
      << "a killed process cannot clean up: this test proves nothing";
  remove_stale_stages(dir.path());
  EXPECT_THAT(names_in(dir.path()), testing::IsEmpty());
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace backup
