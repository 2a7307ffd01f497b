#include "config/settings.h"

#include <gtest/gtest.h>

#include <fstream>

#include "util/error.h"
#include "util/files.h"

namespace config {
namespace {

class SettingsTest : public testing::Test {
 protected:
  Settings load(CommandBit command, const Flags& flags,
                std::map<std::string, std::string> environment = {}) {
    return Settings::load(
        command, flags,
        [environment](std::string_view name) -> std::optional<std::string> {
          const auto at = environment.find(std::string(name));
          return at == environment.end() ? std::nullopt : std::optional(at->second);
        },
        folder_.path());
  }
  void write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.path() / name) << text;
  }
  std::string failure(CommandBit command, const Flags& flags) {
    try {
      load(command, flags);
    } catch (const util::Error& error) {
      EXPECT_EQ(error.kind(), util::Kind::Usage);
      return error.text();
    }
    return "no failure";
  }
  util::TempDir folder_{"pgbelay-settings-"};
};

TEST_F(SettingsTest, FlagWinsOverEnvironmentOverFileOverDefault) {
  write("pgbelay.toml", "[backup]\njobs = 3\n[defaults]\njobs = 2\n");
  EXPECT_EQ(load(kVerify, {}).count("jobs"), 2U);
  EXPECT_EQ(load(kBackup, {}).count("jobs"), 3U);
  EXPECT_EQ(load(kBackup, {}, {{"PGBELAY_JOBS", "4"}}).count("jobs"), 4U);
  EXPECT_EQ(load(kBackup, {{"jobs", {"5"}}}, {{"PGBELAY_JOBS", "4"}}).count("jobs"), 5U);
}

TEST_F(SettingsTest, WhatIsTypedIsToldFromWhatTheFileSays) {
  write("pgbelay.toml", "[defaults]\nsequences = \"exact\"\n");
  EXPECT_EQ(load(kMigrate, {}).text("sequences"), "exact");
  EXPECT_EQ(load(kUndo, {}).typed("sequences"), std::nullopt);
  EXPECT_EQ(load(kUndo, {{"sequences", {"further"}}}).typed("sequences"), "further");
  write("pgbelay.toml", "");
  EXPECT_EQ(load(kMigrate, {}).text("sequences"), "further");
}

TEST_F(SettingsTest, BackupsLiveBesideTheConfigurationFile) {
  write("pgbelay.toml", "");
  EXPECT_EQ(load(kBackup, {}).path("dir"), folder_.path() / "backups");
  write("pgbelay.toml", "dir = \"elsewhere\"\n");
  EXPECT_EQ(load(kBackup, {}).path("dir"), folder_.path() / "elsewhere");
  EXPECT_EQ(load(kBackup, {{"dir", {"here"}}}).path("dir"), "here");
}

TEST_F(SettingsTest, UnknownKeyNamesTheNearestKnownOne) {
  write("pgbelay.toml", "[backup]\njob = 3\n");
  const std::string text = failure(kBackup, {});
  EXPECT_NE(text.find("unknown key job"), std::string::npos) << text;
  EXPECT_NE(text.find("jobs"), std::string::npos) << text;
}

TEST_F(SettingsTest, RefusesAValueOfTheWrongKindAndNamesItsPlace) {
  EXPECT_NE(failure(kBackup, {{"jobs", {"many"}}}).find("--jobs: many is not a number"),
            std::string::npos);
  EXPECT_NE(failure(kMigrate, {{"undo", {"later"}}}).find("one of auto, swap, "),
            std::string::npos);
}

TEST_F(SettingsTest, OptionsOfAGroupStandInItsTable) {
  write("pgbelay.toml", "[hooks]\nbefore_hold = \"stop it\"\ntimeout = \"2s\"\n");
  EXPECT_EQ(load(kMigrate, {}).text("before-hold"), "stop it");
  EXPECT_EQ(load(kUndo, {}).duration("hook-timeout"), std::chrono::seconds(2));
  EXPECT_EQ(load(kMigrate, {{"before-hold", {"other"}}}).text("before-hold"), "other");
  write("pgbelay.toml", "[hooks]\nbefore_holt = \"x\"\n");
  EXPECT_NE(failure(kMigrate, {}).find("Did you mean before_hold?"), std::string::npos);
  write("pgbelay.toml", "[migrate]\nbefore_hold = \"x\"\n");
  EXPECT_NE(failure(kMigrate, {}).find("unknown key before_hold in [migrate]"), std::string::npos);
}

TEST_F(SettingsTest, TheEnvironmentWinsOverDotenv) {
  write(".env", "# comment\nexport DATABASE_URL=\"postgres://a@h/one\" \nOTHER=plain # note\n");
  EXPECT_EQ(load(kBackup, {}).text("database"), "postgres://a@h/one");
  EXPECT_EQ(load(kBackup, {}).variable("OTHER"), "plain");
  EXPECT_EQ(load(kBackup, {}, {{"DATABASE_URL", "postgres://b@h/two"}}).text("database"),
            "postgres://b@h/two");
  EXPECT_EQ(load(kBackup, {{"no-env-file", {""}}}).given("database"), std::nullopt);
}

}  // namespace
}  // namespace config
