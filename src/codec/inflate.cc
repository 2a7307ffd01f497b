// ISA-L inflates two to three times as fast as zlib and checks both kinds of checksum by itself.
#include "codec/inflate.h"

#include <isa-l.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "util/error.h"
#include "util/text.h"

namespace codec {
namespace {

constexpr std::size_t kOutputBytes = 256U << 10U;
constexpr std::size_t kMaxInputBytes = 1U << 30U;  // ISA-L counts its input with 32 bits
constexpr std::uint32_t kFlushBytes = 0x0000FFFF;  // how a flush ends: length 0 and its complement

// Deflate makes at most 258 bytes of two bits.
constexpr std::uint64_t kMostRatio = 1032;
constexpr std::uint64_t kMaxPieceBytes = 0xFFFFFFF0U;  // ISA-L counts with 32 bits

std::uint32_t isal_framing(Framing framing) {
  switch (framing) {
    case Framing::Zlib:
      return ISAL_ZLIB;
    case Framing::Gzip:
      return ISAL_GZIP;
    case Framing::RawPiece:
      break;
  }
  return ISAL_DEFLATE;
}

std::string_view reason(int outcome) {
  switch (outcome) {
    case ISAL_INVALID_BLOCK:
      return "a block that is no deflate block";
    case ISAL_INVALID_SYMBOL:
      return "a code that is not in its table";
    case ISAL_INVALID_LOOKBACK:
      return "a reference to before its beginning";
    case ISAL_INVALID_WRAPPER:
      return "a header that is not a header";
    case ISAL_UNSUPPORTED_METHOD:
      return "a method that is not deflate";
    case ISAL_INCORRECT_CHECKSUM:
      return "a checksum that is not that of the data";
    case ISAL_NEED_DICT:
      return "a preset dictionary, which nobody here knows";
    default:
      return "an unknown defect";
  }
}

// Behind a whole block. ISA-L keeps what it cannot read yet of the next block's header, in whole
// bytes or in bits.
bool between_blocks(const inflate_state& stream) {
  const bool at_header =
      stream.block_state == ISAL_BLOCK_NEW_HDR || stream.block_state == ISAL_BLOCK_HDR;
  return at_header && stream.read_in_length == 0 && stream.tmp_in_size == 0;
}

}  // namespace

struct Inflater::State {
  inflate_state stream;
  Framing framing = Framing::Zlib;
  bool failed = false;
  std::uint64_t read = 0;  // deflated bytes taken so far, for messages
  std::uint64_t raw_bytes = 0;
  std::uint32_t last_bytes = kFlushBytes;  // the last four that were taken
  std::array<std::byte, kOutputBytes> out;

  [[noreturn]] void fail(std::string_view what);
  void inflate(std::span<const std::byte> deflated, const ByteSink& sink);
  bool ended() const { return stream.block_state == ISAL_BLOCK_FINISH; }
  bool at_flush() const;
};

void Inflater::State::fail(std::string_view what) {
  failed = true;
  throw util::Error(util::Kind::Damage,
                    util::cat("the compressed data have ", what, ", after ", read,
                              " bytes of them and ", raw_bytes, " bytes inflated"));
}

bool Inflater::State::at_flush() const {
  return between_blocks(stream) && last_bytes == kFlushBytes;
}

void Inflater::State::inflate(std::span<const std::byte> deflated, const ByteSink& sink) {
  stream.next_in =
      const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(deflated.data()));
  stream.avail_in = static_cast<std::uint32_t>(deflated.size());
  read += deflated.size();
  for (const std::byte last : deflated.last(std::min<std::size_t>(deflated.size(), 4))) {
    last_bytes = last_bytes << 8U | std::to_integer<std::uint32_t>(last);
  }
  for (;;) {
    stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
    stream.avail_out = static_cast<std::uint32_t>(out.size());
    const int outcome = isal_inflate(&stream);
    if (outcome != ISAL_DECOMP_OK) fail(reason(outcome));
    const std::size_t produced = out.size() - stream.avail_out;
    raw_bytes += produced;
    if (produced > 0) sink(std::span(out).first(produced));
    if (ended() || stream.avail_out != 0)
      break;  // otherwise the output was full and there may be more
  }
  if (ended() && (stream.avail_in != 0 || stream.read_in_length >= 8))
    fail("bytes behind their end");
  if (stream.avail_in != 0) fail("an unknown defect");
}

Inflater::Inflater(Framing framing) : state_(new State) {
  isal_inflate_init(&state_->stream);
  state_->stream.crc_flag = isal_framing(framing);
  state_->framing = framing;
}

Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

void Inflater::add(std::span<const std::byte> deflated, const ByteSink& sink) {
  State& s = *state_;
  if (s.failed) s.fail("a defect that was reported before");
  while (!deflated.empty()) {
    if (s.ended()) s.fail("bytes behind their end");
    const std::span<const std::byte> part =
        deflated.first(std::min(deflated.size(), kMaxInputBytes));
    s.inflate(part, sink);
    deflated = deflated.subspan(part.size());
  }
}

void Inflater::finish() {
  State& s = *state_;
  if (s.failed) s.fail("a defect that was reported before");
  if (s.ended()) return;
  if (s.framing != Framing::RawPiece || !s.at_flush()) s.fail("no end");
}

std::uint64_t Inflater::raw_bytes() const noexcept { return state_->raw_bytes; }

struct PieceInflater::State {
  inflate_state stream;
  std::unique_ptr<std::byte[]> out;
  std::uint64_t room = 0;

  void make_room(std::uint64_t bytes);
};

void PieceInflater::State::make_room(std::uint64_t bytes) {
  if (bytes <= room) return;
  out.reset();  // before the larger one is asked for
  out = std::make_unique_for_overwrite<std::byte[]>(bytes);
  room = bytes;
}

PieceInflater::PieceInflater() : state_(new State) {}
PieceInflater::~PieceInflater() = default;
PieceInflater::PieceInflater(PieceInflater&&) noexcept = default;

std::span<const std::byte> PieceInflater::inflate(std::span<const std::byte> deflated,
                                                  std::uint64_t raw_bytes) {
  const auto fail = [&](std::string_view what) {
    throw util::Error(util::Kind::Damage,
                      util::cat("the compressed data of a piece have ", what, " (", deflated.size(),
                                " bytes, which ", raw_bytes, " were deflated to)"));
  };
  if (raw_bytes / kMostRatio > deflated.size() || raw_bytes >= kMaxPieceBytes ||
      deflated.size() >= kMaxPieceBytes)
    fail("a length that cannot be");
  State& s = *state_;
  s.make_room(raw_bytes + 1);  // one more shows what is too long
  isal_inflate_init(&s.stream);
  s.stream.crc_flag = ISAL_DEFLATE;
  s.stream.next_in =
      const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(deflated.data()));
  s.stream.avail_in = static_cast<std::uint32_t>(deflated.size());
  s.stream.next_out = reinterpret_cast<std::uint8_t*>(s.out.get());
  s.stream.avail_out = static_cast<std::uint32_t>(raw_bytes + 1);
  const int outcome = isal_inflate(&s.stream);
  if (outcome != ISAL_DECOMP_OK) fail(reason(outcome));
  if (s.stream.avail_out != 1 || s.stream.avail_in != 0 || !between_blocks(s.stream))
    fail("another length");
  return {s.out.get(), static_cast<std::size_t>(raw_bytes)};
}

}  // namespace codec
