// Whatever a dump's data may be packed with, unpacked piece by piece: the compressions of pg_dump
// 13 to 18.
//
// Failure: Kind::Damage with what is wrong: bad data, an early end, a checksum.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "codec/inflate.h"

namespace codec {

// Zlib and Gzip are one stream; Lz4 and Zstd any number of frames, none at all for no data;
// DeflatePieces any number of our own pieces without a frame.
enum class Packing { Plain, Zlib, Gzip, Lz4, Zstd, DeflatePieces };

class Unpacker {
 public:
  explicit Unpacker(Packing packing);
  ~Unpacker();
  Unpacker(Unpacker&&) noexcept;

  // Hands on what `packed` unpacks to, in spans that are valid during the call.
  void add(std::span<const std::byte> packed, const ByteSink& sink);
  // The data must have ended here.
  void finish();

 private:
  class Method;
  class Plain;
  class Deflated;
  class Lz4;
  class Zstd;
  static std::unique_ptr<Method> method_of(Packing packing);
  std::unique_ptr<Method> method_;
};

}  // namespace codec
