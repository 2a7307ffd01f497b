// The SVG has no viewBox: positions across are percentages, heights and texts are pixels, so it is
// as readable at 390 pixels as at 1280.
#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

#include "guard/report_html.h"
#include "guard/report_html_parts.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr int kLane = 38;   // pixels: a line of text and a bar below it
constexpr int kBar = 12;    // height of a bar
constexpr int kGroup = 30;  // a heading
constexpr int kAxis = 26;   // the times at the top
constexpr std::size_t kMostSessions = 8;
constexpr std::size_t kMostRelations = 14;
constexpr std::size_t kMostBars = 400;  // of one lane
constexpr std::size_t kTipBytes = 240;
constexpr std::size_t kNameBytes = 38;

std::string percent(double value) {
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(), "%.3f%%", value * 100);
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

// 1, 2 or 5 times a power of ten: at most five steps within `span` seconds.
double step_for(double span) {
  double step = 1e-3;
  while (true) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (span / (step * factor) <= 5) return step * factor;
    }
    step *= 10;
  }
}

std::string tick_text(double seconds) {
  if (seconds == 0) return "0";
  std::array<char, 32> text{};
  const bool small = seconds < 1;
  const int size = std::snprintf(text.data(), text.size(), "%g %s",
                                 small ? seconds * 1000 : seconds, small ? "ms" : "s");
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

// What fits beside a figure on a phone; the table has all of it.
std::string shortened(std::string_view name) {
  const std::string_view cut = util::cut_utf8(name, kNameBytes);
  return cat(cut, cut.size() < name.size() ? "…" : "");
}

class Timeline {
 public:
  explicit Timeline(const RehearsalReport& report) : report_(report) {
    begin_ = util::Clock::time_point::max();
    end_ = util::Clock::time_point::min();
    for (const RehearsedStatement& statement : report.statements)
      include(statement.begin, statement.end);
    for (const HeldLock& lock : report.locks) include(lock.begin, lock.end);
  }

  bool empty() const { return end_ <= begin_; }

  std::string svg() {
    sessions();
    relations();
    const std::string body = std::move(out_);
    out_.clear();
    axis();
    return cat(
        "<svg class=\"timeline\" role=\"img\" aria-label=\"statements and locks over time\" "
        "height=\"",
        y_, "\">", out_, body, "</svg>");
  }

 private:
  void include(util::Clock::time_point begin, util::Clock::time_point end) {
    begin_ = std::min(begin_, begin);
    end_ = std::max(end_, end);
  }
  double seconds(util::Clock::time_point when) const {
    return util::Seconds(when - begin_).count();
  }
  double span() const { return std::max(seconds(end_), 1e-3); }
  std::string at(util::Clock::time_point when) const { return percent(seconds(when) / span()); }
  std::string width(util::Seconds length) const {
    return percent(std::max(length.count() / span(), 0.0));
  }

  void axis() {
    const double step = step_for(span());
    for (int n = 0; n * step <= span(); ++n) {
      const double where = n * step / span();
      const std::string x = percent(where);
      const bool last = where > 0.94;
      out_ += cat("<line class=\"grid\" x1=\"", x, "\" x2=\"", x, "\" y1=\"", kAxis - 6, "\" y2=\"",
                  y_, "\"/><text x=\"", x, "\" y=\"12\"",
                  n == 0 ? ""
                  : last ? " text-anchor=\"end\""
                         : " text-anchor=\"middle\"",
                  ">", tick_text(n * step), "</text>");
    }
  }

  void group(std::string_view name) {
    y_ += kGroup;
    out_ += cat("<text class=\"group\" x=\"0\" y=\"", y_ - 8, "\">", name, "</text>");
  }

  // The lane's name on the left, a figure on the right, and the track of its bars.
  void lane(std::string_view name, std::string_view figure) {
    y_ += kLane;
    out_ += cat("<text class=\"name\" x=\"0\" y=\"", y_ - kBar - 11, "\">",
                html_escaped(shortened(name)), "</text><text x=\"100%\" text-anchor=\"end\" y=\"",
                y_ - kBar - 11, "\">", html_escaped(figure),
                "</text><rect class=\"track\" x=\"0\" width=\"100%\" rx=\"3\" y=\"", y_ - kBar - 5,
                "\" height=\"", kBar, "\"/>");
  }

  void bar(std::string_view css, util::Clock::time_point begin, util::Seconds length,
           std::string_view tip) {
    // What is shorter than a pixel is still a mark.
    const bool thin = length.count() / span() < 0.004;
    out_ += cat("<rect class=\"", css, thin ? " thin" : "", "\" x=\"", at(begin), "\" ",
                thin ? std::string("width=\"2\"") : cat("rx=\"2.5\" width=\"", width(length), "\""),
                " y=\"", y_ - kBar - 5, "\" height=\"", kBar, "\"><title>", html_escaped(tip),
                "</title></rect>");
  }

  void sessions() {
    std::vector<int> order;
    std::map<int, std::vector<const RehearsedStatement*>> by_session;
    for (const RehearsedStatement& statement : report_.statements) {
      std::vector<const RehearsedStatement*>& list = by_session[statement.pid];
      if (list.empty()) order.push_back(statement.pid);
      list.push_back(&statement);
    }
    if (order.empty()) return;
    group("Statements");
    for (std::size_t n = 0; n < std::min(order.size(), kMostSessions); ++n) {
      std::vector<const RehearsedStatement*> list = by_session[order[n]];
      lane(cat("Session ", n + 1), util::show_counted(list.size(), "statement"));
      // The longest are drawn if there are too many for one lane.
      if (list.size() > kMostBars) {
        std::nth_element(list.begin(), list.begin() + kMostBars, list.end(),
                         [](const auto* a, const auto* b) { return a->took() > b->took(); });
        list.resize(kMostBars);
      }
      for (const RehearsedStatement* statement : list) {
        bar(statement->sqlstate.empty() ? "stmt" : "stmt err", statement->begin, statement->took(),
            cat("#", statement->number, " · ", time_text(statement->took()), "\n",
                util::cut_utf8(statement->text, kTipBytes)));
      }
    }
    if (order.size() > kMostSessions)
      group(cat("and ", order.size() - kMostSessions, " more sessions"));
  }

  void relations() {
    std::vector<std::string> order;  // report_.locks has the longest first
    std::map<std::string, std::vector<const HeldLock*>> by_relation;
    for (const HeldLock& lock : report_.locks) {
      std::vector<const HeldLock*>& list = by_relation[lock.relation];
      if (list.empty()) order.push_back(lock.relation);
      list.push_back(&lock);
    }
    if (order.empty()) return;
    group("Locks");
    for (std::size_t n = 0; n < std::min(order.size(), kMostRelations); ++n) {
      std::vector<const HeldLock*> list = by_relation[order[n]];
      if (list.size() > kMostBars) list.resize(kMostBars);
      const HeldLock& longest = *list.front();
      lane(order[n], time_text(longest.held()));
      std::sort(list.begin(), list.end(), [](const HeldLock* a, const HeldLock* b) {
        return a->mode < b->mode;  // the strongest on top
      });
      for (const HeldLock* lock : list) {
        bar(cat("lock ", lock_class(lock->mode)), lock->begin, lock->held(),
            cat(lock_name(lock->mode), " on ", lock->relation, ", ", time_text(lock->held())));
      }
    }
    if (order.size() > kMostRelations)
      group(cat("and ", order.size() - kMostRelations, " more relations, in the table below"));
  }

  const RehearsalReport& report_;
  util::Clock::time_point begin_, end_;
  int y_ = kAxis;
  std::string out_;
};

}  // namespace

std::string time_text(util::Seconds time) {
  const double milliseconds = std::max(time.count() * 1000, 0.0);
  if (milliseconds >= 99.5) return util::show_duration(time);
  std::array<char, 32> text{};
  const int size = std::snprintf(text.data(), text.size(),
                                 milliseconds < 9.95 ? "%.1f ms" : "%.0f ms", milliseconds);
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string_view lock_class(LockMode mode) {
  constexpr std::array<std::string_view, 5> kClasses{"l0", "l1", "l2", "l3", "l4"};
  return kClasses[static_cast<std::size_t>(mode)];
}

std::string report_timeline(const RehearsalReport& report) {
  Timeline timeline(report);
  return timeline.empty() ? std::string() : timeline.svg();
}

}  // namespace guard
