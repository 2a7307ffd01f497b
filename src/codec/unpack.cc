// lz4 and zstd come with the library's own streaming readers; both go on with the next frame by
// themselves, and tell by 0 that one has ended.
#include "codec/unpack.h"

#include <lz4frame.h>
#include <zstd.h>

#include <algorithm>
#include <vector>

#include "util/error.h"
#include "util/text.h"

namespace codec {
namespace {

constexpr std::size_t kOutputBytes = 256U << 10U;

[[noreturn]] void fail(std::string_view what) {
  throw util::Error(util::Kind::Damage, util::cat("the compressed data have ", what));
}

}  // namespace

class Unpacker::Method {
 public:
  virtual ~Method() = default;
  virtual void add(std::span<const std::byte> packed, const ByteSink& sink) = 0;
  virtual void finish() = 0;
};

class Unpacker::Plain : public Method {
 public:
  void add(std::span<const std::byte> packed, const ByteSink& sink) override {
    if (!packed.empty()) sink(packed);
  }
  void finish() override {}
};

class Unpacker::Deflated : public Method {
 public:
  explicit Deflated(Framing framing) : inflater_(framing) {}
  void add(std::span<const std::byte> packed, const ByteSink& sink) override {
    inflater_.add(packed, sink);
  }
  void finish() override { inflater_.finish(); }

 private:
  Inflater inflater_;
};

class Unpacker::Lz4 : public Method {
 public:
  Lz4() : out_(kOutputBytes) {
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION)) != 0)
      throw util::Error(util::Kind::Bug, "lz4 gives no context");
  }
  ~Lz4() override { LZ4F_freeDecompressionContext(context_); }
  Lz4(const Lz4&) = delete;
  Lz4& operator=(const Lz4&) = delete;

  void add(std::span<const std::byte> packed, const ByteSink& sink) override {
    // Output that did not fit is held back by the library, also when all input is taken.
    for (bool full = false; !packed.empty() || full;) {
      std::size_t taken = packed.size();
      std::size_t given = out_.size();
      const std::size_t outcome =
          LZ4F_decompress(context_, out_.data(), &given, packed.data(), &taken, nullptr);
      if (LZ4F_isError(outcome) != 0)
        fail(util::cat("a defect (lz4: ", LZ4F_getErrorName(outcome), ")"));
      packed = packed.subspan(taken);
      within_frame_ = outcome != 0;
      full = given == out_.size() && within_frame_;
      if (given > 0) sink(std::span(out_).first(given));
    }
  }
  void finish() override {
    if (within_frame_) fail("no end");
  }

 private:
  LZ4F_dctx* context_ = nullptr;
  std::vector<std::byte> out_;
  bool within_frame_ = false;
};

class Unpacker::Zstd : public Method {
 public:
  Zstd() : context_(ZSTD_createDStream()), out_(kOutputBytes) {
    if (context_ == nullptr) throw util::Error(util::Kind::Bug, "zstd gives no context");
  }
  ~Zstd() override { ZSTD_freeDStream(context_); }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;

  void add(std::span<const std::byte> packed, const ByteSink& sink) override {
    ZSTD_inBuffer in{packed.data(), packed.size(), 0};
    for (bool full = false; in.pos < in.size || full;) {
      ZSTD_outBuffer out{out_.data(), out_.size(), 0};
      const std::span<const std::byte> rest = packed.subspan(in.pos);
      const std::size_t outcome = ZSTD_decompressStream(context_, &out, &in);
      if (ZSTD_isError(outcome) != 0)
        fail(util::cat("a defect (zstd: ", ZSTD_getErrorName(outcome), ")"));
      within_frame_ = outcome != 0;
      full = out.pos == out.size && within_frame_;
      keep_header(rest.first(rest.size() - (in.size - in.pos)));
      frame_bytes_ += out.pos;
      if (out.pos > 0) sink(std::span(out_).first(out.pos));
      if (!within_frame_) end_frame();
    }
  }
  void finish() override {
    if (within_frame_) fail("no end");
  }

 private:
  // The library compares the length that a frame says it has with what came out only where the last
  // block is not an empty one, or all of the frame was given at once.
  void keep_header(std::span<const std::byte> taken) {
    constexpr std::size_t kMostHeaderBytes = 18;
    const std::size_t missing = kMostHeaderBytes - header_.size();
    const std::span<const std::byte> more = taken.first(std::min(taken.size(), missing));
    header_.insert(header_.end(), more.begin(), more.end());
  }
  void end_frame() {
    const unsigned long long said = ZSTD_getFrameContentSize(header_.data(), header_.size());
    if (said != ZSTD_CONTENTSIZE_UNKNOWN && said != ZSTD_CONTENTSIZE_ERROR && said != frame_bytes_)
      fail("another length than they say");
    header_.clear();
    frame_bytes_ = 0;
  }

  ZSTD_DStream* context_;
  std::vector<std::byte> out_;
  bool within_frame_ = false;
  std::vector<std::byte> header_;  // of the frame, as far as it came
  std::uint64_t frame_bytes_ = 0;  // unpacked of it
};

std::unique_ptr<Unpacker::Method> Unpacker::method_of(Packing packing) {
  switch (packing) {
    case Packing::Zlib:
      return std::make_unique<Deflated>(Framing::Zlib);
    case Packing::Gzip:
      return std::make_unique<Deflated>(Framing::Gzip);
    case Packing::DeflatePieces:
      return std::make_unique<Deflated>(Framing::RawPiece);
    case Packing::Lz4:
      return std::make_unique<Lz4>();
    case Packing::Zstd:
      return std::make_unique<Zstd>();
    case Packing::Plain:
      break;
  }
  return std::make_unique<Plain>();
}

Unpacker::Unpacker(Packing packing) : method_(method_of(packing)) {}
Unpacker::~Unpacker() = default;
Unpacker::Unpacker(Unpacker&&) noexcept = default;

void Unpacker::add(std::span<const std::byte> packed, const ByteSink& sink) {
  method_->add(packed, sink);
}

void Unpacker::finish() { method_->finish(); }

}  // namespace codec
