// The lines that both have at their beginning and end are taken off; of the rest the longest common
// subsequence is kept. Its table takes one number for each pair of lines, hence the limit: beyond
// it the rest is told as replaced as a whole.
#include "util/text_diff.h"

#include <algorithm>
#include <cstdint>
#include <span>

#include "util/text.h"

namespace util {
namespace {

constexpr std::size_t kMostPairs = 4'000'000;

enum class Side { Both, Before, After };
struct Line {
  Side side;
  std::string_view text;
};
using Lines = std::span<const std::string_view>;

// No line for an end of line at the end.
std::vector<std::string_view> lines_of(std::string_view text) {
  if (text.empty()) return {};
  if (text.ends_with('\n')) text.remove_suffix(1);
  return split(text, '\n');
}

void append(std::vector<Line>& to, Side side, Lines lines) {
  for (const std::string_view line : lines) to.push_back({side, line});
}

// common[i * (b.size() + 1) + j]: length of the longest common subsequence of a from i, b from j.
std::vector<std::uint32_t> common_lengths(Lines a, Lines b) {
  const std::size_t width = b.size() + 1;
  std::vector<std::uint32_t> common((a.size() + 1) * width, 0);
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      common[i * width + j] =
          a[i] == b[j] ? common[(i + 1) * width + j + 1] + 1
                       : std::max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  return common;
}

void append_middle(std::vector<Line>& out, Lines a, Lines b) {
  if (a.size() * b.size() > kMostPairs) {
    append(out, Side::Before, a);
    append(out, Side::After, b);
    return;
  }
  const std::vector<std::uint32_t> common = common_lengths(a, b);
  const std::size_t width = b.size() + 1;
  std::size_t i = 0, j = 0;
  while (i < a.size() && j < b.size()) {
    if (a[i] == b[j]) {
      out.push_back({Side::Both, a[i]});
      ++i, ++j;
    } else if (common[(i + 1) * width + j] >= common[i * width + j + 1]) {
      out.push_back({Side::Before, a[i++]});
    } else {
      out.push_back({Side::After, b[j++]});
    }
  }
  append(out, Side::Before, a.subspan(i));
  append(out, Side::After, b.subspan(j));
}

std::vector<Line> merged(Lines a, Lines b) {
  const std::size_t shorter = std::min(a.size(), b.size());
  std::size_t first = 0, last = 0;
  while (first < shorter && a[first] == b[first]) ++first;
  while (last < shorter - first && a[a.size() - 1 - last] == b[b.size() - 1 - last]) ++last;
  std::vector<Line> out;
  append(out, Side::Both, a.first(first));
  append_middle(out, a.subspan(first, a.size() - first - last),
                b.subspan(first, b.size() - first - last));
  append(out, Side::Both, a.last(last));
  return out;
}

std::string marked(const Line& line) {
  const std::string_view mark = line.side == Side::Both     ? "  "
                                : line.side == Side::Before ? "- "
                                                            : "+ ";
  return cat(mark, printable(replace_all(std::string(line.text), "\t", "    ")));
}

}  // namespace

std::vector<std::string> diff_lines(std::string_view before, std::string_view after,
                                    std::size_t context) {
  const std::vector<std::string_view> a = lines_of(before), b = lines_of(after);
  const std::vector<Line> all = merged(a, b);
  std::vector<bool> shown(all.size(), false);
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (all[n].side == Side::Both) continue;
    const std::size_t from = n - std::min(n, context), to = std::min(n + context + 1, all.size());
    std::fill(shown.begin() + static_cast<std::ptrdiff_t>(from),
              shown.begin() + static_cast<std::ptrdiff_t>(to), true);
  }
  std::vector<std::string> out;
  std::size_t line = 1;  // of `before`
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (shown[n] && (n == 0 || !shown[n - 1])) out.push_back(cat("@@ line ", line, " @@"));
    if (shown[n]) out.push_back(marked(all[n]));
    if (all[n].side != Side::After) ++line;
  }
  return out;
}

}  // namespace util
