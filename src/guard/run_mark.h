// What a run says of itself on the server, in the comment on its copy: whose it is, whether its
// migration has begun, and what a hold has to put back. So any machine can tell, with the URL
// alone, although the journal is elsewhere or gone (S18, contracts.md K5).
//
// A run without a copy (`--undo none`, `replace`, a proof at another server) says it in the comment
// of the database itself as long as a hold stands, and nowhere without one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "guard/hold.h"
#include "guard/take_back.h"

namespace guard {

enum class Begun { No, Yes };

struct RunMark {
  std::string run;    // id
  std::string where;  // "host:folder of the backups", as the comment has it
  Begun begun = Begun::No;
  std::optional<HoldMark> hold;
  // Somebody has to finish it: the migration had begun, or a hold keeps others out.
  bool unfinished() const noexcept { return begun == Begun::Yes || hold.has_value(); }
};
// Of a copy's comment, or of a database's own with the mark of a hold. Nothing: no run speaks
// there.
std::optional<RunMark> parse_run_mark(std::string_view comment);

// The comment of the run's copy, with the hold that the journal tells of.
std::string copy_comment(const RunContext& context, Begun begun);
// Before a hold begins that is in the journal. A migration that comments on its database takes the
// mark there away: then only the journal tells of the hold, and that comment stays.
void mark_hold(const RunContext& context);
// Before anything of the migration can reach the server. Nothing without a copy and a hold.
void mark_begun(const RunContext& context);
// Of a run that is closed from elsewhere: its hold was lifted, and nobody has to finish it.
void clear_mark(pg::Connection& maintenance, const std::string& side);

}  // namespace guard
