// Which rows two sides may differ in, found by reading each once in fixed memory.
//
// Rows are dealt out to buckets by their hash, and each bucket has the sum of its rows' hashes, as
// the fingerprint has that of all rows. Equal sums of a bucket mean equal rows in it, just as equal
// fingerprints mean equal tables. So only the rows of buckets that differ have to be kept and
// sorted: few, where few rows differ.
//
// Threads: add() from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "codec/fingerprint.h"

namespace compare {

class Buckets {
 public:
  explicit Buckets(unsigned bits);  // 2^bits of them, 16 bytes each

  void add(const codec::Fingerprint& row) noexcept;  // of one row
  // Which differ; both have the same number.
  std::vector<bool> differing(const Buckets& other) const;
  static std::size_t of(const codec::Fingerprint& row, unsigned bits) noexcept {
    return row.high >> (64U - bits);
  }

 private:
  struct Sum {
    std::atomic<std::uint64_t> high{0}, low{0};
  };
  unsigned bits_;
  std::unique_ptr<Sum[]> sums_;  // NOLINT: atomics cannot be moved, as a vector wants
};

// How many suit tables of about so many bytes: a row or so in each, at most 16 MiB of sums.
unsigned bucket_bits(std::uint64_t bytes) noexcept;

}  // namespace compare
