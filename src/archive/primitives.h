// The primitives of the archive format (byte, int, string), read from memory or from a file, front
// to back.
//
// Guarantees: nothing is believed. A length is compared with what is left before anything is
// allocated for it. Failure: Kind::Damage that names the byte. Kind::Io from the file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "util/files.h"

namespace archive {

constexpr std::uint64_t kIntBytes = 5;  // sign and four bytes of magnitude

[[noreturn]] void fail_damaged(std::uint64_t offset, std::string_view what);

class PrimitiveReader {
 public:
  explicit PrimitiveReader(std::span<const std::byte> bytes);
  // `file` must outlive the reader.
  PrimitiveReader(const util::ReadFile& file, std::uint64_t offset);
  PrimitiveReader(PrimitiveReader&&) noexcept =
      default;  // not copied: the window lies in the buffer

  std::uint64_t position() const noexcept { return position_; }  // of the next byte
  std::uint64_t left() const noexcept { return end_ - position_; }

  std::uint8_t byte();
  std::int64_t integer();
  // An integer between the bounds; anything else is damage of `what`.
  int integer_in(int least, int most, std::string_view what);
  std::optional<std::string> string();
  // The next bytes, at least 1 and at most `most`, valid until the next call.
  std::span<const std::byte> some(std::uint64_t most);
  void skip(std::uint64_t count);

 private:
  void fill();

  const util::ReadFile* file_ = nullptr;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t buffer_bytes_ = 0;
  std::span<const std::byte> window_;  // read and not yet taken
  std::uint64_t position_ = 0;
  std::uint64_t end_ = 0;
};

void append_int(std::string& out, std::int64_t value);
void append_string(std::string& out, const std::optional<std::string>& text);

}  // namespace archive
