#include <algorithm>

#include "backup/backup.h"
#include "util/text.h"

namespace backup {
namespace {

constexpr std::size_t kLabelBytes = 40;
constexpr std::string_view kNoLabel = "backup";

bool taken(const std::filesystem::path& dir, const std::string& name) {
  std::error_code absent;
  return std::filesystem::exists(std::filesystem::symlink_status(dir / name, absent));
}

}  // namespace

std::string clean_label(std::string_view label) {
  std::string clean;
  for (const char c : util::lower(label)) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (kept) clean += c;
    if (!kept && !clean.empty() && clean.back() != '-') clean += '-';
  }
  clean.resize(std::min(clean.size(), kLabelBytes));
  while (!clean.empty() && clean.back() == '-') clean.pop_back();
  return clean.empty() ? std::string(kNoLabel) : clean;
}

std::string make_name(util::Clock::time_point when, std::string_view label,
                      const std::filesystem::path& dir) {
  std::string name = util::cat(util::name_time(when), "_", clean_label(label));
  if (!taken(dir, name)) return name;
  for (int number = 2;; ++number) {
    std::string numbered = util::cat(name, "-", number);
    if (!taken(dir, numbered)) return numbered;
  }
}

}  // namespace backup
