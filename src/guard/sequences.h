// Numbers that were drawn since the backup, and are in e-mails and other systems by now, are not
// drawn again after an undo (postgres-hazards.md M7).
//
// Only where others may have drawn some: what the migration alone drew goes with it, and the old
// state is the exact one. So it is, too, where the operator wants it (Sequences::Exact).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "backup/backup.h"
#include "guard/journal.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "pg/connection.h"
#include "pg/ident.h"

namespace guard {

// What the operator chose, by the run or by a later undo; the last word holds for every undo after
// it.
void journal_sequences(Journal& journal, std::string_view step, Sequences chosen);
Sequences chosen_sequences(const RunRecord& record);

struct SequenceStep {
  pg::QualifiedName name;
  std::int64_t was = 0;  // in the backup
  std::int64_t last_value = 0;
  bool is_called = true;
};

// Of the sequences that are defined in `failed` as they were at the snapshot: those that have gone
// on since. Needs a session with pinned settings.
std::vector<SequenceStep> further_positions(pg::Connection& failed, const backup::Backup& backup);

// Sets them in the old state, and says so: the one intended difference from the backup. Or says
// only that they are where they were, if that was chosen.
void advance(const RunContext& context, pg::Connection& old,
             const std::vector<SequenceStep>& steps);

// The same for an undo by swap: the live database is closed to others, so that nobody draws any
// more, and the sealed copy is opened for a moment and sealed again. What an earlier attempt had
// advanced goes back to the backup's position, if that is chosen now.
void advance_sequences_of_copy(const RunContext& context, const backup::Backup& backup);

}  // namespace guard
