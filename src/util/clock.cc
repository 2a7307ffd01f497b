#include "util/clock.h"

#include <fmt/format.h>

#include <charconv>

namespace util {
namespace {
struct Parts {
  int year;
  unsigned month, day;
  long hour, minute, second, millisecond;
};

Parts parts(Clock::time_point when) {
  using namespace std::chrono;
  const auto days = floor<std::chrono::days>(when);
  const year_month_day date(days);
  const hh_mm_ss time(floor<milliseconds>(when - days));
  return {int(date.year()),         unsigned(date.month()), unsigned(date.day()),
          time.hours().count(),     time.minutes().count(), time.seconds().count(),
          time.subseconds().count()};
}

bool digits(std::string_view text, std::size_t at, std::size_t count, int& value) {
  if (at + count > text.size()) return false;
  const char* const last = text.data() + at + count;
  return std::from_chars(text.data() + at, last, value).ptr == last;
}
}  // namespace

std::string rfc3339(Clock::time_point when) {
  const Parts p = parts(when);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", p.year, p.month, p.day, p.hour,
                     p.minute, p.second, p.millisecond);
}

std::optional<Clock::time_point> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  const bool shape = digits(text, 0, 4, y) && digits(text, 5, 2, mo) && digits(text, 8, 2, d) &&
                     digits(text, 11, 2, h) && digits(text, 14, 2, mi) && digits(text, 17, 2, s) &&
                     text.back() == 'Z';
  if (!shape) return std::nullopt;
  if (text.size() == 24 && !digits(text, 20, 3, ms)) return std::nullopt;
  const year_month_day date(year(y), month(static_cast<unsigned>(mo)),
                            day(static_cast<unsigned>(d)));
  if (!date.ok() || h > 23 || mi > 59 || s > 60) return std::nullopt;
  return sys_days(date) + hours(h) + minutes(mi) + seconds(s) + milliseconds(ms);
}

std::string name_time(Clock::time_point when) {
  const Parts p = parts(when);
  return fmt::format("{:04}-{:02}-{:02}_{:02}{:02}{:02}", p.year, p.month, p.day, p.hour, p.minute,
                     p.second);
}

std::string key_time(Clock::time_point when) {
  const Parts p = parts(when);
  return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}", p.year, p.month, p.day, p.hour, p.minute,
                     p.second);
}

}  // namespace util
