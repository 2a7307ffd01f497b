// What the tests of deflate and inflate share: text like COPY text, streams by zlib as the other
// opinion.
#pragma once

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "codec/deflate.h"

namespace codec::testing {

constexpr int kZlibWindow = 15;
constexpr int kGzipWindow = 31;
constexpr int kRawWindow = -15;

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::string text_of(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// Rows with numbers, words and some noise: compresses about 1:3, as COPY text does.
inline std::string copy_text(std::size_t at_least, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out;
  for (unsigned id = 1; out.size() < at_least; ++id) {
    out += std::to_string(id) + "\tmember-" + std::to_string(random() % 1000) +
           "\t2026-01-01 00:00:00+00\t" + std::to_string(random()) + "\t\\N\n";
  }
  return out;
}

inline std::string noise(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

inline std::string zlib_deflate(std::string_view text, int window) {
  z_stream stream{};
  deflateInit2(&stream, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int outcome = ::deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (outcome != Z_STREAM_END) throw std::runtime_error("zlib does not deflate");
  return out;
}

// Throws unless all of `deflated` is one complete stream.
inline std::string zlib_inflate(std::string_view deflated, int window) {
  z_stream stream{};
  inflateInit2(&stream, window);
  std::string out;
  std::string part(1U << 20U, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(deflated.data()));
  stream.avail_in = static_cast<uInt>(deflated.size());
  int outcome = Z_OK;
  while (outcome == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(part.data());
    stream.avail_out = static_cast<uInt>(part.size());
    outcome = ::inflate(&stream, Z_NO_FLUSH);
    out.append(part.data(), part.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (outcome != Z_STREAM_END || stream.avail_in != 0)
    throw std::runtime_error("zlib does not accept the stream");
  return out;
}

enum class Frame { Zlib, Gzip };

// The pieces as one stream, framed by what the header offers.
inline std::string framed(const std::vector<Piece>& pieces, Frame frame) {
  std::string out = frame == Frame::Zlib ? text_of(kZlibHeader) : text_of(kGzipHeader);
  StreamSum sum;
  for (const Piece& piece : pieces) {
    out += text_of(piece.deflated);
    sum.append(piece);
  }
  out += text_of(kFinalBlock);
  return out + (frame == Frame::Zlib ? text_of(zlib_trailer(sum)) : text_of(gzip_trailer(sum)));
}

}  // namespace codec::testing
