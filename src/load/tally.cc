#include "load/tally.h"

#include <iterator>

#include "util/text.h"

namespace load {
namespace {
constexpr std::uint64_t kTellEvery = 8U << 20U;  // bytes
}  // namespace

void Tally::add_bytes(std::uint64_t bytes) {
  const std::uint64_t before = bytes_.fetch_add(bytes);
  const std::uint64_t now = before + bytes;
  if (before / kTellEvery != now / kTellEvery) reporter_.progress("restore", now, total_bytes_);
}

void Tally::warn(std::string text) {
  const util::Lock lock(mutex_);
  warnings_.push_back(std::move(text));
}

void Tally::keep_warnings(pg::Connection& connection) {
  for (const pg::Notice& notice : connection.take_notices()) {
    if (notice.severity == "WARNING")
      warn(util::printable(util::cat(notice.message, " (", notice.sqlstate, ")")));
  }
}

void Tally::write_to(Report& report) {
  report.rows += rows_;
  report.statements += statements_;
  const util::Lock lock(mutex_);
  std::move(warnings_.begin(), warnings_.end(), std::back_inserter(report.warnings));
  warnings_.clear();
}

}  // namespace load
