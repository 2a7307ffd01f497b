#include "tap/frames.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

namespace tap {
namespace {

using Seen = std::vector<std::pair<char, std::string>>;

struct Recorder {
  Seen seen;
  std::size_t wanted(char type) const { return type == 'd' ? kSkip : type == 'Z' ? 1 : 8; }
  void message(char type, std::string_view payload) { seen.emplace_back(type, payload); }
};

std::string stream() {
  return Message('Q').text("abc").bytes() + Message('S').bytes() +
         Message('d').raw(std::string(1000, 'x')).bytes() + Message('P').raw("0123456789").bytes() +
         Message('Z').byte('I').bytes() + Message('H').bytes();
}

const Seen kExpected{
    {'Q', std::string("abc\0", 4)}, {'S', ""}, {'P', "01234567"}, {'Z', "I"}, {'H', ""}};

TEST(Frames, FindsTheMessagesOfAWholeStream) {
  FrameScanner scanner;
  Recorder recorder;
  scanner.scan(stream(), recorder);
  EXPECT_EQ(recorder.seen, kExpected);
  EXPECT_TRUE(scanner.at_boundary());
}

TEST(Frames, FindsTheSameMessagesHoweverTheStreamIsCut) {
  const std::string bytes = stream();
  for (std::size_t piece = 1; piece < bytes.size(); ++piece) {
    FrameScanner scanner;
    Recorder recorder;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      scanner.scan(std::string_view(bytes).substr(at, piece), recorder);
    }
    ASSERT_EQ(recorder.seen, kExpected) << "pieces of " << piece;
    ASSERT_TRUE(scanner.at_boundary());
  }
}

TEST(Frames, KnowsThatAMessageIsIncomplete) {
  const std::string bytes = stream();
  for (const std::size_t cut : {std::size_t{1}, std::size_t{4}, std::size_t{6}, bytes.size() - 1}) {
    FrameScanner scanner;
    Recorder recorder;
    scanner.scan(std::string_view(bytes).substr(0, cut), recorder);
    EXPECT_FALSE(scanner.at_boundary()) << cut;
  }
}

TEST(Frames, KeepsNothingOfALengthThatOnlySaysItIsLarge) {
  FrameScanner scanner;
  Recorder recorder;
  scanner.scan(std::string("Q\x7f\xff\xff\xff", 5) + std::string(100, 'x'), recorder);
  EXPECT_TRUE(recorder.seen.empty());
  EXPECT_FALSE(scanner.broken());
}

TEST(Frames, StopsAtALengthThatCannotBe) {
  FrameScanner scanner;
  Recorder recorder;
  scanner.scan(std::string("Q\0\0\0\3abc", 8) + stream(), recorder);
  EXPECT_TRUE(scanner.broken());
  EXPECT_TRUE(recorder.seen.empty());
}

}  // namespace
}  // namespace tap
