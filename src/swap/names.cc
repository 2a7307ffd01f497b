#include "swap/names.h"

#include <algorithm>
#include <array>
#include <utility>

#include "util/error.h"
#include "util/text.h"

namespace swap {
namespace {

constexpr std::size_t kNameBytes = 63;  // NAMEDATALEN - 1
constexpr std::size_t kKeyDigits = 14;  // YYYYMMDDHHMMSS
constexpr std::size_t kLongestKey = 20;

constexpr std::array kWords{
    std::pair{Purpose::Proof, std::string_view("proof")},
    std::pair{Purpose::Rehearsal, std::string_view("rehearsal")},
    std::pair{Purpose::Failed, std::string_view("failed")},
    std::pair{Purpose::Replaced, std::string_view("replaced")},
    std::pair{Purpose::Probe, std::string_view("probe")},
    std::pair{Purpose::Drift, std::string_view("drift")},
    std::pair{Purpose::Held, std::string_view("held")},
};

std::string_view word(Purpose purpose) {
  return std::find_if(kWords.begin(), kWords.end(),
                      [&](const auto& row) { return row.first == purpose; })
      ->second;
}

bool is_key(std::string_view text) {
  return text.size() >= kKeyDigits && text.size() <= kLongestKey &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

std::string side_name(const std::string& database, Purpose purpose, const std::string& key) {
  if (!is_key(key)) throw util::Error(util::Kind::Bug, util::cat("no key of a run: ", key));
  const std::string tail = util::cat("__", word(purpose), "_", key);
  return util::cat(util::cut_utf8(database, kNameBytes - tail.size()), tail);
}

std::optional<SideName> parse_side_name(std::string_view name) {
  const std::size_t last = name.rfind('_');
  if (last == std::string_view::npos || !is_key(name.substr(last + 1))) return std::nullopt;
  const std::string_view front = name.substr(0, last);
  for (const auto& [purpose, text] : kWords) {
    if (!front.ends_with(text)) continue;
    const std::string_view before = front.substr(0, front.size() - text.size());
    if (before.size() <= 2 || !before.ends_with("__")) continue;
    return SideName{.database = std::string(before.substr(0, before.size() - 2)),
                    .purpose = purpose,
                    .key = std::string(name.substr(last + 1))};
  }
  return std::nullopt;
}

}  // namespace swap
