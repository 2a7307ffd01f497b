#include "util/units.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

#include "util/text.h"

namespace util {
namespace {
// The number at the start of `text`, which is shortened by it.
std::optional<double> take_number(std::string_view& text) {
  const std::size_t length = text.find_first_not_of("0123456789.");
  const std::string_view digits = text.substr(0, length);
  double value = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{} || end != digits.data() + digits.size() || digits.empty())
    return std::nullopt;
  text.remove_prefix(digits.size());
  return value;
}

std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find_first_of("0123456789. "));
  text.remove_prefix(word.size());
  return word;
}

struct Unit {
  std::string_view name;
  double factor;
};
}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  constexpr std::array kUnits{Unit{"ms", 1},         Unit{"s", 1e3},    Unit{"m", 60e3},
                              Unit{"min", 60e3},     Unit{"h", 3600e3}, Unit{"d", 86400e3},
                              Unit{"w", 7 * 86400e3}};
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const std::optional<double> number = take_number(text);
    const std::string_view word = take_word(text);
    const Unit* unit = nullptr;
    for (const Unit& candidate : kUnits) {
      if (candidate.name == word) unit = &candidate;
    }
    if (!number || unit == nullptr) return std::nullopt;
    total += *number * unit->factor;
  }
  if (!(total < 1e15)) return std::nullopt;
  return std::chrono::milliseconds(std::llround(total));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  constexpr std::array kUnits{Unit{"", 1},
                              Unit{"b", 1},
                              Unit{"kb", 1e3},
                              Unit{"mb", 1e6},
                              Unit{"gb", 1e9},
                              Unit{"tb", 1e12},
                              Unit{"kib", 1024.},
                              Unit{"mib", 1048576.},
                              Unit{"gib", 1073741824.},
                              Unit{"tib", 1099511627776.}};
  const std::optional<double> number = take_number(text);
  const std::string word = lower(trim(text));
  if (!number) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (unit.name == word && *number * unit.factor < 1e19)
      return static_cast<std::uint64_t>(*number * unit.factor);
  }
  return std::nullopt;
}

std::string show_duration(std::chrono::duration<double> duration) {
  const double seconds = duration.count();
  if (seconds < 0.1) return fmt::format("{:.2f} s", seconds);
  if (seconds < 59.95) return fmt::format("{:.1f} s", seconds);
  const auto whole = std::llround(seconds);
  if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
  return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

std::string show_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 5> kNames{"kB", "MB", "GB", "TB", "PB"};
  if (bytes < 1000) return cat(bytes, " bytes");
  double value = static_cast<double>(bytes) / 1e3;
  std::size_t unit = 0;
  for (; value >= 999.5 && unit + 1 < kNames.size(); ++unit) value /= 1e3;
  return value < 9.95 ? fmt::format("{:.1f} {}", value, kNames[unit])
                      : fmt::format("{:.0f} {}", value, kNames[unit]);
}

std::string show_count(std::uint64_t count) {
  std::string digits = cat(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ' ');
  return digits;
}

std::string show_counted(std::uint64_t count, std::string_view noun) {
  return cat(show_count(count), ' ', noun, count == 1 ? "" : "s");
}

}  // namespace util
