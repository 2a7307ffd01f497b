// What the command's sessions had not finished when they ended, for people and for the journal.
#pragma once

#include <string>
#include <vector>

#include "guard/journal.h"
#include "tap/tap.h"
#include "util/reporter.h"
#include "util/secret.h"

namespace guard {

// One line for each session that ended with a transaction open or a statement running; those that
// had changed something come first.
struct OpenEnd {
  int pid = 0;
  bool lost = false;  // something that it had changed was rolled back, or may have been
  std::string line;   // without secrets
};
std::vector<OpenEnd> open_ends(const std::vector<tap::SessionRecord>& sessions,
                               const util::Scrubber& scrubber);

// Prints and journals them under `step`: a warning where changes were lost, else a note. The lines.
std::vector<std::string> tell_open_ends(const std::vector<OpenEnd>& ends, std::string_view step,
                                        Journal& journal, util::Reporter& reporter);

}  // namespace guard
