#include "verify/reading.h"

#include <gtest/gtest.h>

namespace verify {
namespace {

archive::TableRecord table(std::vector<std::uint64_t> piece_bytes) {
  archive::TableRecord record;
  for (const std::uint64_t bytes : piece_bytes)
    record.pieces.push_back({.rows = 1, .raw_bytes = bytes});
  return record;
}

// K15: such rows are read by one worker at a time.
TEST(HugeRows, AreTakenFromTheLengthsOfPieces) {
  constexpr std::uint64_t kMiB = 1U << 20U;
  EXPECT_FALSE(has_huge_rows(table({})));
  EXPECT_FALSE(has_huge_rows(table({4 * kMiB, 20 * kMiB}))) << "just below 4 MiB, and 16 MiB";
  EXPECT_TRUE(has_huge_rows(table({4 * kMiB, 20 * kMiB + 1, kMiB})));
  EXPECT_TRUE(has_huge_rows(table({500 * kMiB})));
}

}  // namespace
}  // namespace verify
