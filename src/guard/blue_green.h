// --blue-green: the migration runs on the proven, caught-up copy while the live database serves
// readers under a read-only hold; when its checks pass, the copy is swapped forward, and the
// database that was live becomes the old state which an undo brings back.
//
// Until the renames nothing of the migration reaches the live database: a failure there needs no
// undo, and the migrated copy is kept as the failed database. From the renames on it is a run like
// any other.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "backup/backup.h"
#include "guard/gate.h"
#include "guard/ledger.h"
#include "guard/run.h"
#include "guard/take_back.h"
#include "pg/conninfo.h"
#include "pg/database_properties.h"

namespace guard {

// Contradicting options: Kind::Usage.
void require_blue_green_possible(const Options& options);

class BlueGreen {
 public:
  // Opens the copy to the command, with the properties of the live database. Kind::NotConfirmed if
  // the gate could not exclude that others write: a swap forward would leave that behind.
  BlueGreen(const RunContext& context, const backup::Backup& backup, const Gate& gate,
            SessionLedger& ledger);

  const pg::ConnInfo& copy() const noexcept { return copy_; }  // what the migration runs on

  // The step "swap": nobody has written to the live database meanwhile, the copy is sealed and put
  // in its place. Why that could not be; empty: it serves.
  std::string swap_forward();

  // Asked of the server, after whatever: does the migrated copy serve under the live name? Then the
  // replaced database is made the old state, and the hold is over.
  bool settle();

  // What an undo of a run that serves rests on.
  const std::optional<swap::SealRecord>& old_state() const noexcept { return old_state_; }
  const Gate& gate() const noexcept { return gate_; }

 private:
  Gate swap_untouched();
  std::string sign_of_others();
  pg::DatabaseProperties properties();

  const RunContext& context_;
  const backup::Backup& backup_;
  SessionLedger& ledger_;
  Gate gate_;  // before the swap that of the live database, then that of the copy
  pg::ConnInfo copy_;
  std::uint32_t oid_ = 0;              // of the copy
  pg::DatabaseProperties properties_;  // of the copy, when it was opened
  std::optional<swap::SealRecord> old_state_;
};

// The migration failed on the copy: that is kept as the failed database, the live one is let go.
// Outcome Undone; NotUndone only where the hold could not be released.
Result copy_failed(const RunContext& context, const backup::Backup& backup, const Gate& gate,
                   const std::string& cause);

// What the server says of a run that may have died at any moment. Where the copy serves, the
// replaced database gets the name of the old state and the hold ends: from there on the journal
// tells of a run like any other.
enum class Found { NoBlueGreen, LiveUntouched, CopyServes };
Found settle_blue_green(const RunContext& context, const RunRecord& record);
// Of one whose live database was untouched: it is open to all, the copy kept as failed. Its name.
std::string give_up_copy(const RunContext& context);

}  // namespace guard
