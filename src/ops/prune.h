// The databases that pgbelay has made on a server: what each is for, and which of them no run needs
// any more.
//
// Guarantees: never dropped is what an unfinished run, or one that can be taken back, may need;
// what somebody is connected to or a slot or a subscription hangs on; a database that is held; what
// a run works with at this moment; and what cannot be told to be pgbelay's, or whose run is not in
// `dir`. What is dropped is judged once more, under the lock of its database.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "pg/conninfo.h"
#include "swap/swap.h"
#include "util/clock.h"

namespace ops {

struct PruneOptions {
  pg::ConnInfo server;  // any database of it
  std::string maintenance_db;
  std::filesystem::path dir;
  // Databases with the state of the time before an undo or a restore are kept for so long.
  std::chrono::milliseconds keep{0};
  util::Now now = util::Clock::now;
};

enum class Prune { Keep, Drop };

struct MadeDatabase {
  std::string name;
  std::string purpose;  // proof, rehearsal, failed …
  std::string run;      // "" if it is of none, or not known
  std::string made_at;  // RFC 3339, out of its name; "" if that holds no time
  std::uint64_t bytes = 0;
  Prune what = Prune::Keep;
  std::string reason;  // for that
  bool dropped = false;
  bool failed = false;  // to be
};

// Looks only. Sorted by name.
std::vector<MadeDatabase> made_databases(const PruneOptions& options, std::stop_token stop);

// Drops those of `listed` that are to be dropped and still may be; the others become kept ones,
// with the reason. One that cannot be dropped does not keep the next from it.
void prune(const PruneOptions& options, std::vector<MadeDatabase>& listed, std::stop_token stop);

}  // namespace ops
