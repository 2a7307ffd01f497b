// zstd takes its input as ISA-L does (deflate.cc): staged, cut at multiples of the stage's size and
// nowhere else, so that a frame does not depend on the rows' lengths or on what came before it.
#include "codec/piece_format.h"

#include <zstd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "util/error.h"
#include "util/text.h"

namespace codec {
namespace {

constexpr std::size_t kStageBytes = 256U << 10U;
constexpr std::size_t kRoomBytes = 2 * kStageBytes;    // more than a stage can become
constexpr std::size_t kKeepOutputBytes = 8U << 20U;    // of the buffer, from piece to piece
constexpr std::uint64_t kMostRatio = 32768;            // a block of 128 KiB of four bytes
constexpr std::uint64_t kMaxPieceBytes = 0xFFFFFFF0U;  // as for deflate

[[noreturn]] void fail(std::uint64_t packed, std::uint64_t raw, std::string_view what) {
  throw util::Error(util::Kind::Damage,
                    util::cat("the compressed data of a piece have ", what, " (", packed,
                              " bytes, which ", raw, " were compressed to)"));
}

}  // namespace

struct PiecePacker::Zstd {
  explicit Zstd(int level);
  void add(std::span<const std::byte> raw);
  Piece take();
  void compress(std::span<const std::byte> raw, ZSTD_EndDirective end);

  struct FreeContext {
    void operator()(ZSTD_CCtx* unused) const noexcept { ZSTD_freeCCtx(unused); }
  };
  std::unique_ptr<ZSTD_CCtx, FreeContext> context;
  std::vector<std::byte> stage;
  std::size_t staged = 0;
  std::vector<std::byte> out;  // the first `out_used` bytes count
  std::size_t out_used = 0;
  StreamSum sum;  // of what left the stage
};

PiecePacker::Zstd::Zstd(int level) : context(ZSTD_createCCtx()), stage(kStageBytes) {
  if (!context) throw std::bad_alloc();
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_compressionLevel, level);
  ZSTD_CCtx_setParameter(context.get(), ZSTD_c_checksumFlag, 1);
}

// At most a stage; only the last part of a piece may be less, and it alone ends the frame.
void PiecePacker::Zstd::compress(std::span<const std::byte> raw, ZSTD_EndDirective end) {
  sum.add(raw);
  ZSTD_inBuffer in{raw.data(), raw.size(), 0};
  std::size_t left = 0;
  do {
    if (out.size() - out_used < kRoomBytes)
      out.resize(std::max(out.size() + out.size() / 2, out_used + kRoomBytes));
    ZSTD_outBuffer room{out.data() + out_used, out.size() - out_used, 0};
    left = ZSTD_compressStream2(context.get(), &room, &in, end);
    if (ZSTD_isError(left) != 0) {
      throw util::Error(util::Kind::Bug,
                        util::cat("zstd refuses to compress: ", ZSTD_getErrorName(left)));
    }
    out_used += room.pos;
  } while (in.pos < in.size || (end == ZSTD_e_end && left != 0));
}

void PiecePacker::Zstd::add(std::span<const std::byte> raw) {
  while (raw.size() > kStageBytes - staged) {
    const std::size_t fits = kStageBytes - staged;
    std::memcpy(stage.data() + staged, raw.data(), fits);
    raw = raw.subspan(fits);
    compress(stage, ZSTD_e_continue);
    staged = 0;
  }
  if (raw.empty()) return;
  std::memcpy(stage.data() + staged, raw.data(), raw.size());
  staged += raw.size();
}

Piece PiecePacker::Zstd::take() {
  Piece piece;
  if (staged == 0) return piece;  // a full stage stays until there is more
  compress(std::span<const std::byte>(stage).first(staged), ZSTD_e_end);
  piece.raw_bytes = sum.raw_bytes;
  piece.adler32 = sum.adler32;
  piece.crc32 = sum.crc32;
  if (out_used <= kKeepOutputBytes) {
    piece.deflated.assign(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(out_used));
  } else {
    out.resize(out_used);
    piece.deflated = std::exchange(out, {});
  }
  staged = out_used = 0;
  sum = {};
  return piece;
}

