// What a database holds after a crash of its server, compared with what it held before.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "util/text.h"

namespace test {

// What GuardedTest::content() gives, the positions of sequences apart from the rest.
struct Content {
  std::string rest;
  std::map<std::string, std::int64_t> positions;  // of sequences that have been called
};
inline Content taken_apart(const std::string& content) {
  Content out;
  for (const std::string_view line : util::split(content, '\n')) {
    const std::size_t comma = line.rfind(',');
    const bool position = line.starts_with("sequence ") && comma != line.npos;
    out.rest += util::cat(position ? line.substr(0, comma) : line, "\n");
    if (!position) continue;
    if (const auto value = util::parse_i64(line.substr(comma + 1, line.size() - comma - 2)))
      out.positions.emplace(line.substr(0, comma), *value);
  }
  return out;
}

// A server that crashes has sequences up to 32 numbers further on than they were: it writes them
// ahead into its log (SEQ_LOG_VALS). Nobody knows then whether those were drawn, so an undo leaves
// them out (M7). Not so after a checkpoint, which each DROP DATABASE makes, and in a copy, whose
// sequences were set and not drawn from.
constexpr std::int64_t kWrittenAhead = 32;
inline void expect_content_after_crash(const std::string& before, const std::string& now) {
  const Content was = taken_apart(before), is = taken_apart(now);
  EXPECT_EQ(is.rest, was.rest);
  ASSERT_EQ(is.positions.size(), was.positions.size());
  ASSERT_FALSE(was.positions.empty());
  for (const auto& [sequence, position] : was.positions) {
    EXPECT_GE(is.positions.at(sequence), position) << sequence;
    EXPECT_LE(is.positions.at(sequence), position + kWrittenAhead) << sequence;
  }
}

}  // namespace test
