#include "codec/unpack.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>

#include "codec/deflate.h"
#include "unit/codec/streams.h"
#include "util/error.h"

namespace codec {
namespace {

using namespace testing;

std::string lz4(const std::string& text) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
  std::string out(LZ4F_compressFrameBound(text.size(), &preferences), '\0');
  out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), &preferences));
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

std::string pack(Packing packing, const std::string& text) {
  switch (packing) {
    case Packing::Zlib:
      return zlib_deflate(text, kZlibWindow);
    case Packing::Gzip:
      return zlib_deflate(text, kGzipWindow);
    case Packing::Lz4:
      return lz4(text);
    case Packing::Zstd:
      return zstd(text);
    case Packing::DeflatePieces:
      return text_of(deflate_piece(text).deflated);
    case Packing::Plain:
      break;
  }
  return text;
}

std::string unpack(Packing packing, std::string_view packed, std::size_t step = SIZE_MAX) {
  Unpacker unpacker(packing);
  std::string out;
  for (std::size_t n = 0; n < packed.size(); n += std::min(step, packed.size())) {
    unpacker.add(bytes(packed.substr(n, step)),
                 [&out](std::span<const std::byte> part) { out += text_of(part); });
  }
  unpacker.finish();
  return out;
}

bool is_damage(Packing packing, std::string_view packed) {
  try {
    unpack(packing, packed);
  } catch (const util::Error& error) {
    return error.kind() == util::Kind::Damage;
  }
  return false;
}

class EveryPacking : public ::testing::TestWithParam<Packing> {};

TEST_P(EveryPacking, GivesBackWhateverStepsItComesIn) {
  for (const std::size_t size : {0U, 1U, 100000U, 2U << 20U}) {
    const std::string text = size == 0 ? "" : copy_text(size) + noise(size);
    const std::string packed = pack(GetParam(), text);
    EXPECT_EQ(unpack(GetParam(), packed), text) << size;
    EXPECT_EQ(unpack(GetParam(), packed, 4096), text) << size;
  }
  const std::string small = copy_text(1000);
  EXPECT_EQ(unpack(GetParam(), pack(GetParam(), small), 1), small);
  const std::string zeros(8U << 20U, '0');
  EXPECT_EQ(unpack(GetParam(), pack(GetParam(), zeros)), zeros) << "much out of little";
}

INSTANTIATE_TEST_SUITE_P(All, EveryPacking,
                         ::testing::Values(Packing::Plain, Packing::Zlib, Packing::Gzip,
                                           Packing::Lz4, Packing::Zstd, Packing::DeflatePieces));

TEST(Unpack, CutOffDataAreDamage) {
  for (const Packing packing : {Packing::Zlib, Packing::Gzip, Packing::Lz4, Packing::Zstd}) {
    const std::string packed = pack(packing, copy_text(100000));
    for (const std::size_t left : {packed.size() - 1, packed.size() / 2, std::size_t{3}}) {
      EXPECT_TRUE(is_damage(packing, packed.substr(0, left))) << left;
    }
  }
}

TEST(Unpack, SeveralFramesAndNoneAtAll) {
  for (const Packing packing : {Packing::Lz4, Packing::Zstd}) {
    const std::string text = copy_text(300000);
    EXPECT_EQ(unpack(packing, pack(packing, text) + pack(packing, "") + pack(packing, "end")),
              text + "end");
    EXPECT_EQ(unpack(packing, ""), "");
  }
}

TEST(Unpack, BadBytesAreDamage) {
  for (const Packing packing : {Packing::Zlib, Packing::Lz4, Packing::Zstd}) {
    std::string packed = pack(packing, copy_text(100000));
    packed[0] = '!';
    EXPECT_TRUE(is_damage(packing, packed));
  }
  std::string packed = lz4(noise(100000));
  packed[packed.size() / 2] = static_cast<char>(packed[packed.size() / 2] ^ 1);
  EXPECT_TRUE(is_damage(Packing::Lz4, packed)) << "by its checksum";
}

}  // namespace
}  // namespace codec
