// Escapes of COPY text, one at a time; shared by the exact and the fast reader of rows.
#pragma once

#include <cstddef>
#include <string_view>

namespace archive {

// The letters of the escapes, and what they stand for.
constexpr std::string_view kEscapeLetters = "bfnrtv";
constexpr std::string_view kEscapedBytes = "\b\f\n\r\t\v";

// What stands behind a backslash: one byte, and how much of the input it took. Nothing behind it:
// no byte, as the server reads it (and never writes it).
struct Escape {
  char byte = 0;
  std::size_t length = 0;
};

// `rest` begins behind the backslash.
Escape read_escape(std::string_view rest) noexcept;

}  // namespace archive
