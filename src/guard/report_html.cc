#include "guard/report_html.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "guard/report_html_parts.h"
#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::size_t kMostStatements = 200;
constexpr std::size_t kMostLocks = 100;
constexpr std::size_t kMostObjects = 300;
constexpr std::size_t kMostTables = 100;
constexpr std::size_t kLongStatement = 160;  // bytes: what is longer is folded

std::string esc(std::string_view text) { return html_escaped(text); }

std::string cell(std::string_view key, const std::string& html, std::string_view css = "") {
  return cat("<td", css.empty() ? "" : cat(" class=\"", css, "\""),
             key.empty() ? "" : cat(" data-k=\"", key, "\""), ">", html, "</td>");
}

std::string span(std::string_view css, const std::string& html) {
  return cat("<span class=\"", css, "\">", html, "</span>");
}

std::string head(std::string_view title, const std::string& note) {
  return cat("<div class=\"head\"><h2>", title, "</h2>",
             note.empty() ? "" : cat("<p>", note, "</p>"), "</div>");
}

std::string columns(const std::vector<std::pair<std::string_view, std::string_view>>& names) {
  std::string out = "<thead><tr>";
  for (const auto& [name, css] : names)
    out += cat("<th", css.empty() ? "" : cat(" class=\"", css, "\""), ">", name, "</th>");
  return out + "</tr></thead>";
}

std::string width(double share) {
  std::array<char, 32> text{};
  const int size =
      std::snprintf(text.data(), text.size(), "%.2f%%", std::clamp(share, 0.0, 1.0) * 100);
  return {text.data(), static_cast<std::size_t>(std::max(size, 0))};
}

std::string left_out(std::uint64_t count, std::string_view what) {
  return count == 0 ? std::string()
                    : cat("<p class=\"note\">", util::show_count(count), " more ", what,
                          " in rehearsal.json</p>");
}

std::string signed_size(std::uint64_t before, std::uint64_t after) {
  return after >= before ? cat("+", util::show_size(after - before))
                         : cat("−", util::show_size(before - after));
}

class Page {
 public:
  explicit Page(const RehearsalReport& report)
      : report_(report), reasons_(stop_reasons(report)), limits_(judge_limits(report)) {}

  std::string all() const {
    return cat(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
        "<meta name=\"robots\" content=\"noindex\"><title>Rehearsal of ",
        esc(report_.database), "</title><style>", report_style(), "</style></head><body><main>\n",
        title(), verdict(), tiles(), timeline(), statements(), locks(), storage(), rows(),
        objects(), left_open(), outside(), "<div class=\"two\">", production(), limits(), "</div>",
        footer(), "</main></body></html>\n");
  }

 private:
  bool warned() const {
    return report_.passed() && std::any_of(limits_.begin(), limits_.end(),
                                           [](const auto& limit) { return !limit.kept; });
  }

  std::string title() const {
    const std::string when = util::rfc3339(report_.started_at);
    return cat("<header><div><div class=\"brand\"><b>pgbelay</b> rehearsal</div><h1>",
               esc(report_.database), "</h1></div><div class=\"where\">",
               esc(util::join(report_.migration, report_.migration.size() > 1 ? " " : "")), "<br>",
               "PostgreSQL ", esc(report_.server_version), " · ",
               util::show_size(report_.live_bytes), " · ", when.substr(0, 10), " ",
               when.substr(11, 5), " UTC<br><span class=\"dim\">run ", esc(report_.run),
               "</span></div></header>\n");
  }

