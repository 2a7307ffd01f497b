#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "load/row_stream.h"

namespace load {
namespace {

// What comes out of `text`, given in portions of `portion` bytes.
std::vector<RowPiece> cut(const std::string& text, std::size_t portion) {
  std::vector<RowPiece> pieces;
  RowCutter cutter([&](RowPiece piece) { pieces.push_back(std::move(piece)); });
  const auto bytes = std::as_bytes(std::span(text));
  for (std::size_t at = 0; at < bytes.size(); at += portion) {
    cutter.add(bytes.subspan(at, std::min(portion, bytes.size() - at)));
  }
  cutter.finish();
  return pieces;
}

std::string text_of(const std::vector<RowPiece>& pieces) {
  std::string out;
  for (const RowPiece& piece : pieces) {
    for (const std::byte byte : piece.bytes) out += static_cast<char>(byte);
  }
  return out;
}

const std::string kEnd(archive::kEndOfData);

TEST(RowCutter, NothingButTheMarkerIsNothing) { EXPECT_TRUE(cut(kEnd, 2).empty()); }

TEST(RowCutter, EmptyRowsStay) {
  EXPECT_EQ(text_of(cut("\n\n\n" + kEnd, 1)), "\n\n\n");
  EXPECT_EQ(text_of(cut("\\\\.\n" + kEnd, 3)), "\\\\.\n");
}

TEST(RowCutter, PiecesEndAtRowEndsAndLoseNothing) {
  std::string rows;
  for (int n = 0; n < 40'000; ++n) rows += std::to_string(n) + "\tvalue\n";
  for (const std::size_t portion : {7'919U, 262'144U, 5'000'000U}) {
    const std::vector<RowPiece> pieces = cut(rows + kEnd, portion);
    EXPECT_EQ(text_of(pieces), rows);
    for (const RowPiece& piece : pieces) {
      EXPECT_TRUE(piece.ends_row);
      EXPECT_EQ(piece.bytes.back(), std::byte{'\n'});
    }
  }
}

TEST(RowCutter, ARowThatIsTooLargeIsCutAndMarked) {
  const std::string rows = "a\n" + std::string(1'500'000, 'x') + "\nb\n";
  const std::vector<RowPiece> pieces = cut(rows + kEnd, 100'000);
  EXPECT_EQ(text_of(pieces), rows);
  EXPECT_GT(pieces.size(), 3U);
  std::size_t open = 0;
  for (const RowPiece& piece : pieces) open += piece.ends_row ? 0 : 1;
  EXPECT_GT(open, 2U);
  EXPECT_TRUE(pieces.back().ends_row);
  for (const RowPiece& piece : pieces) EXPECT_LT(piece.size(), 1'000'000U);
}

}  // namespace
}  // namespace load
