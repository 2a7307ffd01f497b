// K13: the sum modulo 2^128 of XXH3-128 of each line without its newline.
#include "codec/fingerprint.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "unit/codec/streams.h"

namespace codec {
namespace {

using testing::bytes;
using testing::copy_text;

Fingerprint rows(const std::vector<std::string>& lines) {
  Fingerprint sum;
  for (const std::string& line : lines) sum.add_row(bytes(line));
  return sum;
}

Fingerprint split(std::string_view text, std::size_t step) {
  RowSplitter splitter;
  for (std::size_t n = 0; n < text.size(); n += step) splitter.add(bytes(text.substr(n, step)));
  EXPECT_FALSE(splitter.partial());
  return splitter.fingerprint();
}

// The values are a format, since manifests hold them; these are xxHash's own, added by hand.
TEST(Fingerprint, IsXxh3OfTheRow) {
  EXPECT_EQ(rows({""}).value(), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(rows({"1\ta"}).value(), "dfdfac54cb29e8696994823e93f32b4f");
  EXPECT_EQ(rows({std::string(1000, 'x')}).value(), "50a1af5a5f2dcf01c0a4877b962cba82");
  EXPECT_EQ(rows({"", "1\ta"}).value(), "7989b327cc718141c9964562da8074ce");
  EXPECT_EQ(Fingerprint{}.value(), std::string(32, '0'));
}

TEST(Fingerprint, CountsEqualRowsEachTime) {
  EXPECT_NE(rows({"a", "a"}), rows({"a"}));
  EXPECT_NE(rows({"a", "a"}), rows({"b", "b"}));
}

TEST(Fingerprint, DoesNotDependOnTheOrderNorOnTheChunks) {
  std::vector<std::string> lines;
  for (int n = 0; n < 1000; ++n) lines.push_back("row " + std::to_string(n));
  const Fingerprint whole = rows(lines);
  std::shuffle(lines.begin(), lines.end(), std::mt19937(7));
  EXPECT_EQ(rows(lines), whole);
  Fingerprint parts;
  for (std::size_t n = 0; n < lines.size(); n += 100) {
    parts += rows({lines.begin() + static_cast<std::ptrdiff_t>(n),
                   lines.begin() + static_cast<std::ptrdiff_t>(n + 100)});
  }
  EXPECT_EQ(parts, whole);
}

TEST(Fingerprint, CarriesIntoTheHighHalf) {
  Fingerprint sum{.rows = 1, .high = 5, .low = UINT64_MAX};
  sum += Fingerprint{.rows = 1, .high = UINT64_MAX, .low = 2};
  EXPECT_EQ(sum, (Fingerprint{.rows = 2, .high = 5, .low = 1}));
}

TEST(Fingerprint, ReadsWhatItWrote) {
  const Fingerprint sum = rows({"a", "b", "c"});
  EXPECT_EQ(Fingerprint::parse(3, sum.value()), sum);
  EXPECT_EQ(Fingerprint::parse(3, ""), std::nullopt);
  EXPECT_EQ(Fingerprint::parse(3, sum.value() + "0"), std::nullopt);
  EXPECT_EQ(Fingerprint::parse(3, std::string(32, 'A')), std::nullopt)
      << "lower case only, or two texts mean one value";
  EXPECT_EQ(Fingerprint::parse(3, std::string(31, '0') + " "), std::nullopt);
}

TEST(RowSplitter, FindsTheRowsHoweverTheStreamIsCut) {
  const std::string text = copy_text(50'000) + "\n\nlast\n";
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  }
  const Fingerprint expected = rows(lines);
  for (const std::size_t step : {1UL, 2UL, 13UL, 4096UL, text.size()})
    EXPECT_EQ(split(text, step), expected) << step;
}

TEST(RowSplitter, StopsAtTheEndMarker) {
  const Fingerprint expected = rows({"a", "\\.b", "", "c\\."});
  const std::string text = "a\n\\.b\n\nc\\.\n\\.\n\n\nwhat follows\n";
  for (const std::size_t step : {1UL, 2UL, 3UL, text.size()}) {
    RowSplitter splitter;
    for (std::size_t n = 0; n < text.size(); n += step)
      splitter.add(bytes(std::string_view(text).substr(n, step)));
    EXPECT_EQ(splitter.fingerprint(), expected) << step;
    EXPECT_TRUE(splitter.ended());
    EXPECT_FALSE(splitter.partial());
  }
}

TEST(RowSplitter, SaysThatARowIsNotComplete) {
  RowSplitter splitter;
  EXPECT_FALSE(splitter.partial());
  splitter.add(bytes("a\nb"));
  EXPECT_TRUE(splitter.partial());
  EXPECT_EQ(splitter.fingerprint().rows, 1U);
  splitter.add(bytes("\n"));
  EXPECT_FALSE(splitter.partial());
  EXPECT_FALSE(splitter.ended());
  EXPECT_EQ(splitter.fingerprint(), rows({"a", "b"}));
}

TEST(RowSplitter, HashesGiantRowsAsTheyCome) {
  const std::string giant(5'000'000, 'g');
  const std::string text = "small\n" + giant + "\nsmall too\n" + giant + "\n";
  const Fingerprint expected = rows({"small", giant, "small too", giant});
  for (const std::size_t step : {1000UL, 262'144UL, 1'048'577UL, text.size()}) {
    EXPECT_EQ(split(text, step), expected) << step;
  }
  RowSplitter unfinished;
  for (std::size_t n = 0; n < 30; ++n)
    unfinished.add(bytes(std::string_view(giant).substr(0, 100'000)));
  EXPECT_TRUE(unfinished.partial());
  EXPECT_EQ(unfinished.fingerprint().rows, 0U);
}

}  // namespace
}  // namespace codec
