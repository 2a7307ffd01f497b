// The fingerprint of rows: the sum modulo 2^128 of XXH3-128 (seed 0) of each COPY text line without
// its newline (contracts.md K13). Independent of order and of how the rows are cut into chunks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace codec {

constexpr std::string_view kFingerprintAlgorithm = "xxh3-128-sum/1";

struct Fingerprint {
  std::uint64_t rows = 0;
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  // `row` without its newline.
  void add_row(std::span<const std::byte> row) noexcept;
  Fingerprint& operator+=(const Fingerprint& other) noexcept;
  std::string value() const;  // 32 lower-case hexadecimal digits
  static std::optional<Fingerprint> parse(std::uint64_t rows, std::string_view value);
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};

// Splits a stream of COPY text at newlines, wherever its pieces are cut, and sums its rows in
// bounded memory. The end marker line "\." and what follows it are no rows.
class RowSplitter {
 public:
  void add(std::span<const std::byte> bytes);
  // The rows so far; `ended` is true when the end marker was seen, `partial` when bytes without a
  // newline remain.
  const Fingerprint& fingerprint() const noexcept { return fingerprint_; }
  bool ended() const noexcept { return ended_; }
  bool partial() const noexcept { return !rest_.empty(); }

 private:
  struct LongRow;
  struct LongRowDeleter {
    void operator()(LongRow* row) const noexcept;
  };
  void line(std::span<const std::byte> row);
  void collect(std::span<const std::byte> part);
  void end_collected();

  Fingerprint fingerprint_;
  std::string rest_;  // of a row that goes on in the next bytes; not empty while there is one
  std::unique_ptr<LongRow, LongRowDeleter>
      long_row_;  // its hash so far, once it is too long to collect
  bool ended_ = false;
};

}  // namespace codec
