#include "codec/fingerprint.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>
#include <new>

#include "util/text.h"

namespace codec {
namespace {

constexpr std::string_view kEndMarker = "\\.";
// A row cut by the stream's pieces is collected up to here and hashed as it comes beyond: a row of
// 1 GB costs no memory.
constexpr std::size_t kCollectBytes = 1U << 20U;
constexpr std::size_t kValueDigits = 32;

void add(Fingerprint& sum, const XXH128_hash_t& hash) noexcept {
  sum.low += hash.low64;
  sum.high += hash.high64 + (sum.low < hash.low64 ? 1U : 0U);
  ++sum.rows;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void append_hex(std::string& out, std::uint64_t value) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (unsigned shift = 64; shift > 0;) out += kDigits[(value >> (shift -= 4U)) & 15U];
}

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const bool decimal = c >= '0' && c <= '9';
    if (!decimal && (c < 'a' || c > 'f')) return std::nullopt;
    value = value << 4U | static_cast<std::uint64_t>(decimal ? c - '0' : c - 'a' + 10);
  }
  return value;
}

}  // namespace

void Fingerprint::add_row(std::span<const std::byte> row) noexcept {
  add(*this, XXH3_128bits(row.data(), row.size()));
}

Fingerprint& Fingerprint::operator+=(const Fingerprint& other) noexcept {
  rows += other.rows;
  low += other.low;
  high += other.high + (low < other.low ? 1U : 0U);
  return *this;
}

std::string Fingerprint::value() const {
  std::string out;
  out.reserve(kValueDigits);
  append_hex(out, high);
  append_hex(out, low);
  return out;
}

std::optional<Fingerprint> Fingerprint::parse(std::uint64_t rows, std::string_view value) {
  if (value.size() != kValueDigits) return std::nullopt;
  const auto high = parse_hex(value.substr(0, kValueDigits / 2));
  const auto low = parse_hex(value.substr(kValueDigits / 2));
  if (!high || !low) return std::nullopt;
  return Fingerprint{.rows = rows, .high = *high, .low = *low};
}

struct RowSplitter::LongRow {
  XXH3_state_t hash;  // must be aligned to 64 bytes, which its type says
};

void RowSplitter::LongRowDeleter::operator()(LongRow* row) const noexcept { delete row; }

void RowSplitter::line(std::span<const std::byte> row) {
  if (row.size() == kEndMarker.size() && text_of(row) == kEndMarker) {
    ended_ = true;
  } else {
    fingerprint_.add_row(row);
  }
}

void RowSplitter::collect(std::span<const std::byte> part) {
  if (!long_row_ && rest_.size() + part.size() <= kCollectBytes) {
    rest_ += text_of(part);
    return;
  }
  if (!long_row_) {
    long_row_.reset(new LongRow);
    XXH3_128bits_reset(&long_row_->hash);
    XXH3_128bits_update(&long_row_->hash, rest_.data(), rest_.size());
    rest_ = "+";  // something remains
  }
  XXH3_128bits_update(&long_row_->hash, part.data(), part.size());
}

void RowSplitter::end_collected() {
  if (long_row_) {
    codec::add(fingerprint_, XXH3_128bits_digest(&long_row_->hash));
    long_row_.reset();
  } else {
    line(std::as_bytes(std::span(rest_)));
  }
  rest_.clear();
}

void RowSplitter::add(std::span<const std::byte> bytes) {
  const std::byte* at = bytes.data();
  const std::byte* const end = at + bytes.size();
  while (!ended_ && at != end) {
    const void* found = std::memchr(at, '\n', static_cast<std::size_t>(end - at));
    const auto* newline = static_cast<const std::byte*>(found);
    const std::span part(at, newline == nullptr ? end : newline);
    if (newline == nullptr) return collect(part);
    if (rest_.empty()) {
      line(part);
    } else {
      collect(part);
      end_collected();
    }
    at = newline + 1;
  }
}

}  // namespace codec