  std::string verdict() const {
    std::string_view tone = "ok";
    std::string_view mark = "✓";
    std::string_view headline = "The migration may run";
    std::string text =
        "It ran to its end on a copy of the database, the checks after it found nothing lost, and "
        "no limit was passed.";
    if (!report_.succeeded && report_.refused.empty()) {
      tone = "bad";
      mark = "✕";
      headline = "The migration failed";
      text = "It ran on a copy: the database is as it was.";
    } else if (!report_.passed()) {
      tone = "bad";
      mark = "✕";
      headline = "Do not run this migration yet";
      text = "It ran on a copy: the database is as it was. What stands in the way:";
    } else if (warned()) {
      tone = "warn";
      mark = "!";
      headline = "The migration may run, above a limit";
      text = "It ran to its end on a copy, but passed a limit that was set to warn only.";
    }
    std::string out = cat("<section class=\"verdict ", tone, "\"><h2><span class=\"dot\">", mark,
                          "</span>", headline, "</h2><p>", text, "</p>");
    if (!report_.succeeded && !report_.cause.empty())
      out += cat("<pre>", esc(report_.cause), "</pre>");
    if (!reasons_.empty()) {
      out += "<ul>";
      for (const std::string& reason : reasons_) out += cat("<li>", esc(reason), "</li>");
      out += "</ul>";
    }
    return out + "</section>\n";
  }

  static std::string tile(std::string_view key, const std::string& value, const std::string& text,
                          std::string_view tone = "") {
    return cat("<div class=\"tile", tone.empty() ? "" : cat(" ", tone), "\"><div class=\"k\">", key,
               "</div><div class=\"v\">", value, "</div><div class=\"s\">", text, "</div></div>");
  }

  std::string_view tone_of(std::string_view limit) const {
    for (const LimitVerdict& verdict : limits_) {
      if (verdict.name == limit && !verdict.kept)
        return report_.on_limit == OnLimit::Warn ? "warn" : "bad";
    }
    return "";
  }

  std::string tiles() const {
    const HeldLock* const lock = report_.worst_lock();
    std::uint64_t changed = 0;
    for (const RowChange& row : report_.rows) changed += row.inserted + row.updated + row.deleted;
    const std::size_t rewritten = static_cast<std::size_t>(
        std::count_if(report_.rewrites.begin(), report_.rewrites.end(),
                      [](const Rewrite& r) { return r.what == Rewrite::What::Rewritten; }));
    const std::uint64_t peak = std::max(report_.bytes_peak, report_.bytes_after);
    return cat(
        "<div class=\"tiles\">",
        tile("Duration", time_text(report_.took),
             util::show_counted(report_.statements.size() + report_.statements_left_out,
                                "statement"),
             tone_of("max_duration")),
        tile("Longest lock", lock == nullptr ? std::string("none") : time_text(lock->held()),
             lock == nullptr ? std::string("nobody is kept out")
                             : cat(lock_name(lock->mode), " on ", esc(lock->relation)),
             tone_of("max_lock")),
        tile("Rewritten", rewritten == 0 ? "none" : util::show_size(report_.rewritten_bytes()),
             rewritten == 0 ? std::string("no table") : util::show_counted(rewritten, "table"),
             tone_of("max_rewrite_bytes")),
        tile("Rows changed", util::show_count(changed),
             cat("in ", util::show_counted(report_.rows.size(), "table"))),
        tile("WAL", report_.wal_bytes ? util::show_size(*report_.wal_bytes) : std::string("–"),
             "of the whole server"),
        tile("Disk",
             peak > report_.bytes_before ? cat("+", util::show_size(peak - report_.bytes_before))
                                         : std::string("+0"),
             cat("afterwards ", signed_size(report_.bytes_before, report_.bytes_after))),
        "</div>\n");
  }

  std::string timeline() const {
    const std::string svg = report_timeline(report_);
    if (svg.empty()) return {};
    std::string legend;
    if (!report_.locks.empty()) {
      legend = "<div class=\"legend\">";
      for (int mode = 4; mode >= 0; --mode) {
        const auto lock = static_cast<LockMode>(mode);
        if (std::none_of(report_.locks.begin(), report_.locks.end(),
                         [&](const HeldLock& held) { return held.mode == lock; }))
          continue;
        legend += cat("<span><span class=\"mode ", lock_class(lock), "\">", lock_name(lock),
                      "</span> ", lock_meaning(lock), "</span>");
      }
      legend += "</div>";
    }
    return cat("<section>",
               head("Timeline",
                    "statements as the proxy saw them, locks that others "
                    "would have waited for"),
               svg, legend, "</section>\n");
  }

