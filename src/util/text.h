// Small text helpers: joining, hexadecimal, trimming. No locale, no PostgreSQL.
#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace util {

namespace detail {
inline void append(std::string& out, std::string_view text) { out += text; }
inline void append(std::string& out, char c) { out += c; }
template <std::integral T>
requires(!std::same_as<T, char> && !std::same_as<T, bool>) void append(std::string& out, T value) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
}
}  // namespace detail

// The arguments (text, characters, integers) one after the other.
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::vector<std::string_view> split(std::string_view text, char separator);
std::string_view trim(std::string_view text) noexcept;
std::string lower(std::string_view text);  // ASCII only
std::string replace_all(std::string text, std::string_view from, std::string_view to);

std::string hex(std::span<const std::byte> bytes);          // lower case
std::optional<std::string> unhex(std::string_view digits);  // the bytes; nothing if malformed

// The whole of `text` as a number; nothing if there is anything else in it or it does not fit.
std::optional<std::uint64_t> parse_u64(std::string_view text) noexcept;
std::optional<std::int64_t> parse_i64(std::string_view text) noexcept;

// `text` cut to at most `max_bytes`, never inside a UTF-8 character.
std::string_view cut_utf8(std::string_view text, std::size_t max_bytes) noexcept;
bool is_utf8(std::string_view text) noexcept;

// Control characters as \xNN, so that a name cannot forge lines of a report or a log.
std::string printable(std::string_view text);

// The candidate nearest to `word` by edit distance, if one is near enough to be meant.
std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> candidates);

}  // namespace util
