// Pieces by ISA-L level 1, which compresses COPY text four to five times faster than zlib's level 1
// at a better ratio (performance.md).
//
// Input is staged in a buffer, so that a short row costs a memcpy and ISA-L sees long runs. ISA-L's
// output depends on where its input is cut between calls; it is always cut at multiples of
// kStageBytes, so a piece is a function of its bytes alone, whatever the rows, the worker or what
// the encoder did before. The last bytes of a piece stay staged until take(): ISA-L flushes
// together with input, never without any.
#include "codec/deflate.h"

#include <isa-l.h>
#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "util/error.h"
#include "util/text.h"

namespace codec {
namespace {

constexpr std::size_t kStageBytes = 256U << 10U;
// Room for whatever one call can give out: its input stored, the 64 Ki symbols that ISA-L holds
// back, headers.
constexpr std::size_t kRoomBytes = 4 * kStageBytes;
// Pieces below are copied out at their exact size and the buffer is kept; larger ones give it away,
// so that a giant row is not held twice.
constexpr std::size_t kKeepOutputBytes = 8U << 20U;

const unsigned char* bytes_of(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

struct PieceEncoder::State {
  isal_zstream stream{};
  std::array<std::uint8_t, ISAL_DEF_LVL1_DEFAULT> level_buffer;
  std::array<std::byte, kStageBytes> stage;
  std::size_t staged = 0;
  std::vector<std::byte> out;  // the first `out_used` bytes count
  std::size_t out_used = 0;
  std::uint64_t compressed = 0;  // raw bytes of this piece that left the stage
  std::uint32_t adler32 = 1;
  std::uint32_t crc32 = 0;

  State() { start(); }
  void start();
  void compress(std::span<const std::byte> raw, std::uint16_t flush);
  void make_room();
};

void PieceEncoder::State::start() {
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
  staged = 0;
  out_used = 0;
  compressed = 0;
  adler32 = 1;
  crc32 = 0;
}

void PieceEncoder::State::make_room() {
  if (out.size() - out_used < kRoomBytes)
    out.resize(std::max(out.size() + out.size() / 2, out_used + kRoomBytes));
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data()) + out_used;
  stream.avail_out = static_cast<std::uint32_t>(
      std::min<std::size_t>(out.size() - out_used, std::numeric_limits<std::uint32_t>::max()));
}

// `raw` is at most kStageBytes; only the last call of a piece may have fewer, and it alone flushes.
void PieceEncoder::State::compress(std::span<const std::byte> raw, std::uint16_t flush) {
  adler32 = isal_adler32(adler32, bytes_of(raw), raw.size());
  crc32 = crc32_gzip_refl(crc32, bytes_of(raw), raw.size());
  compressed += raw.size();
  stream.next_in = const_cast<std::uint8_t*>(bytes_of(raw));  // ISA-L does not write to its input
  stream.avail_in = static_cast<std::uint32_t>(raw.size());
  stream.flush = flush;
  do {
    make_room();
    const std::uint32_t room = stream.avail_out;
    const int outcome = isal_deflate(&stream);
    if (outcome != COMP_OK)
      throw util::Error(util::Kind::Bug, util::cat("ISA-L refuses to deflate: ", outcome));
    out_used += room - stream.avail_out;
  } while (stream.avail_in != 0 || stream.avail_out == 0);
}

PieceEncoder::PieceEncoder() : state_(std::make_unique<State>()) {}
PieceEncoder::~PieceEncoder() = default;
PieceEncoder::PieceEncoder(PieceEncoder&&) noexcept = default;
PieceEncoder& PieceEncoder::operator=(PieceEncoder&&) noexcept = default;

void PieceEncoder::add(std::span<const std::byte> raw) {
  State& s = *state_;
  while (raw.size() > kStageBytes - s.staged) {
    if (s.staged == 0) {  // a run that fills the stage is compressed where it lies
      s.compress(raw.first(kStageBytes), NO_FLUSH);
      raw = raw.subspan(kStageBytes);
      continue;
    }
    const std::size_t fits = kStageBytes - s.staged;
    std::memcpy(s.stage.data() + s.staged, raw.data(), fits);
    raw = raw.subspan(fits);
    s.compress(s.stage, NO_FLUSH);
    s.staged = 0;
  }
  if (raw.empty()) return;
  std::memcpy(s.stage.data() + s.staged, raw.data(), raw.size());
  s.staged += raw.size();
}

std::uint64_t PieceEncoder::raw_bytes() const noexcept {
  return state_->compressed + state_->staged;
}

std::uint64_t PieceEncoder::deflated_bytes() const noexcept { return state_->out_used; }

std::vector<std::byte> PieceEncoder::take_ready(std::size_t unit_bytes) {
  return take_units(state_->out, state_->out_used, unit_bytes);
}

Piece PieceEncoder::take() {
  State& s = *state_;
  Piece piece;
  if (s.staged == 0) return piece;
  s.compress(std::span(s.stage).first(s.staged), FULL_FLUSH);
  piece.raw_bytes = s.compressed;
  piece.adler32 = s.adler32;
  piece.crc32 = s.crc32;
  if (s.out_used <= kKeepOutputBytes) {
    piece.deflated.assign(s.out.begin(), s.out.begin() + static_cast<std::ptrdiff_t>(s.out_used));
  } else {
    s.out.resize(s.out_used);
    piece.deflated = std::exchange(s.out, {});
  }
  s.start();
  return piece;
}

std::vector<std::byte> take_units(std::vector<std::byte>& out, std::size_t& used,
                                  std::size_t unit_bytes) {
  if (used < unit_bytes) return {};
  const auto end = out.begin() + static_cast<std::ptrdiff_t>(used / unit_bytes * unit_bytes);
  std::vector<std::byte> ready(out.begin(), end);
  std::copy(end, out.begin() + static_cast<std::ptrdiff_t>(used), out.begin());
  used %= unit_bytes;
  return ready;
}

Piece deflate_piece(std::string_view text) {
  PieceEncoder encoder;
  encoder.add(std::as_bytes(std::span(text)));
  return encoder.take();
}

StreamSum& StreamSum::operator+=(const StreamSum& following) {
  static_assert(sizeof(z_off_t) == 8, "lengths of pieces must not be cut to 32 bits");
  const auto length = static_cast<z_off_t>(following.raw_bytes);
  adler32 = static_cast<std::uint32_t>(::adler32_combine(adler32, following.adler32, length));
  crc32 = static_cast<std::uint32_t>(::crc32_combine(crc32, following.crc32, length));
  raw_bytes += following.raw_bytes;
  return *this;
}

void StreamSum::append(const Piece& piece) {
  *this += StreamSum{.raw_bytes = piece.raw_bytes, .adler32 = piece.adler32, .crc32 = piece.crc32};
}

void StreamSum::add(std::span<const std::byte> raw) {
  adler32 = isal_adler32(adler32, bytes_of(raw), raw.size());
  crc32 = crc32_gzip_refl(crc32, bytes_of(raw), raw.size());
  raw_bytes += raw.size();
}

std::uint32_t crc32_of(std::span<const std::byte> raw) {
  return crc32_gzip_refl(0, bytes_of(raw), raw.size());
}

std::array<std::byte, 4> zlib_trailer(const StreamSum& sum) {
  std::array<std::byte, 4> out{};
  for (unsigned n = 0; n < 4; ++n) out[n] = static_cast<std::byte>(sum.adler32 >> (24U - 8U * n));
  return out;
}

std::array<std::byte, 8> gzip_trailer(const StreamSum& sum) {
  std::array<std::byte, 8> out{};
  for (unsigned n = 0; n < 4; ++n) {
    out[n] = static_cast<std::byte>(sum.crc32 >> (8U * n));
    out[4 + n] = static_cast<std::byte>(sum.raw_bytes >> (8U * n));
  }
  return out;
}

}  // namespace codec
