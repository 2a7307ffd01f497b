#include "archive/primitives.h"

#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace archive {
namespace {

// The first read is small, since many blocks are; a large block is soon read in large parts.
constexpr std::size_t kFirstWindowBytes = 16U << 10U;
constexpr std::size_t kWindowBytes = 256U << 10U;
// No statement of a dump comes near it; a flipped byte in a length does.
constexpr std::int64_t kMaxStringBytes = 256 << 20;

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

void fail_damaged(std::uint64_t offset, std::string_view what) {
  throw util::Error(
      util::Kind::Damage, util::cat("the archive is damaged at byte ", offset, ": ", what),
      {.hint = "Use another copy of this backup, or another backup.", .sqlstate = {}});
}

PrimitiveReader::PrimitiveReader(std::span<const std::byte> bytes)
    : window_(bytes), end_(bytes.size()) {}

PrimitiveReader::PrimitiveReader(const util::ReadFile& file, std::uint64_t offset)
    : file_(&file), position_(offset), end_(file.size()) {
  if (offset > end_) fail_damaged(offset, util::cat("the file ends at byte ", end_));
}

void PrimitiveReader::fill() {
  if (left() == 0 || file_ == nullptr) fail_damaged(position_, "it ends here, in the middle");
  if (buffer_bytes_ < kWindowBytes) {
    buffer_bytes_ = buffer_bytes_ == 0 ? kFirstWindowBytes : kWindowBytes;
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(buffer_bytes_);
  }
  const std::span read(buffer_.get(),
                       static_cast<std::size_t>(std::min<std::uint64_t>(left(), buffer_bytes_)));
  file_->read_at(position_, read);
  window_ = read;
}

std::span<const std::byte> PrimitiveReader::some(std::uint64_t most) {
  if (window_.empty()) fill();
  const std::span<const std::byte> out =
      window_.first(static_cast<std::size_t>(std::min<std::uint64_t>(most, window_.size())));
  window_ = window_.subspan(out.size());
  position_ += out.size();
  return out;
}

void PrimitiveReader::skip(std::uint64_t count) {
  if (count > left())
    fail_damaged(position_,
                 util::cat("it ends ", count - left(), " bytes before what is recorded"));
  position_ += count;
  window_ = count < window_.size() ? window_.subspan(static_cast<std::size_t>(count))
                                   : std::span<const std::byte>();
}

std::uint8_t PrimitiveReader::byte() { return std::to_integer<std::uint8_t>(some(1)[0]); }

std::int64_t PrimitiveReader::integer() {
  const bool negative = byte() != 0;
  std::int64_t magnitude = 0;
  for (unsigned shift = 0; shift < 32; shift += 8)
    magnitude |= static_cast<std::int64_t>(byte()) << shift;
  return negative ? -magnitude : magnitude;
}

int PrimitiveReader::integer_in(int least, int most, std::string_view what) {
  const std::uint64_t at = position_;
  const std::int64_t value = integer();
  if (value < least || value > most) fail_damaged(at, util::cat(what, " cannot be ", value));
  return static_cast<int>(value);
}

std::optional<std::string> PrimitiveReader::string() {
  const std::uint64_t at = position_;
  const std::int64_t length = integer();
  if (length < 0) return std::nullopt;
  std::uint64_t missing = static_cast<std::uint64_t>(length);
  if (length > kMaxStringBytes || missing > left()) {
    fail_damaged(at, util::cat("a text of ", length, " bytes cannot stand here"));
  }
  std::string out;
  while (missing > 0) {
    const std::span<const std::byte> part = some(missing);
    out += text_of(part);
    missing -= part.size();
  }
  return out;
}

void append_int(std::string& out, std::int64_t value) {
  const std::uint64_t magnitude = static_cast<std::uint64_t>(value < 0 ? -value : value);
  out += static_cast<char>(value < 0 ? 1 : 0);
  for (unsigned shift = 0; shift < 32; shift += 8)
    out += static_cast<char>(magnitude >> shift & 0xFFU);
}

void append_string(std::string& out, const std::optional<std::string>& text) {
  append_int(out, text ? static_cast<std::int64_t>(text->size()) : -1);
  if (text) out += *text;
}

}  // namespace archive
