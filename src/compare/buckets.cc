#include "compare/buckets.h"

#include <algorithm>

namespace compare {

namespace {
constexpr unsigned kFewestBits = 8;
constexpr unsigned kMostBits = 20;
constexpr std::uint64_t kBytesPerBucket = 64;
}  // namespace

Buckets::Buckets(unsigned bits)
    : bits_(bits), sums_(std::make_unique<Sum[]>(std::size_t{1} << bits)) {}

void Buckets::add(const codec::Fingerprint& row) noexcept {
  Sum& sum = sums_[of(row, bits_)];
  sum.high.fetch_add(row.high, std::memory_order_relaxed);
  sum.low.fetch_add(row.low, std::memory_order_relaxed);
}

std::vector<bool> Buckets::differing(const Buckets& other) const {
  std::vector<bool> differing(std::size_t{1} << bits_);
  for (std::size_t n = 0; n < differing.size(); ++n) {
    differing[n] =
        sums_[n].high != other.sums_[n].high.load() || sums_[n].low != other.sums_[n].low.load();
  }
  return differing;
}

unsigned bucket_bits(std::uint64_t bytes) noexcept {
  unsigned bits = kFewestBits;
  while (bits < kMostBits && (kBytesPerBucket << bits) < bytes) ++bits;
  return bits;
}

}  // namespace compare
