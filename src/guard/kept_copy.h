// The old state after a success: the proven copy stays beside the database, sealed, for a while, so
// that `undo` can bring it back (contracts.md K14). Where nothing can be made beside it (replace)
// the run's backup is the old state, and is there anyway.
//
// At most one such copy and one failed database of a guarded database are kept: older ones go when
// there is a newer one.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "guard/journal.h"
#include "guard/take_back.h"
#include "util/clock.h"

namespace guard {

enum class OldState { Copy, Backup };

struct KeepCopy {
  std::chrono::milliseconds time{0};  // 0: it is dropped
  OldState what = OldState::Copy;
  std::uint64_t database_bytes = 0;
  std::optional<std::filesystem::path> server_folder;  // where the server writes, if it is here
  std::optional<std::uint64_t> server_free;            // as stated, before the copy was made
};

// Marks the old state as kept and journals it. Nothing: the copy should go, because it is not
// wanted, or because the server would lack the room for the next run.
std::optional<std::string> keep_copy(const RunContext& context, const KeepCopy& keep);

// Until when `undo` may bring the old state back; "" if it was not kept.
std::string undo_until(const RunRecord& record);
bool kept_as_backup(const RunRecord& record);

// Of runs by time: those whose old state is their backup can be taken back as long as that is
// there, their time is not over, and no newer migration has succeeded or is unfinished. Sets what
// keeps the others from it.
void settle_kept_backups(std::vector<RunInfo>& runs, const std::filesystem::path& dir,
                         util::Clock::time_point now);

// It was dropped before its time.
void forget_copy(const RunContext& context);

// What a successor makes superfluous: copies kept by earlier runs, and failed databases but the
// newest. What cannot be dropped (a slot hangs on it) is a warning; nothing throws.
void drop_older_copies(const RunContext& context);
void drop_older_failures(const RunContext& context);
// Those whose time is over, at the beginning of a run.
void drop_expired(pg::Connection& maintenance, const std::string& database,
                  const std::filesystem::path& dir, util::Reporter& reporter,
                  util::Clock::time_point now);

}  // namespace guard
