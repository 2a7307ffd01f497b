#include "archive/copy_escape.h"

#include <algorithm>

namespace archive {

namespace {
int digit(char c, int base) {
  int value = -1;
  if (c >= '0' && c <= '9') value = c - '0';
  if (c >= 'a' && c <= 'f') value = c - 'a' + 10;
  if (c >= 'A' && c <= 'F') value = c - 'A' + 10;
  return value < base ? value : -1;
}

// Up to `most` digits, modulo 256; length 0 if there is none.
Escape number(std::string_view rest, std::size_t most, int base) {
  int value = 0;
  std::size_t length = 0;
  for (; length < std::min(most, rest.size()) && digit(rest[length], base) >= 0; ++length) {
    value = value * base + digit(rest[length], base);
  }
  return {.byte = static_cast<char>(static_cast<unsigned char>(value & 0xFF)), .length = length};
}
}  // namespace

Escape read_escape(std::string_view rest) noexcept {
  if (rest.empty()) return {};
  const char c = rest.front();
  if (c == '\\') return {.byte = c, .length = 1};
  if (const std::size_t letter = kEscapeLetters.find(c); letter != std::string_view::npos) {
    return {.byte = kEscapedBytes[letter], .length = 1};
  }
  if (const Escape octal = number(rest, 3, 8); octal.length > 0) return octal;
  if (c == 'x') {
    const Escape hexadecimal = number(rest.substr(1), 2, 16);
    if (hexadecimal.length > 0) return {.byte = hexadecimal.byte, .length = hexadecimal.length + 1};
  }
  return {.byte = c, .length = 1};
}

}  // namespace archive