  std::string statement_text(const RehearsedStatement& statement) const {
    if (statement.text.size() <= kLongStatement)
      return cat("<div class=\"sql mono\">", esc(statement.text), "</div>");
    return cat("<details><summary class=\"mono\"><span class=\"cut\">",
               esc(util::cut_utf8(statement.text, kLongStatement)),
               "</span></summary><div class=\"sql mono\">", esc(statement.text),
               "</div></details>");
  }

  std::string statements() const {
    if (report_.statements.empty()) return {};
    util::Seconds longest{1e-9};
    for (const RehearsedStatement& one : report_.statements)
      longest = std::max(longest, one.took());
    std::string out =
        cat("<section>", head("Statements", "with the times between request and answer"), "<table>",
            columns({{"#", "dim"}, {"Statement", ""}, {"Result", ""}, {"Time", "r"}}), "<tbody>");
    for (const RehearsedStatement* one : shown_statements()) {
      const bool failed = !one->sqlstate.empty();
      out +=
          cat("<tr", failed ? " class=\"failed\"" : "", ">", cell("", cat(one->number), "dim"),
              cell("", statement_text(*one)),
              cell("Result", failed ? span("chip bad", esc(one->sqlstate)) : esc(one->tag), "tag"),
              cell("Time",
                   cat("<div>", time_text(one->took()), "<div class=\"meter\"><i style=\"width:",
                       width(one->took() / longest), "\"></i></div></div>"),
                   "r"),
              "</tr>");
    }
    const std::uint64_t all = report_.statements.size() + report_.statements_left_out;
    out += "</tbody></table>";
    if (all > kMostStatements)
      out += cat("<p class=\"note\">the ", kMostStatements, " longest of ", util::show_count(all),
                 " statements</p>");
    return out + "</section>\n";
  }

  // In their order; the longest if there are too many.
  std::vector<const RehearsedStatement*> shown_statements() const {
    std::vector<const RehearsedStatement*> out;
    for (const RehearsedStatement& one : report_.statements) out.push_back(&one);
    if (out.size() <= kMostStatements) return out;
    std::stable_sort(out.begin(), out.end(),
                     [](const auto* a, const auto* b) { return a->took() > b->took(); });
    out.resize(kMostStatements);
    std::sort(out.begin(), out.end(),
              [](const auto* a, const auto* b) { return a->number < b->number; });
    return out;
  }

  std::string locks() const {
    std::string out = cat("<section>", head("Locks",
                                            "the longest first; on relations that were "
                                            "there before"));
    if (report_.locks.empty()) {
      out += "<p class=\"note\">None that keeps anybody from reading or writing was seen.</p>";
    } else {
      out += cat("<table>",
                 columns({{"Relation", ""},
                          {"Lock", ""},
                          {"Meanwhile", ""},
                          {"Taken by", "r"},
                          {"Held", "r"}}),
                 "<tbody>");
      for (std::size_t n = 0; n < std::min(report_.locks.size(), kMostLocks); ++n) {
        const HeldLock& lock = report_.locks[n];
        out += cat(
            "<tr>", cell("", span("strong", esc(lock.relation))),
            cell("", span(cat("mode ", lock_class(lock.mode)), std::string(lock_name(lock.mode)))),
            cell("", span("dim", std::string(lock_meaning(lock.mode)))),
            cell("Taken by", lock.statement ? cat("#", *lock.statement) : std::string("–"), "r"),
            cell("Held", span("strong", time_text(lock.held())), "r"), "</tr>");
      }
      out += "</tbody></table>";
      if (report_.locks.size() > kMostLocks)
        out += left_out(report_.locks.size() - kMostLocks, "locks");
    }
    if (!report_.locks_complete)
      out += "<p class=\"note\">The locks could not be watched to the end.</p>";
    return out + "</section>\n";
  }

