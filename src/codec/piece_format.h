// Pieces by deflate or by zstd. Deflate (codec/deflate.h) needs a frame around its pieces; those of
// zstd are whole frames (RFC 8878) with a checksum of their own, and need nothing.
//
// Threads: a packer and an unpacker belong to one thread each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "codec/deflate.h"
#include "codec/unpack.h"

namespace codec {

enum class Method { Deflate, Zstd };

// Deflate has one level, that of ISA-L; zstd 1 to 19.
struct PieceFormat {
  Method method = Method::Deflate;
  int level = 1;
};
constexpr int kMostZstdLevel = 19;

// How pieces are unpacked that lie one behind the other, without a frame.
constexpr Packing packing_of(Method method) {
  return method == Method::Zstd ? Packing::Zstd : Packing::DeflatePieces;
}

// As PieceEncoder, in either format: a piece is a function of its bytes alone.
class PiecePacker {
 public:
  explicit PiecePacker(PieceFormat format = {});
  ~PiecePacker();
  PiecePacker(PiecePacker&&) noexcept;

  void add(std::span<const std::byte> raw);
  std::uint64_t raw_bytes() const noexcept;  // added since the last take()
  std::vector<std::byte> take_ready(std::size_t unit_bytes);
  Piece take();  // nothing in it if nothing was added

 private:
  struct Zstd;
  std::unique_ptr<PieceEncoder> deflate_;  // one of the two
  std::unique_ptr<Zstd> zstd_;
};

Piece pack_piece(std::string_view text, PieceFormat format);
// What a piece was packed by, as its first bytes tell.
Method method_of(std::span<const std::byte> packed);
Piece empty_zstd_frame();

// As PieceInflater, for frames.
class ZstdPieceReader {
 public:
  ZstdPieceReader();
  ~ZstdPieceReader();
  ZstdPieceReader(ZstdPieceReader&&) noexcept;

  // What `frame` holds, valid until the next call. Kind::Damage unless it is exactly `raw_bytes`.
  std::span<const std::byte> unpack(std::span<const std::byte> frame, std::uint64_t raw_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace codec
