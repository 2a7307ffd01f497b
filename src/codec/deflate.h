// Deflate once, frame twice: raw deflate pieces (RFC 1951) that end byte-aligned in a full flush,
// joined by a zlib frame (RFC 1950, for the archive) or a gzip frame (RFC 1952, for files). The
// checksums of the pieces are combined, so nothing is compressed or summed again.
//
// Threads: a PieceEncoder belongs to one thread; everything else is plain values and pure
// functions.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace codec {

// A run of input compressed on its own: any sequence of pieces is one valid deflate stream once it
// is closed by kFinalBlock.
struct Piece {
  std::vector<std::byte> deflated;
  std::uint64_t raw_bytes = 0;
  std::uint32_t adler32 = 1;  // of the raw bytes (initial value 1)
  std::uint32_t crc32 = 0;    // of the raw bytes
};

// Streaming: memory is what was not taken of the output of one piece plus a fixed state, whatever
// the size of a row.
class PieceEncoder {
 public:
  PieceEncoder();  // ISA-L level 1
  ~PieceEncoder();
  PieceEncoder(PieceEncoder&&) noexcept;
  PieceEncoder& operator=(PieceEncoder&&) noexcept;

  void add(std::span<const std::byte> raw);
  std::uint64_t raw_bytes() const noexcept;       // added since the last take()
  std::uint64_t deflated_bytes() const noexcept;  // so far, and not taken
  // The beginning of the piece's output, taken out of it: as many whole units as there are. Counts
  // and sums of the piece come with take().
  std::vector<std::byte> take_ready(std::size_t unit_bytes);
  Piece take();  // full flush; the encoder starts the next piece

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Piece deflate_piece(std::string_view text);

// Takes as many whole units as there are off the front of the first `used` bytes of `out`.
std::vector<std::byte> take_units(std::vector<std::byte>& out, std::size_t& used,
                                  std::size_t unit_bytes);

// The running checksums and length of a stream made of pieces.
struct StreamSum {
  std::uint64_t raw_bytes = 0;
  std::uint32_t adler32 = 1;
  std::uint32_t crc32 = 0;
  void append(const Piece& piece);
  void add(std::span<const std::byte> raw);  // for a reader, who has what was inflated
  StreamSum& operator+=(const StreamSum& following);
};

std::uint32_t crc32_of(std::span<const std::byte> raw);

constexpr std::array<std::byte, 2> kZlibHeader{std::byte{0x78}, std::byte{0x9C}};
constexpr std::array<std::byte, 2> kFinalBlock{std::byte{0x03}, std::byte{0x00}};
constexpr std::array<std::byte, 10> kGzipHeader{
    std::byte{0x1F}, std::byte{0x8B}, std::byte{8}, std::byte{0}, std::byte{0},
    std::byte{0},    std::byte{0},    std::byte{0}, std::byte{0}, std::byte{255}};
std::array<std::byte, 4> zlib_trailer(const StreamSum& sum);  // adler32, big-endian
std::array<std::byte, 8> gzip_trailer(
    const StreamSum& sum);  // crc32 and length modulo 2^32, little-endian

}  // namespace codec
