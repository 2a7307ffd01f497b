#include "util/text.h"

#include <gtest/gtest.h>

#include <array>

#include "util/clock.h"
#include "util/units.h"

namespace util {
namespace {

TEST(Text, CutsOnlyBetweenCharacters) {
  EXPECT_EQ(cut_utf8("aé", 2), "a");
  EXPECT_EQ(cut_utf8("aé", 3), "aé");
}

TEST(Text, RecognisesWhatIsNotUtf8) {
  EXPECT_TRUE(is_utf8("naïve €𝄞"));
  EXPECT_FALSE(is_utf8("\xC3"));
  EXPECT_TRUE(is_utf8("sixteen letters!"));
  EXPECT_FALSE(is_utf8("eight, and\xFFmore"));
  EXPECT_FALSE(is_utf8("just eight\xC3"));
  EXPECT_FALSE(is_utf8("\xC0\x80"));
  EXPECT_FALSE(is_utf8("\xED\xA0\x80"));
}

TEST(Text, MakesControlCharactersVisible) { EXPECT_EQ(printable("a\nb"), "a\\x0ab"); }

TEST(Text, FindsTheWordThatWasMeant) {
  constexpr std::array<std::string_view, 2> kWords{"jobs", "formats"};
  EXPECT_EQ(nearest("job", kWords), "jobs");
  EXPECT_EQ(nearest("zebra", kWords), std::nullopt);
}

TEST(Units, ReadsWhatPeopleWrite) {
  EXPECT_EQ(parse_duration("1h30m"), std::chrono::minutes(90));
  EXPECT_EQ(parse_duration("2s"), std::chrono::seconds(2));
  EXPECT_EQ(parse_duration("abc"), std::nullopt);
  EXPECT_EQ(parse_duration("5"), std::nullopt);
  EXPECT_EQ(parse_size("512MB"), 512'000'000U);
  EXPECT_EQ(parse_size("1.5GiB"), 1'610'612'736U);
  EXPECT_EQ(parse_size("12 bananas"), std::nullopt);
}

TEST(Units, ShowsWhatPeopleRead) {
  EXPECT_EQ(show_size(312'400'000), "312 MB");
  EXPECT_EQ(show_size(1'700'000'000), "1.7 GB");
  EXPECT_EQ(show_size(12), "12 bytes");
  EXPECT_EQ(show_count(8130660), "8 130 660");
  EXPECT_EQ(show_counted(1, "file"), "1 file");
  EXPECT_EQ(show_counted(0, "file"), "0 files");
  EXPECT_EQ(show_counted(3000, "file"), "3 000 files");
  EXPECT_EQ(show_duration(Seconds(0.04)), "0.04 s");
  EXPECT_EQ(show_duration(Seconds(123)), "2 min 03 s");
}

}  // namespace
}  // namespace util
