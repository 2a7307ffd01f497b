#include "codec/inflate.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/codec/streams.h"
#include "util/error.h"

namespace codec {
namespace {

using namespace testing;

std::string inflate(std::string_view deflated, Framing framing, std::size_t step = SIZE_MAX) {
  Inflater inflater(framing);
  std::string out;
  for (std::size_t n = 0; n < deflated.size(); n += std::min(step, deflated.size())) {
    inflater.add(bytes(deflated.substr(n, step)), [&](std::span<const std::byte> part) {
      EXPECT_LE(part.size(), 256U << 10U);
      out += text_of(part);
    });
  }
  inflater.finish();
  EXPECT_EQ(inflater.raw_bytes(), out.size());
  return out;
}

util::Kind kind_of_failure(std::string_view deflated, Framing framing,
                           std::size_t step = SIZE_MAX) {
  try {
    inflate(deflated, framing, step);
  } catch (const util::Error& error) {
    return error.kind();
  }
  return util::Kind::Bug;  // none
}

struct Stream {
  Framing framing;
  std::string bytes;
};

// Ours and foreign ones, each of the same text.
std::vector<Stream> streams_of(const std::string& text) {
  const Piece piece = deflate_piece(text);
  return {{Framing::Zlib, framed({piece}, Frame::Zlib)},
          {Framing::Gzip, framed({piece}, Frame::Gzip)},
          {Framing::RawPiece, text_of(piece.deflated)},
          {Framing::Zlib, zlib_deflate(text, kZlibWindow)},
          {Framing::Gzip, zlib_deflate(text, kGzipWindow)}};
}

TEST(Inflate, ReadsOursAndForeignStreamsHoweverTheyAreCut) {
  const std::string text = copy_text(400'000);  // more than one span of output
  for (const Stream& stream : streams_of(text)) {
    for (const std::size_t step : {53UL, 4096UL, 100'000UL, SIZE_MAX}) {
      EXPECT_EQ(inflate(stream.bytes, stream.framing, step), text) << step;
    }
  }
}

TEST(Inflate, ReadsSingleBytes) {
  const std::string text = copy_text(5000);
  for (const Stream& stream : streams_of(text)) {
    EXPECT_EQ(inflate(stream.bytes, stream.framing, 1), text);
  }
}

TEST(Inflate, ReadsNothing) {
  EXPECT_EQ(inflate(framed({}, Frame::Zlib), Framing::Zlib), "");
  EXPECT_EQ(inflate(framed({}, Frame::Gzip), Framing::Gzip), "");
  EXPECT_EQ(inflate("", Framing::RawPiece), "");
  EXPECT_EQ(kind_of_failure("", Framing::Zlib), util::Kind::Damage);
  EXPECT_EQ(kind_of_failure("", Framing::Gzip), util::Kind::Damage);
}

TEST(Inflate, ReadsSeveralPiecesAsOneRun) {
  const std::string text = copy_text(200'000);
  const std::string pieces =
      text_of(deflate_piece(text).deflated) + text_of(deflate_piece("last\n").deflated);
  EXPECT_EQ(inflate(pieces, Framing::RawPiece), text + "last\n");
  EXPECT_EQ(inflate(pieces + text_of(kFinalBlock), Framing::RawPiece), text + "last\n");
}

TEST(Inflate, ReadsWhatExpandsAThousandfold) {
  const std::string text(20'000'000, 'z');
  EXPECT_TRUE(inflate(framed({deflate_piece(text)}, Frame::Zlib), Framing::Zlib) == text);
  EXPECT_TRUE(inflate(zlib_deflate(text, kGzipWindow), Framing::Gzip, 100) == text);
}

TEST(Inflate, FindsEveryEarlyEnd) {
  const std::string text = copy_text(1000);
  for (const Stream& stream : streams_of(text)) {
    for (std::size_t length = stream.framing == Framing::RawPiece ? 1 : 0;
         length < stream.bytes.size(); ++length) {
      const std::string_view cut = std::string_view(stream.bytes).substr(0, length);
      EXPECT_EQ(kind_of_failure(cut, stream.framing), util::Kind::Damage)
          << length << " of " << stream.bytes.size();
      EXPECT_EQ(kind_of_failure(cut, stream.framing, 1), util::Kind::Damage)
          << length << ", by single bytes";
    }
  }
}

// Bits that pad to a byte's end, and most of the gzip header, mean nothing: those may change, the
// data not.
TEST(Inflate, NoFlippedBitChangesTheDataUnnoticed) {
  const std::string text = copy_text(500);
  for (const Stream& stream : streams_of(text)) {
    if (stream.framing == Framing::RawPiece) continue;
    std::size_t unnoticed = 0;
    for (std::size_t bit = 0; bit < stream.bytes.size() * 8; ++bit) {
      std::string flipped = stream.bytes;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
      try {
        EXPECT_EQ(inflate(flipped, stream.framing), text)
            << "bit " << bit % 8 << " of byte " << bit / 8;
        ++unnoticed;
      } catch (const util::Error& error) {
        EXPECT_EQ(error.kind(), util::Kind::Damage);
      }
    }
    EXPECT_LE(unnoticed, stream.framing == Framing::Gzip ? 80U : 20U);
  }
}

TEST(Inflate, RefusesBytesBehindTheEnd) {
  for (const Stream& stream : streams_of("some rows\n")) {
    if (stream.framing == Framing::RawPiece) continue;
    for (const std::size_t step : {1UL, 3UL, SIZE_MAX}) {
      EXPECT_EQ(kind_of_failure(stream.bytes + "x", stream.framing, step), util::Kind::Damage)
          << step;
      EXPECT_EQ(kind_of_failure(stream.bytes + "twelve bytes", stream.framing, step),
                util::Kind::Damage)
          << step;
    }
  }
}

TEST(Inflate, AFailureStays) {
  Inflater inflater(Framing::Zlib);
  const ByteSink ignore = [](std::span<const std::byte>) {};
  EXPECT_THROW(inflater.add(bytes("this is no stream"), ignore), util::Error);
  EXPECT_THROW(inflater.add(bytes(framed({}, Frame::Zlib)), ignore), util::Error);
  EXPECT_THROW(inflater.finish(), util::Error);
}

TEST(Inflate, NoiseIsDamageAndNoCrash) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    EXPECT_EQ(kind_of_failure(noise(2000, seed), Framing::Zlib), util::Kind::Damage);
    EXPECT_EQ(
        kind_of_failure(framed({}, Frame::Zlib).substr(0, 2) + noise(2000, seed), Framing::Zlib),
        util::Kind::Damage);
  }
}

TEST(PieceInflater, GivesEachPieceWhole) {
  PieceInflater inflater;
  for (const std::size_t size : {0U, 1U, 5U << 20U, 300U, 1U << 20U}) {
    const std::string text = size == 0 ? "" : copy_text(size);
    const Piece piece = deflate_piece(text);
    EXPECT_EQ(text_of(inflater.inflate(piece.deflated, piece.raw_bytes)), text) << size;
  }
  const std::string incompressible = noise(3U << 20U);
  const Piece piece = deflate_piece(incompressible);
  EXPECT_EQ(text_of(inflater.inflate(piece.deflated, piece.raw_bytes)), incompressible);
}

TEST(PieceInflater, AnotherLengthOrBadBytesAreDamage) {
  PieceInflater inflater;
  const Piece piece = deflate_piece(copy_text(100000));
  const auto is_damage = [&](std::span<const std::byte> deflated, std::uint64_t raw_bytes) {
    try {
      inflater.inflate(deflated, raw_bytes);
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
  EXPECT_TRUE(is_damage({}, 10));
  std::vector<std::byte> bad = piece.deflated;
  bad[0] = std::byte{0xFF};
  EXPECT_TRUE(is_damage(bad, piece.raw_bytes));
  EXPECT_EQ(inflater.inflate(piece.deflated, piece.raw_bytes).size(), piece.raw_bytes);
}

}  // namespace
}  // namespace codec
