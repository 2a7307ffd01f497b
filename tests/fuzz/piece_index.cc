// The index at the end of an archive: what is read can be written, and reads the same.
#include "archive/piece_index.h"

#include "fuzz/fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  archive::PieceIndex index;
  const std::span<const std::byte> bytes = fuzz::bytes_of(data, size);
  if (!fuzz::accepted([&] { index = archive::parse_piece_index(bytes); })) return 0;
  const std::string once = archive::encode_piece_index(index);
  const archive::PieceIndex again =
      archive::parse_piece_index(std::as_bytes(std::span(once.data(), once.size())));
  fuzz::require(archive::encode_piece_index(again) == once, "an index survives a round trip");
  fuzz::require(once.size() <= size, "nothing is made up");
  return 0;
}
