#include "guard/hold_mark.h"

#include "guard/sql_hold.h"
#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

using util::cat;

constexpr std::string_view kBegin = "; read-only hold of ";
constexpr std::string_view kExclusive = "; exclusive hold of ";
constexpr std::string_view kCalled = ", called ";
constexpr std::string_view kWas = ", default_transaction_read_only was ";
constexpr std::string_view kUnset = "unset";
constexpr std::string_view kBehindComment = "; ";

// Where the mark begins in a comment; npos: nowhere.
std::size_t begin_of_mark(std::string_view comment) {
  const std::size_t exclusive = comment.rfind(kExclusive);
  return exclusive == comment.npos ? comment.rfind(kBegin) : exclusive;
}

}  // namespace

std::string hold_mark(const HoldMark& mark) {
  return cat(mark.held.empty() ? kBegin : kExclusive, mark.database,
             mark.held.empty() ? "" : cat(kCalled, mark.held), kWas,
             mark.previous.value_or(std::string(kUnset)));
}

std::optional<HoldMark> parse_hold_mark(std::string_view comment) {
  const std::size_t begin = begin_of_mark(comment);
  const std::size_t was = comment.rfind(kWas);
  if (begin == std::string_view::npos || was == std::string_view::npos || was < begin)
    return std::nullopt;
  const bool exclusive = comment.substr(begin).starts_with(kExclusive);
  const std::size_t name = begin + (exclusive ? kExclusive.size() : kBegin.size());
  const std::string_view names = comment.substr(name, was - name);
  const std::string_view value = comment.substr(was + kWas.size());
  HoldMark mark{.database = std::string(names), .previous = std::nullopt};
  if (exclusive) {
    const std::size_t called = names.rfind(kCalled);
    if (called == names.npos) return std::nullopt;
    mark.database = names.substr(0, called);
    mark.held = names.substr(called + kCalled.size());
  }
  if (value != kUnset) mark.previous = std::string(value);
  return mark;
}

std::string_view without_hold_mark(std::string_view comment) {
  return parse_hold_mark(comment) ? comment.substr(0, begin_of_mark(comment)) : comment;
}

std::string_view run_part(std::string_view comment) {
  if (parse_hold_mark(comment)) {
    const std::size_t behind = without_hold_mark(comment).rfind(cat(kBehindComment, kRunComment));
    if (behind != comment.npos) comment.remove_prefix(behind + kBehindComment.size());
  }
  return comment.starts_with(kRunComment) ? comment : std::string_view();
}

std::string own_comment(std::string_view comment) {
  const std::string_view run = run_part(comment);
  if (!parse_hold_mark(comment) || run.empty()) return std::string(comment);
  comment.remove_suffix(run.size());
  if (comment.ends_with(kBehindComment)) comment.remove_suffix(kBehindComment.size());
  return std::string(comment);
}

std::string behind_own_comment(std::string_view own, std::string_view run) {
  return cat(own, own.empty() ? std::string_view() : kBehindComment, run);
}

void take_mark_away(pg::Connection& maintenance, const std::string& database) {
  const std::string comment = sql::comment_of(maintenance, database);
  const std::optional<HoldMark> mark = parse_hold_mark(comment);
  if (!mark) return;
  // A copy keeps what leads back to its run.
  swap::comment(
      maintenance, database,
      mark->database == database ? own_comment(comment) : std::string(without_hold_mark(comment)));
}

}  // namespace guard
