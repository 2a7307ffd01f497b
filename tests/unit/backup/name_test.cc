// Names and labels (contracts.md K5).
#include <gmock/gmock.h>

#include <filesystem>

#include "backup/backup.h"
#include "util/files.h"

namespace backup {
namespace {

TEST(CleanLabel, KeepsLettersDigitsAndHyphens) {
  EXPECT_EQ(clean_label("pre-migration"), "pre-migration");
  EXPECT_EQ(clean_label("Add Quotas (v2)!"), "add-quotas-v2");
  EXPECT_EQ(clean_label("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(clean_label("Größe"), "gr-e");
  EXPECT_EQ(clean_label("a\nb"), "a-b");
}

TEST(CleanLabel, IsNeverEmptyNorTooLong) {
  EXPECT_EQ(clean_label(""), "backup");
  EXPECT_EQ(clean_label("___"), "backup");
  EXPECT_EQ(clean_label(std::string(100, 'x')), std::string(40, 'x'));
  EXPECT_EQ(clean_label(std::string(39, 'x') + "-y"), std::string(39, 'x'));
}

TEST(MakeName, CountsWhenTheSecondIsTaken) {
  const util::TempDir dir("names-");
  const auto when = util::parse_rfc3339("2026-11-20T14:30:52Z").value();
  EXPECT_EQ(make_name(when, "Pre Migration", dir.path()), "2026-11-20_143052_pre-migration");
  std::filesystem::create_directory(dir.path() / "2026-11-20_143052_pre-migration");
  EXPECT_EQ(make_name(when, "Pre Migration", dir.path()), "2026-11-20_143052_pre-migration-2");
  std::filesystem::create_directory(dir.path() / "2026-11-20_143052_pre-migration-2");
  EXPECT_EQ(make_name(when, "Pre Migration", dir.path()), "2026-11-20_143052_pre-migration-3");
}

}  // namespace
}  // namespace backup
