// Opening, listing and finding published backups (contracts.md K7, K11).
#include <gmock/gmock.h>

#include "unit/backup/handmade.h"
#include "util/error.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class BackupSet : public testing::Test {
 protected:
  fs::path add(const std::string& name, const std::string& database = "handmade") {
    Handmade made(dir_.path() / name);
    made.manifest.database = database;
    made.write_manifest();
    return made.path();
  }
  void mark_damaged(const fs::path& path) {
    const Backup backup = open(path);
    archive::Evidence evidence;
    evidence.damaged = true;
    evidence.sums_sha256 = backup.sums_sha256;
    record(backup, evidence);
  }
  util::Error failure_of(const std::function<void()>& work) {
    try {
      work();
    } catch (const util::Error& failure) {
      return failure;
    }
    return {util::Kind::Bug, "nothing was thrown"};
  }
  util::TempDir dir_{"set-"};
};

TEST_F(BackupSet, ListsByNameAndLeavesOutWhatIsNoBackup) {
  add("2026-11-20_143052_b");
  add("2026-11-19_143052_a");
  fs::create_directory(dir_.path() / "runs");
  fs::create_directory(dir_.path() / ".stage-2026-11-21_143052_c-1");
  fs::create_symlink("2026-11-20_143052_b", dir_.path() / "latest");
  std::vector<std::string> names;
  for (const Entry& entry : list(dir_.path())) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("2026-11-19_143052_a", "2026-11-20_143052_b"));
}

TEST_F(BackupSet, OfNoFolderIsEmpty) { EXPECT_TRUE(list(dir_.path() / "nowhere").empty()); }

TEST_F(BackupSet, ListsDamagedOnesWithTheReason) {
  fs::remove(add("2026-11-19_143052_a") / "manifest.json");
  const std::vector<Entry> entries = list(dir_.path());
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_FALSE(entries[0].backup.has_value());
  EXPECT_THAT(entries[0].problem, HasSubstr("manifest.json"));
}

TEST_F(BackupSet, OpenTellsWhatIsMissingOrChanged) {
  EXPECT_EQ(failure_of([&] { open(dir_.path() / "nowhere"); }).kind(), util::Kind::Usage);
  EXPECT_EQ(failure_of([&] { open(dir_.path()); }).kind(), util::Kind::Usage);

  const fs::path path = add("2026-11-19_143052_a");
  const std::string json = util::read_text(path / "manifest.json");
  std::ofstream(path / "manifest.json") << util::replace_all(json, "handmade", "handmode");
  const util::Error changed = failure_of([&] { open(path); });
  EXPECT_EQ(changed.kind(), util::Kind::Damage);
  EXPECT_THAT(changed.message(), HasSubstr("manifest.json"));

  std::ofstream(path / "manifest.json")
      << util::replace_all(json, "\"format\": 1", "\"format\": 2");
  const util::Error newer = failure_of([&] { open(path); });
  EXPECT_EQ(newer.kind(), util::Kind::Usage) << newer.message();

  fs::remove(path / "manifest.json");
  EXPECT_EQ(failure_of([&] { open(path); }).kind(), util::Kind::Damage);
}

// K11: evidence of other sums is no evidence.
TEST_F(BackupSet, EvidenceCountsOnlyForTheBackupItWasMadeFor) {
  const fs::path path = add("2026-11-19_143052_a");
  archive::Evidence evidence;
  evidence.level = archive::Level::ReadBack;
  evidence.sums_sha256 = open(path).sums_sha256;
  record(open(path), evidence);
  EXPECT_EQ(open(path).level(), archive::Level::ReadBack);

  evidence.sums_sha256 = codec::sha256_of("something else");
  record(open(path), evidence);
  EXPECT_EQ(open(path).level(), archive::Level::None);
}

TEST_F(BackupSet, FindsByNamePartAndFolder) {
  const fs::path a = add("2026-11-19_143052_alpha");
  add("2026-11-20_143052_beta");
  EXPECT_EQ(find(dir_.path(), "2026-11-19_143052_alpha").path, a);
  EXPECT_EQ(find(dir_.path(), "alph").path, a);
  EXPECT_EQ(find("/nowhere", a.string()).path, a);
  const util::Error two = failure_of([&] { find(dir_.path(), "143052"); });
  EXPECT_EQ(two.kind(), util::Kind::Usage);
  EXPECT_THAT(two.message(), HasSubstr("2026-11-19_143052_alpha"));
  EXPECT_THAT(two.message(), HasSubstr("2026-11-20_143052_beta"));
  EXPECT_EQ(failure_of([&] { find(dir_.path(), "gamma"); }).kind(), util::Kind::Usage);
  EXPECT_EQ(failure_of([&] { find(dir_.path(), ""); }).kind(), util::Kind::Usage);
}

// A whole name wins over being a part of another.
TEST_F(BackupSet, AnExactNameIsNeverAmbiguous) {
  const fs::path first = add("2026-11-19_143052_a");
  add("2026-11-19_143052_a-2");
  EXPECT_EQ(find(dir_.path(), "2026-11-19_143052_a").path, first);
}

// K7: the newest that is not known to be damaged, of the database if one is given.
TEST_F(BackupSet, LatestIsTheNewestGoodOneOfTheDatabase) {
  const fs::path oldest = add("2026-11-18_143052_a", "app");
  const fs::path middle = add("2026-11-19_143052_b", "app");
  const fs::path newest = add("2026-11-20_143052_c", "other");
  EXPECT_EQ(find(dir_.path(), "latest").path, newest);
  EXPECT_EQ(find(dir_.path(), "latest", "app").path, middle);
  mark_damaged(middle);
  EXPECT_EQ(find(dir_.path(), "latest", "app").path, oldest);
  fs::remove(oldest / "manifest.json");
  EXPECT_EQ(failure_of([&] { find(dir_.path(), "latest", "app"); }).kind(), util::Kind::Usage);
}

TEST_F(BackupSet, TheLinkMovesOffABackupThatTurnedOutDamaged) {
  add("2026-11-19_143052_a");
  const fs::path newest = add("2026-11-20_143052_b");
  fs::create_symlink("2026-11-20_143052_b", dir_.path() / "latest");
  mark_damaged(newest);
  EXPECT_EQ(fs::read_symlink(dir_.path() / "latest"), "2026-11-19_143052_a");
}

}  // namespace
}  // namespace backup
