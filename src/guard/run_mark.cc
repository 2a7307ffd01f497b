// The form: "pgbelay run ID, HOST:FOLDER" (RunNames::comment), then "; migration begun", then the
// mark of a hold, each if it is so; behind a database's own comment "; " comes before it. A folder
// could end in the words of the second: then the run is taken for one that somebody has to look at,
// which is the safe side.
#include "guard/run_mark.h"

#include "guard/journal.h"
#include "guard/sql_guard.h"
#include "guard/sql_hold.h"
#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

constexpr std::string_view kBegun = "; migration begun";

// Without what a hold and the beginning of the migration have added.
std::string_view plain(std::string_view comment) {
  comment = without_hold_mark(comment);
  if (comment.ends_with(kBegun)) comment.remove_suffix(kBegun.size());
  return comment;
}

}  // namespace

std::optional<RunMark> parse_run_mark(std::string_view comment) {
  comment = run_part(comment);
  if (comment.empty()) return std::nullopt;
  RunMark mark;
  mark.hold = parse_hold_mark(comment);
  if (without_hold_mark(comment).ends_with(kBegun)) mark.begun = Begun::Yes;
  const std::string_view run = plain(comment).substr(kRunComment.size());
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

namespace {

void write_mark(const RunContext& context, const RunRecord& record, Begun begun) {
  pg::Connection& maintenance = context.maintenance;
  const std::string text = copy_comment(context, begun);
  if (database_oid(maintenance, context.names.copy) != 0) {
    swap::comment(maintenance, context.names.copy, text);
  } else if (hold_stands(record)) {
    const std::string& database = context.database.database();
    const std::string own = own_comment(sql::comment_of(maintenance, database));
    swap::comment(maintenance, database, behind_own_comment(own, text));
  }
}

}  // namespace

void mark_hold(const RunContext& context) {
  const RunRecord record = read_run(context.names.folder);
  write_mark(context, record, record.begun("migrate") ? Begun::Yes : Begun::No);
}

void mark_begun(const RunContext& context) {
  write_mark(context, read_run(context.names.folder), Begun::Yes);
}

void clear_mark(pg::Connection& maintenance, const std::string& side) {
  swap::comment(maintenance, side, std::string(plain(sql::comment_of(maintenance, side))));
}

}  // namespace guard
