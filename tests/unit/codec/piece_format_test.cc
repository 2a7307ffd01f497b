#include "codec/piece_format.h"

#include <gtest/gtest.h>

#include "unit/codec/streams.h"
#include "util/error.h"

namespace codec {
namespace {

using namespace testing;

// Frames of zstd: a function of the bytes alone, each whole on its own, together one stream.
TEST(ZstdPieces, AreReadAloneAndTogether) {
  const std::string text = copy_text(3'000'000);
  ZstdPieceReader reader;
  for (const int level : {1, 3, kMostZstdLevel}) {
    PiecePacker packer({.method = Method::Zstd, .level = level});
    std::vector<std::vector<std::byte>> ways;
    for (const std::size_t step :
         {text.size(), std::size_t{1}, std::size_t{262'144}, std::size_t{70'001}}) {
      if (level == kMostZstdLevel && step != text.size()) continue;  // it takes its time
      for (std::size_t n = 0; n < text.size(); n += step)
        packer.add(bytes(std::string_view(text).substr(n, step)));
      ways.push_back(packer.take().deflated);
    }
    for (const std::vector<std::byte>& way : ways) EXPECT_TRUE(way == ways.front()) << level;
    EXPECT_EQ(text_of(reader.unpack(ways.front(), text.size())), text) << level;
  }
  const Piece last = pack_piece("last\n", {.method = Method::Zstd});
  EXPECT_EQ(last.crc32, deflate_piece("last\n").crc32);
  Unpacker unpacker(Packing::Zstd);
  std::string unpacked;
  for (const Piece& piece :
       {pack_piece(text, {.method = Method::Zstd}), empty_zstd_frame(), last}) {
    unpacker.add(piece.deflated, [&](std::span<const std::byte> raw) { unpacked += text_of(raw); });
  }
  unpacker.finish();
  EXPECT_TRUE(unpacked == text + "last\n");
}

// Of a huge row nobody keeps all that it is packed to.
TEST(PiecePacker, GivesAPieceInUnitsAsItComes) {
  const std::string text = noise(3'000'000);
  constexpr std::size_t kUnit = 65'536;
  for (const Method method : {Method::Deflate, Method::Zstd}) {
    PiecePacker packer({.method = method});
    std::vector<std::byte> given;
    std::size_t times = 0;
    for (std::size_t n = 0; n < text.size(); n += 100'000) {
      packer.add(bytes(std::string_view(text).substr(n, 100'000)));
      const std::vector<std::byte> ready = packer.take_ready(kUnit);
      EXPECT_EQ(ready.size() % kUnit, 0U);
      given.insert(given.end(), ready.begin(), ready.end());
      times += ready.empty() ? 0U : 1U;
    }
    EXPECT_GT(times, 5U);
    EXPECT_EQ(packer.raw_bytes(), text.size());
    const Piece last = packer.take();
    EXPECT_LT(last.deflated.size(), 2'000'000U);
    given.insert(given.end(), last.deflated.begin(), last.deflated.end());
    const Piece whole = pack_piece(text, {.method = method});
    EXPECT_TRUE(given == whole.deflated);
    EXPECT_EQ(last.raw_bytes, whole.raw_bytes);
    EXPECT_EQ(last.adler32, whole.adler32);
    EXPECT_EQ(last.crc32, whole.crc32);
    EXPECT_TRUE(packer.take_ready(1).empty());
  }
}

TEST(ZstdPieces, AnotherLengthOrBadBytesAreDamage) {
  ZstdPieceReader reader;
  const Piece piece = pack_piece(copy_text(100000), {.method = Method::Zstd});
  const auto is_damage = [&](std::span<const std::byte> packed, std::uint64_t raw_bytes) {
    try {
      reader.unpack(packed, raw_bytes);
    } catch (const util::Error& error) {
      return error.kind() == util::Kind::Damage;
    }
    return false;
  };
  EXPECT_TRUE(is_damage(piece.deflated, piece.raw_bytes - 1));
  EXPECT_TRUE(is_damage(piece.deflated, piece.raw_bytes + 1));
  EXPECT_TRUE(is_damage(piece.deflated, UINT64_MAX)) << "without asking for that much memory";
  EXPECT_TRUE(
      is_damage(std::span(piece.deflated).first(piece.deflated.size() - 1), piece.raw_bytes));
  for (std::size_t at = 0; at < piece.deflated.size(); at += 97) {
    std::vector<std::byte> flipped = piece.deflated;
    flipped[at] ^= std::byte{0x10};
    EXPECT_TRUE(is_damage(flipped, piece.raw_bytes) || at == 4) << at;  // a bit without a meaning
  }
}

}  // namespace
}  // namespace codec
