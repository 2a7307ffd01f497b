#include "archive/evidence.h"

#include <gmock/gmock.h>

#include "util/error.h"

namespace archive {
namespace {

Evidence full() {
  Evidence evidence{.level = Level::Proven,
                    .damaged = true,
                    .definition = 1,
                    .at = "2026-11-20T14:31:00.000Z",
                    .duration_s = 31.2,
                    .by_version = "0.1.0",
                    .server = "PostgreSQL 15.20 on db.example.org",
                    .sums_sha256 = std::string(64, '1')};
  evidence.findings = {{.severity = Severity::Accepted,
                        .code = "column-order",
                        .table = "s.\xFF",
                        .text = "a, c, b"},
                       {.severity = Severity::Damage,
                        .code = "fingerprint",
                        .file = "full_backup.dump",
                        .table = "s.t",
                        .piece = 3,
                        .offset = 18446744073709551615U,
                        .text = "differs",
                        .hint = "restore another one",
                        .recorded = "owner: a\nquery:\n  select 1\n",
                        .found = "owner: \xFF\n"}};
  evidence.reports = {{"verification_report.txt", std::string(64, '2')}};
  return evidence;
}

bool is_refused(std::string_view json) {
  try {
    evidence_from_json(json);
    return false;
  } catch (const util::Error& error) {
    return error.kind() == util::Kind::Damage;
  }
}

TEST(Evidence, SurvivesARoundTrip) {
  const std::string json = to_json(full());
  const Evidence read = evidence_from_json(json);
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.level, Level::Proven);
  EXPECT_TRUE(read.damaged);
  EXPECT_EQ(read.findings[0].table, "s.\xFF");
  EXPECT_EQ(read.findings[0].severity, Severity::Accepted);
  EXPECT_EQ(read.findings[0].piece, std::nullopt);
  EXPECT_EQ(read.findings[1].piece, 3U);
  EXPECT_EQ(read.findings[1].offset, 18446744073709551615U);
  EXPECT_EQ(read.findings[1].recorded, "owner: a\nquery:\n  select 1\n");
  EXPECT_EQ(read.findings[1].found, "owner: \xFF\n");
  EXPECT_TRUE(read.findings[0].recorded.empty());
  EXPECT_EQ(read.reports, full().reports);
  EXPECT_EQ(read.sums_sha256, std::string(64, '1'));
}

TEST(Evidence, AFlippedBitInAnyByteIsNoticed) {  // K11
  const std::string json = to_json(full());
  for (std::size_t at = 0; at + 1 < json.size(); ++at) {
    std::string changed = json;
    changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ (1U << at % 8));
    EXPECT_TRUE(is_refused(changed)) << "bit " << at % 8 << " of byte " << at;
  }
}

TEST(Evidence, AHigherLevelCannotBeWrittenIn) {
  std::string json = to_json(Evidence{.level = Level::ReadBack});
  json.replace(json.find("read-back"), 9, "proven");
  EXPECT_TRUE(is_refused(json));
}

TEST(Evidence, RefusesWhatIsNotEvidence) {
  EXPECT_TRUE(is_refused(""));
  EXPECT_TRUE(is_refused("{}"));
  EXPECT_TRUE(is_refused("null"));
}

TEST(Levels, HaveNamesThatAreRead) {
  for (const std::string_view name : kLevelNames)
    EXPECT_EQ(level_name(parse_level(name).value()), name);
  EXPECT_EQ(parse_level("unproven"), std::nullopt);
}

}  // namespace
}  // namespace archive
