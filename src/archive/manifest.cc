// Totals of a manifest, and SHA256SUMS as coreutils writes and reads it.
#include "archive/manifest.h"

#include <algorithm>

#include "util/error.h"
#include "util/text.h"

namespace archive {

namespace {
constexpr std::size_t kDigits = 64;

// What sha256sum escapes; a line with any of it begins with a backslash.
constexpr std::string_view kEscapedBytes = "\\\n\r";
constexpr std::string_view kEscapeLetters = "\\nr";

std::string escaped(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const std::size_t escape = kEscapedBytes.find(c);
    if (escape == std::string_view::npos) {
      out += c;
    } else {
      out += util::cat('\\', kEscapeLetters[escape]);
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view name) {
  std::string out;
  for (std::size_t at = 0; at < name.size(); ++at) {
    if (name[at] != '\\') {
      out += name[at];
      continue;
    }
    const std::size_t escape =
        ++at < name.size() ? kEscapeLetters.find(name[at]) : std::string_view::npos;
    if (escape == std::string_view::npos) return std::nullopt;
    out += kEscapedBytes[escape];
  }
  return out;
}

std::optional<SumLine> parse_line(std::string_view line) {
  const bool has_escapes = line.starts_with('\\');
  if (has_escapes) line.remove_prefix(1);
  if (line.size() <= kDigits + 2 || line[kDigits] != ' ') return std::nullopt;
  const std::string_view digits = line.substr(0, kDigits);
  if (digits.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  if (line[kDigits + 1] != ' ' && line[kDigits + 1] != '*')
    return std::nullopt;  // text or binary: the same here
  const std::string_view name = line.substr(kDigits + 2);
  const std::optional<std::string> real = has_escapes ? unescaped(name) : std::string(name);
  if (!real) return std::nullopt;
  return SumLine{.sha256 = std::string(digits), .name = *real};
}
}  // namespace

std::uint64_t Manifest::rows() const noexcept {
  std::uint64_t sum = 0;
  for (const TableRecord& table : tables) sum += table.fingerprint.rows;
  return sum;
}

std::uint64_t Manifest::bytes() const noexcept {
  std::uint64_t sum = 0;
  for (const FileRecord& file : files) sum += file.bytes;
  return sum;
}

std::string sha256sums(const std::vector<FileRecord>& files) {
  std::string out;
  for (const FileRecord& file : files) {
    const std::string name = escaped(file.name);
    out += util::cat(name == file.name ? "" : "\\", file.sha256, "  ", name, '\n');
  }
  return out;
}

std::vector<SumLine> parse_sha256sums(std::string_view text) {
  std::vector<SumLine> lines;
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const std::size_t end = text.find('\n');
    std::optional<SumLine> line;
    if (end != std::string_view::npos) line = parse_line(text.substr(0, end));
    if (!line) {
      throw util::Error(
          util::Kind::Damage,
          util::cat("SHA256SUMS: line ", number, " is not a sum and a file name"),
          {.hint = "this file is not what pgbelay wrote; another copy of the backup may be whole"});
    }
    lines.push_back(std::move(*line));
    text.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace archive
