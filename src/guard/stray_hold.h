// A hold whose journal is not on this machine: a container that died, another folder (S18). The
// comment on the copy says what has to be put back.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "guard/hold.h"
#include "guard/undo.h"

namespace guard {

struct StrayHold {
  std::string side;  // the copy whose comment tells of it
  std::string run;   // as far as the comment names it
  HoldMark mark;
};
// That of `options.database` whose run is not in `options.dir`; with a reference, only if it is
// part of the run's id.
std::optional<StrayHold> find_stray_hold(const UndoOptions& options, std::stop_token stop);
// Lets writers in again. The copy stays: who has the journal can still undo. Kind::Busy while the
// run lives.
void lift_stray_hold(const UndoOptions& options, const StrayHold& hold, util::Reporter& reporter,
                     std::stop_token stop);

}  // namespace guard