PiecePacker::PiecePacker(PieceFormat format) {
  if (format.method == Method::Zstd) {
    zstd_ = std::make_unique<Zstd>(format.level);
  } else {
    deflate_ = std::make_unique<PieceEncoder>();
  }
}

PiecePacker::~PiecePacker() = default;
PiecePacker::PiecePacker(PiecePacker&&) noexcept = default;

void PiecePacker::add(std::span<const std::byte> raw) {
  if (deflate_) {
    deflate_->add(raw);
  } else {
    zstd_->add(raw);
  }
}

std::uint64_t PiecePacker::raw_bytes() const noexcept {
  return deflate_ ? deflate_->raw_bytes() : zstd_->sum.raw_bytes + zstd_->staged;
}

std::vector<std::byte> PiecePacker::take_ready(std::size_t unit_bytes) {
  return deflate_ ? deflate_->take_ready(unit_bytes)
                  : take_units(zstd_->out, zstd_->out_used, unit_bytes);
}

Piece PiecePacker::take() { return deflate_ ? deflate_->take() : zstd_->take(); }

Piece pack_piece(std::string_view text, PieceFormat format) {
  PiecePacker packer(format);
  packer.add(std::as_bytes(std::span(text)));
  return packer.take();
}

// No piece of deflate begins with the four bytes: they would be a stored block whose length and
// its complement do not agree.
Method method_of(std::span<const std::byte> packed) {
  constexpr std::array kMagic{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};
  const bool frame =
      packed.size() >= kMagic.size() && std::ranges::equal(packed.first(kMagic.size()), kMagic);
  return frame ? Method::Zstd : Method::Deflate;
}

Piece empty_zstd_frame() {
  Piece piece;
  piece.deflated.resize(ZSTD_compressBound(0));
  piece.deflated.resize(
      ZSTD_compress(piece.deflated.data(), piece.deflated.size(), nullptr, 0, /*level=*/1));
  return piece;
}

struct ZstdPieceReader::State {
  struct FreeContext {
    void operator()(ZSTD_DCtx* unused) const noexcept { ZSTD_freeDCtx(unused); }
  };
  std::unique_ptr<ZSTD_DCtx, FreeContext> context;
  std::unique_ptr<std::byte[]> out;
  std::uint64_t room = 0;
};

ZstdPieceReader::ZstdPieceReader() : state_(std::make_unique<State>()) {
  state_->context.reset(ZSTD_createDCtx());
  if (!state_->context) throw std::bad_alloc();
}

ZstdPieceReader::~ZstdPieceReader() = default;
ZstdPieceReader::ZstdPieceReader(ZstdPieceReader&&) noexcept = default;

std::span<const std::byte> ZstdPieceReader::unpack(std::span<const std::byte> frame,
                                                   std::uint64_t raw_bytes) {
  if (raw_bytes / kMostRatio > frame.size() || raw_bytes >= kMaxPieceBytes)
    fail(frame.size(), raw_bytes, "a length that cannot be");
  State& s = *state_;
  if (raw_bytes + 1 > s.room) {  // one more shows what is too long
    s.out.reset();               // before the larger one is asked for
    s.out = std::make_unique_for_overwrite<std::byte[]>(raw_bytes + 1);
    s.room = raw_bytes + 1;
  }
  const std::size_t outcome =
      ZSTD_decompressDCtx(s.context.get(), s.out.get(), raw_bytes + 1, frame.data(), frame.size());
  if (ZSTD_isError(outcome) != 0) {
    fail(frame.size(), raw_bytes, util::cat("a defect (zstd: ", ZSTD_getErrorName(outcome), ")"));
  }
  if (outcome != raw_bytes) fail(frame.size(), raw_bytes, "another length");
  return {s.out.get(), static_cast<std::size_t>(raw_bytes)};
}

}  // namespace codec
