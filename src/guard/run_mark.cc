// The form: "pgbelay run ID, HOST:FOLDER" (RunNames::comment), then "; migration begun", then the
// mark of a hold, each if it is so. A folder could end in the words of the second: then the run is
// taken for one that somebody has to look at, which is the safe side.
#include "guard/run_mark.h"

#include "guard/journal.h"
#include "guard/sql_guard.h"
#include "guard/sql_hold.h"
#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

constexpr std::string_view kBefore = "pgbelay run ";
constexpr std::string_view kBegun = "; migration begun";

// Without what a hold and the beginning of the migration have added.
std::string_view plain(std::string_view comment) {
  comment = without_hold_mark(comment);
  if (comment.ends_with(kBegun)) comment.remove_suffix(kBegun.size());
  return comment;
}

}  // namespace

std::optional<RunMark> parse_run_mark(std::string_view comment) {
  if (!comment.starts_with(kBefore)) return std::nullopt;
  RunMark mark;
  mark.hold = parse_hold_mark(comment);
  if (without_hold_mark(comment).ends_with(kBegun)) mark.begun = Begun::Yes;
  const std::string_view run = plain(comment).substr(kBefore.size());
  const std::size_t comma = run.find(", ");
  if (comma == run.npos) return std::nullopt;
  mark.run = std::string(run.substr(0, comma));
  mark.where = std::string(run.substr(comma + 2));
  return mark;
}

std::string copy_comment(const RunContext& context, Begun begun) {
  const std::optional<HoldMark> held = standing_mark(context, read_run(context.names.folder));
  return util::cat(context.names.comment, begun == Begun::Yes ? kBegun : std::string_view(),
                   held ? hold_mark(*held) : std::string());
}

void mark_begun(const RunContext& context) {
  if (database_oid(context.maintenance, context.names.copy) == 0) return;
  swap::comment(context.maintenance, context.names.copy, copy_comment(context, Begun::Yes));
}

void clear_mark(pg::Connection& maintenance, const std::string& side) {
  swap::comment(maintenance, side, std::string(plain(sql::comment_of(maintenance, side))));
}

}  // namespace guard
