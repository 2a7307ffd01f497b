// Inflating what we or anybody else deflated: zlib, gzip or raw deflate, incremental, complete or
// an error.
//
// Failure: Kind::Damage with what is wrong (bad block, checksum, early end, bytes behind the end).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace codec {

enum class Framing { Zlib, Gzip, RawPiece };

using ByteSink = std::function<void(std::span<const std::byte>)>;

class Inflater {
 public:
  explicit Inflater(Framing framing);
  ~Inflater();
  Inflater(Inflater&&) noexcept;
  Inflater& operator=(Inflater&&) noexcept;

  // Hands on what `deflated` inflates to, in spans of at most 256 KiB that are valid during the
  // call.
  void add(std::span<const std::byte> deflated, const ByteSink& sink);
  // The stream must have ended here: zlib and gzip with their checksums right; raw pieces at the
  // flush that ends each.
  void finish();
  std::uint64_t raw_bytes() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Recorded pieces one after the other, each in one go into memory that is used again: twice as fast
// as an Inflater with a sink for whoever wants the whole piece.
class PieceInflater {
 public:
  PieceInflater();
  ~PieceInflater();
  PieceInflater(PieceInflater&&) noexcept;

  // What `deflated`, a raw piece with its flush, inflates to, valid until the next call.
  // Kind::Damage unless it is exactly `raw_bytes`.
  std::span<const std::byte> inflate(std::span<const std::byte> deflated, std::uint64_t raw_bytes);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace codec
