#include "codec/deflate.h"

#include <gtest/gtest.h>

#include <utility>

#include "unit/codec/streams.h"

namespace codec {
namespace {

using namespace testing;

std::vector<Piece> pieces_of(std::string_view text, std::size_t piece_bytes) {
  std::vector<Piece> out;
  PieceEncoder encoder;
  for (std::size_t n = 0; n < text.size(); n += piece_bytes) {
    encoder.add(bytes(text.substr(n, piece_bytes)));
    out.push_back(encoder.take());
  }
  return out;
}

TEST(Deflate, OnePieceServesBothFrames) {
  const std::string text = copy_text(1'000'000);
  const std::vector<Piece> pieces = pieces_of(text, 300'000);
  ASSERT_EQ(pieces.size(), 4U);
  EXPECT_EQ(zlib_inflate(framed(pieces, Frame::Zlib), kZlibWindow), text);
  EXPECT_EQ(zlib_inflate(framed(pieces, Frame::Gzip), kGzipWindow), text);
}

TEST(Deflate, SumsOfAPieceAreThoseOfZlib) {
  for (const std::size_t size : {1UL, 5551UL, 5553UL, 262'144UL, 262'145UL, 1'000'003UL}) {
    const std::string text = noise(size) + std::string(size, '\xFF');
    const Piece piece = deflate_piece(text);
    const auto* data = reinterpret_cast<const Bytef*>(text.data());
    EXPECT_EQ(piece.adler32, ::adler32(1, data, static_cast<uInt>(text.size()))) << size;
    EXPECT_EQ(piece.crc32, ::crc32(0, data, static_cast<uInt>(text.size()))) << size;
    EXPECT_EQ(piece.raw_bytes, text.size());
  }
}

TEST(Deflate, NothingIsAValidStream) {
  const Piece none = PieceEncoder().take();
  EXPECT_EQ(none.raw_bytes, 0U);
  EXPECT_TRUE(none.deflated.empty());
  for (const std::vector<Piece>& pieces : {std::vector<Piece>{}, std::vector<Piece>{none}}) {
    EXPECT_EQ(zlib_inflate(framed(pieces, Frame::Zlib), kZlibWindow), "");
    EXPECT_EQ(zlib_inflate(framed(pieces, Frame::Gzip), kGzipWindow), "");
  }
  EXPECT_EQ(framed({}, Frame::Zlib), std::string("\x78\x9C\x03\0\0\0\0\1", 8));
}

TEST(Deflate, APieceStandsAloneAndRefersToNothingBeforeIt) {
  const std::string text = copy_text(100'000);
  const std::vector<Piece> pieces =
      pieces_of(text + text, text.size());  // the second repeats the first
  ASSERT_EQ(pieces.size(), 2U);
  EXPECT_EQ(zlib_inflate(text_of(pieces[1].deflated) + text_of(kFinalBlock), kRawWindow), text);
  EXPECT_EQ(zlib_inflate(framed({pieces[1], pieces[0]}, Frame::Zlib), kZlibWindow), text + text);
}

// The archive must not depend on the number of workers (architecture §2 "Deterministic").
TEST(Deflate, TheBytesDoNotDependOnTheCallsNorOnThePast) {
  const std::string text = copy_text(900'000);
  const Piece whole = deflate_piece(text);
  PieceEncoder used;
  used.add(bytes(copy_text(700'000, 2)));
  used.take();
  for (const std::size_t step : {61UL, 4096UL, 262'144UL, 300'001UL}) {
    for (std::size_t n = 0; n < text.size(); n += step)
      used.add(bytes(std::string_view(text).substr(n, step)));
    EXPECT_EQ(used.take().deflated, whole.deflated) << step;
  }
}

TEST(Deflate, CountsWhatIsInThePiece) {
  const std::string text = copy_text(600'000);
  PieceEncoder encoder;
  encoder.add(bytes("short row\n"));
  EXPECT_EQ(encoder.raw_bytes(), 10U);
  EXPECT_EQ(encoder.deflated_bytes(), 0U);
  encoder.add(bytes(text));
  EXPECT_EQ(encoder.raw_bytes(), text.size() + 10);
  encoder.add(bytes(text));
  EXPECT_GT(encoder.deflated_bytes(), 100'000U);
  const Piece piece = encoder.take();
  EXPECT_GT(piece.deflated.size(), 200'000U);
  EXPECT_LT(piece.deflated.size(), piece.raw_bytes / 2) << "COPY text compresses better than 1:2";
  EXPECT_EQ(encoder.raw_bytes(), 0U);
  EXPECT_EQ(encoder.deflated_bytes(), 0U);
}

TEST(Deflate, NoiseGrowsByLittle) {
  const std::string text = noise(9'000'000);  // beyond what the encoder keeps for the next piece
  const Piece piece = deflate_piece(text);
  EXPECT_LT(piece.deflated.size(), text.size() + text.size() / 100);
  EXPECT_EQ(zlib_inflate(framed({piece}, Frame::Zlib), kZlibWindow), text);
}

TEST(Deflate, EverySizeAroundTheStageRoundTrips) {
  PieceEncoder encoder;
  for (const std::size_t size :
       {1UL, 2UL, 262'143UL, 262'144UL, 262'145UL, 524'287UL, 524'288UL, 524'289UL}) {
    const std::string text = copy_text(size).substr(0, size);
    encoder.add(bytes(std::string_view(text).substr(0, 1)));
    encoder.add(bytes(std::string_view(text).substr(1)));
    EXPECT_EQ(zlib_inflate(framed({encoder.take()}, Frame::Gzip), kGzipWindow), text) << size;
  }
}

// Lengths above 4 GiB in the combination of sums; the pieces themselves are invented.
TEST(Deflate, CombinesLengthsAboveFourGigabytes) {
  Piece zeros;  // 6 GiB of zero bytes: adler32 is 1 + length * 0 … in the high half
  zeros.raw_bytes = 6ULL << 30U;
  zeros.adler32 = static_cast<std::uint32_t>((zeros.raw_bytes % 65521U) << 16U) | 1U;
  StreamSum sum;
  sum.append(deflate_piece("a"));
  sum.append(zeros);
  // a = 1 + 97; b = 98 + length * 98
  const std::uint64_t b = (98 + (zeros.raw_bytes % 65521U) * 98) % 65521U;
  EXPECT_EQ(sum.adler32, static_cast<std::uint32_t>(b << 16U) | 98U);
  EXPECT_EQ(sum.raw_bytes, zeros.raw_bytes + 1);
  EXPECT_EQ(gzip_trailer(sum)[4], std::byte{1}) << "the length is stored modulo 2^32";
}

}  // namespace
}  // namespace codec