  std::string storage() const {
    if (report_.rewrites.empty()) return {};
    constexpr std::array<std::string_view, 4> kWhat{"table written anew", "table emptied",
                                                    "index rebuilt", "index built"};
    constexpr std::array<std::string_view, 4> kTone{"bad", "warn", "warn", ""};
    std::string out =
        cat("<section>", head("Storage", "every byte of these was written"), "<table>",
            columns({{"Relation", ""}, {"What", ""}, {"Before", "r"}, {"After", "r"}}), "<tbody>");
    for (std::size_t n = 0; n < std::min(report_.rewrites.size(), kMostTables); ++n) {
      const Rewrite& rewrite = report_.rewrites[n];
      const auto what = static_cast<std::size_t>(rewrite.what);
      const std::string of = rewrite.table.empty()
                                 ? std::string()
                                 : cat(" ", span("dim", cat("on ", esc(rewrite.table))));
      out += cat("<tr>", cell("", span("strong", esc(rewrite.relation)) + of),
                 cell("", span(cat("chip ", kTone[what]), std::string(kWhat[what]))),
                 cell("Before", util::show_size(rewrite.bytes_before), "r"),
                 cell("After", util::show_size(rewrite.bytes_after), "r"), "</tr>");
    }
    out += "</tbody></table>";
    if (report_.rewrites.size() > kMostTables)
      out += left_out(report_.rewrites.size() - kMostTables, "relations");
    return out + "</section>\n";
  }

  static std::string count_cell(std::string_view key, std::uint64_t count, std::string_view sign,
                                std::string_view css) {
    return cell(key, count == 0 ? span("dim", "0") : span(css, cat(sign, util::show_count(count))),
                "r");
  }

  std::string rows() const {
    if (report_.rows.empty()) return {};
    const auto number = [](const std::optional<std::uint64_t>& value) {
      return value ? util::show_count(*value) : std::string("–");
    };
    std::string out =
        cat("<section>",
            head("Rows", report_.rows_exact ? "by the counters of the copy, rolled back ones too"
                                            : "about, by the counters of the copy"),
            "<table>",
            columns({{"Table", ""},
                     {"Inserted", "r"},
                     {"Updated", "r"},
                     {"Deleted", "r"},
                     {"Rows before", "r"},
                     {"after", "r"}}),
            "<tbody>");
    for (std::size_t n = 0; n < std::min(report_.rows.size(), kMostTables); ++n) {
      const RowChange& row = report_.rows[n];
      out += cat("<tr>", cell("", span("strong", esc(row.table))),
                 count_cell("Inserted", row.inserted, "+", "plus"),
                 count_cell("Updated", row.updated, "", "strong"),
                 count_cell("Deleted", row.deleted, "−", "minus"),
                 cell("Rows before", number(row.before), "r"),
                 cell("after", number(row.after), "r"), "</tr>");
    }
    out += "</tbody></table>";
    if (report_.rows.size() > kMostTables)
      out += left_out(report_.rows.size() - kMostTables, "tables");
    return out + "</section>\n";
  }

  static std::string sign(ObjectChange::What what) {
    if (what == ObjectChange::What::Changed) return span("dim", "≠");
    return what == ObjectChange::What::Removed ? span("minus", "−") : span("plus", "+");
  }

  std::string objects() const {
    if (report_.objects.empty()) return {};
    std::string out =
        cat("<section>", head("Objects", util::show_counted(report_.objects.size(), "difference")),
            "<ul class=\"diff\">");
    for (std::size_t n = 0; n < std::min(report_.objects.size(), kMostObjects); ++n) {
      const ObjectChange& change = report_.objects[n];
      out += cat("<li>", sign(change.what), span("mono", esc(change.text)), "</li>");
    }
    out += "</ul>";
    if (report_.objects.size() > kMostObjects)
      out += left_out(report_.objects.size() - kMostObjects, "objects");
    return out + "</section>\n";
  }

  std::string left_open() const {
    if (report_.left_open.empty()) return {};
    std::string out =
        cat("<section>", head("Left open", "rolled back by the server when the command had ended"),
            "<ul class=\"diff\">");
    for (const std::string& line : report_.left_open)
      out += cat("<li>", span("mono", esc(line)), "</li>");
    return out + "</ul></section>\n";
  }

