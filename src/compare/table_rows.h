// The rows of one table on both sides: their sums, and which of them differ.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "codec/fingerprint.h"
#include "compare/buckets.h"
#include "compare/compare.h"

namespace compare {

// One table's two sides; `columns` are those of A, which B has, too.
struct Pair {
  Side& a;
  Side& b;
  const Table& in_a;
  const Table& in_b;
};

class RowsComparison {
 public:
  RowsComparison(const Pair& pair, const Options& options, std::stop_token stop);

  // Reads no more than is needed to know.
  bool equal();
  const codec::Fingerprint& sum_a() const { return *a_.sum; }
  const codec::Fingerprint& sum_b() const { return *b_.sum; }
  // When they are not equal. Kind::Damage if the rows do not account for the difference of the
  // sums.
  Counts find_changes(RowListener& listener);

 private:
  struct Reading {
    Side& side;
    const Table& table;
    std::optional<codec::Fingerprint> sum;
    std::unique_ptr<Buckets> buckets;
  };
  void read(Reading& reading);
  void keep(const Reading& reading, const std::vector<bool>& wanted,
            const std::vector<std::size_t>& key, Sorter& sorter);
  std::vector<std::string> key() const;
  std::vector<std::size_t> positions(const std::vector<std::string>& names) const;

  const Options& options_;
  const std::stop_token stop_;
  const std::vector<std::string>& columns_;
  unsigned bits_;
  Reading a_, b_;
};

}  // namespace compare
