#include "guard/left_open.h"

#include <algorithm>

#include "util/text.h"
#include "util/units.h"

namespace guard {
namespace {

using util::cat;

constexpr std::size_t kStatementShown = 200;  // bytes
constexpr std::size_t kTold = 10;             // sessions, by a line each

std::string shown(const std::string& statement, const util::Scrubber& scrubber) {
  const std::string one = scrubber.scrub(util::replace_all(statement, "\n", " "));
  const std::string_view cut = util::cut_utf8(util::trim(one), kStatementShown);
  return cat(util::printable(cut), cut.size() < util::trim(one).size() ? " …" : "");
}

std::string who(const tap::SessionRecord& session) {
  return cat("backend ", session.backend_pid,
             session.application.empty() ? std::string()
                                         : cat(" (", util::printable(session.application), ")"));
}

std::string what(const tap::LeftOpen& open) {
  if (open.running) return "while a statement was running";
  if (open.failed) return "with a failed transaction open";
  if (open.changes.empty()) return "with a transaction open that had changed nothing visibly";
  return cat("with a transaction open: ", util::join(open.changes, ", "), " not committed");
}

}  // namespace

std::vector<OpenEnd> open_ends(const std::vector<tap::SessionRecord>& sessions,
                               const util::Scrubber& scrubber) {
  std::vector<OpenEnd> out;
  for (const tap::SessionRecord& session : sessions) {
    if (!session.left_open) continue;
    const tap::LeftOpen& open = *session.left_open;
    std::string line = cat("the command left ", who(session), " ", what(open));
    if (!open.last.empty()) line += cat("; last: ", shown(open.last, scrubber));
    out.push_back({.pid = session.backend_pid,
                   .lost = open.running || !open.changes.empty(),
                   .line = std::move(line)});
  }
  std::stable_partition(out.begin(), out.end(), [](const OpenEnd& end) { return end.lost; });
  return out;
}

std::vector<std::string> tell_open_ends(const std::vector<OpenEnd>& ends, std::string_view step,
                                        Journal& journal, util::Reporter& reporter) {
  std::vector<std::string> lines;
  for (const OpenEnd& end : ends) {
    journal.fact(
        step, "left_open",
        {{"pid", cat(end.pid)}, {"changes_lost", end.lost ? "yes" : "no"}, {"text", end.line}});
    if (lines.size() == kTold) continue;
    lines.push_back(end.line);
    if (end.lost) {
      reporter.warning(end.line);
    } else {
      reporter.note(end.line);
    }
  }
  if (ends.size() > kTold) {
    lines.push_back(cat("and ", ends.size() - kTold, " more sessions with something open"));
    reporter.note(lines.back());
  }
  return lines;
}

}  // namespace guard
