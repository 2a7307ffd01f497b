// Compressed data of any kind: unpacking ends, and what comes out does not depend on how the bytes
// arrive. The first byte says how they are packed, the second how they are cut.
#include "codec/unpack.h"

#include <algorithm>
#include <array>
#include <string>

#include "fuzz/fuzz.h"

namespace {

constexpr std::uint64_t kEnough = 16U << 20U;  // a few bytes can hold gigabytes

struct Enough {};

struct Outcome {
  bool accepted = false;
  std::string text;
};

Outcome unpack(codec::Packing packing, std::span<const std::byte> bytes, std::size_t step) {
  Outcome outcome;
  outcome.accepted = fuzz::accepted([&] {
    codec::Unpacker unpacker(packing);
    const codec::ByteSink sink = [&](std::span<const std::byte> part) {
      outcome.text.append(reinterpret_cast<const char*>(part.data()), part.size());
      if (outcome.text.size() > kEnough) throw Enough{};
    };
    for (std::span<const std::byte> left = bytes; !left.empty();) {
      const std::size_t taken = std::min(step, left.size());
      unpacker.add(left.first(taken), sink);
      left = left.subspan(taken);
    }
    unpacker.finish();
  });
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using enum codec::Packing;
  constexpr std::array kPackings{Plain, Zlib, Gzip, Lz4, Zstd, DeflatePieces};
  if (size < 2) return 0;
  const codec::Packing packing = kPackings[data[0] % kPackings.size()];
  const std::size_t step = 1 + data[1] % 64U;
  const std::span<const std::byte> bytes = fuzz::bytes_of(data, size).subspan(2);
  try {
    const Outcome whole = unpack(packing, bytes, std::max<std::size_t>(bytes.size(), 1));
    const Outcome cut = unpack(packing, bytes, step);
    fuzz::require(whole.accepted == cut.accepted, "damage is found however the bytes arrive");
    fuzz::require(!whole.accepted || whole.text == cut.text, "the same bytes unpack to the same");
  } catch (const Enough&) {
  }
  return 0;
}
