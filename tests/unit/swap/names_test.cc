// Names of side databases (contracts.md K5).
#include "swap/names.h"

#include <gtest/gtest.h>

#include "util/error.h"
#include "util/text.h"

namespace swap {
namespace {

constexpr const char* kKey = "20261120143050";

TEST(SideName, CarriesPurposeAndKey) {
  EXPECT_EQ(side_name("app", Purpose::Proof, kKey), "app__proof_20261120143050");
  EXPECT_EQ(side_name("app", Purpose::Failed, "202611201430502"), "app__failed_202611201430502");
}

TEST(SideName, K5LongNamesAreCutAtACharacterAndKeepTheKey) {
  std::string snowmen;
  for (int n = 0; n < 21; ++n) snowmen += "☃";  // 63 bytes
  const std::string name = side_name(snowmen, Purpose::Rehearsal, kKey);
  EXPECT_LE(name.size(), 63U);
  EXPECT_TRUE(util::is_utf8(name));
  EXPECT_TRUE(name.ends_with("__rehearsal_20261120143050"));
}

TEST(SideName, RoundTrip) {
  for (const std::string database : {"app", "a__proof_x", "with \"quotes\" and _ 'all'", "__"}) {
    for (const Purpose purpose : {Purpose::Proof, Purpose::Rehearsal, Purpose::Failed,
                                  Purpose::Replaced, Purpose::Probe, Purpose::Held}) {
      const std::optional<SideName> parts = parse_side_name(side_name(database, purpose, kKey));
      ASSERT_TRUE(parts) << database;
      EXPECT_EQ(parts->database, database);
      EXPECT_EQ(parts->purpose, purpose);
      EXPECT_EQ(parts->key, kKey);
    }
  }
}

TEST(SideName, OtherNamesAreNone) {
  for (const char* name : {"app", "app__proof_", "app__proof_2026", "app__proof_20261120143050x",
                           "app_proof_20261120143050", "__proof_20261120143050",
                           "app__copy_20261120143050", "20261120143050", ""}) {
    EXPECT_FALSE(parse_side_name(name)) << name;
  }
}

TEST(SideName, AKeyIsDigits) {
  EXPECT_THROW(side_name("app", Purpose::Proof, "x; drop"), util::Error);
  EXPECT_THROW(side_name("app", Purpose::Proof, ""), util::Error);
}

}  // namespace
}  // namespace swap