  std::string outside() const {
    if (report_.refused.empty() && report_.outside.empty()) return {};
    std::string out = cat(
        "<section>",
        head("Beyond the copy", "roles, settings and other databases belong to the whole server"),
        "<table>", columns({{"What", ""}, {"Outcome", ""}, {"To reverse it", ""}}), "<tbody>");
    for (const std::string& statement : report_.refused) {
      out += cat("<tr>", cell("", span("mono", esc(statement))),
                 cell("", span("chip bad", "refused")), cell("", ""), "</tr>");
    }
    for (const OutsideChange& change : report_.outside) {
      const bool back = change.fate == OutsideChange::Fate::PutBack;
      out += cat(
          "<tr>", cell("", esc(change.text)),
          cell("", back ? span("chip ok", "put back")
                        : cat(span("chip bad", "remains"), " ", span("dim", esc(change.reason)))),
          cell("", back ? std::string() : span("mono", esc(change.statement))), "</tr>");
    }
    return out + "</tbody></table></section>\n";
  }

  std::string production() const {
    const Estimate live = estimate(report_);
    const std::string time = time_text(live.at_most) == time_text(live.at_least)
                                 ? time_text(live.at_least)
                                 : cat(time_text(live.at_least), " – ", time_text(live.at_most));
    std::string out =
        cat("<section>", head("On the live database", "an estimate"), "<dl><dt>Time</dt><dd>", time,
            "</dd><dt>Size against the copy</dt><dd>", util::show_size(report_.live_bytes), " : ",
            util::show_size(report_.bytes_before), "</dd><dt>WAL</dt><dd>",
            live.wal_bytes ? util::show_size(*live.wal_bytes) : std::string("–"),
            "</dd><dt>Disk while it runs</dt><dd>", util::show_size(live.disk_bytes), "</dd></dl>");
    if (report_.server_room) {
      const bool enough = live.disk_bytes <= *report_.server_room;
      const double share =
          *report_.server_room == 0
              ? 1.0
              : static_cast<double>(live.disk_bytes) / static_cast<double>(*report_.server_room);
      out +=
          cat("<div class=\"budget", enough ? "" : " bad", "\"><i style=\"width:", width(share),
              "\"></i></div><p class=\"note\" style=\"margin-top:0\">",
              util::show_size(live.disk_bytes), " of the ", util::show_size(*report_.server_room),
              " that are free on the server beside backup and copy",
              enough ? "" : ": <b>not enough</b>", "</p>");
    }
    return out + "</section>\n";
  }

  std::string limits() const {
    std::string out = cat("<section>", head("Limits", "[rehearsal] in pgbelay.toml"));
    if (limits_.empty()) {
      return out +
             "<p class=\"note\" style=\"margin-top:0\">None is set. With <code>max_lock = "
             "\"2s\"</code>, "
             "<code>max_duration</code> or <code>max_rewrite_bytes</code> a migration above one of "
             "them is stopped here, with exit code 9.</p></section>\n";
    }
    out += cat("<table>", columns({{"Limit", ""}, {"Allowed", "r"}, {"Measured", "r"}, {"", "r"}}),
               "<tbody>");
    for (const LimitVerdict& limit : limits_) {
      const std::string_view tone = tone_of(limit.name);
      out += cat(
          "<tr>", cell("", span("mono", limit.name)), cell("Allowed", limit.allowed, "r"),
          cell("Measured", span("strong", limit.measured), "r"),
          cell("", limit.kept ? span("chip ok", "kept") : span(cat("chip ", tone), "passed"), "r"),
          "</tr>");
    }
    return out + "</tbody></table></section>\n";
  }

  std::string footer() const {
    return cat(
        "<footer>Measured on a clone of the proven copy, made from backup ", esc(report_.backup),
        esc(report_.place),
        report_.place.empty() ? "" : " (not the live server: its disks and settings are others)",
        ", without anybody else in it: on the live database a statement also waits for the "
        "locks of others, and reads what is not cached. Locks were looked at from a second "
        "session; one outside of a transaction that lasted less than a few milliseconds may be "
        "missing.</footer>");
  }

  const RehearsalReport& report_;
  const std::vector<std::string> reasons_;
  const std::vector<LimitVerdict> limits_;
};

}  // namespace

// Control characters are not allowed in HTML, and bytes that are no UTF-8 would be.
std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
          out += "\xEF\xBF\xBD";
        } else {
          out += c;
        }
    }
  }
  return out;
}

std::string report_html(const RehearsalReport& report) { return Page(report).all(); }

}  // namespace guard
