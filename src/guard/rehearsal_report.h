// What a rehearsal found out: for the terminal, rehearsal.json and report.html.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/rehearsal_options.h"
#include "util/clock.h"

namespace guard {

// A change to what belongs to the whole cluster, found by comparing it before and after (F10).
struct OutsideChange {
  enum class Fate { PutBack, Remains };
  std::string text;       // role app_new was added
  std::string statement;  // that reverses it; empty: none is simple
  Fate fate = Fate::Remains;
  std::string reason;  // why it remains
};

struct RehearsedStatement {
  std::size_t number = 0;  // from 1, in the order of their ends
  int pid = 0;
  std::string text;  // cut, without secrets
  std::string tag;   // UPDATE 500
  std::string sqlstate;
  util::Clock::time_point begin, end;
  util::Seconds took() const { return end - begin; }
};

// Modes that keep others from something, weakest first.
enum class LockMode { ShareUpdateExclusive, Share, ShareRowExclusive, Exclusive, AccessExclusive };
std::string_view lock_name(LockMode mode);     // ACCESS EXCLUSIVE
std::string_view lock_meaning(LockMode mode);  // whom it keeps out, for people
// It keeps readers or writers of rows out; SHARE UPDATE EXCLUSIVE does not.
bool keeps_out(LockMode mode);

struct HeldLock {
  int pid = 0;
  std::string relation;
  LockMode mode = LockMode::AccessExclusive;
  util::Clock::time_point begin, end;
  std::optional<std::size_t> statement;  // number of the one that took it
  util::Seconds held() const { return end - begin; }
};

// Storage that is another one than before: every byte was written again.
struct Rewrite {
  enum class What { Rewritten, Emptied, Rebuilt, Built };  // the last two: indexes
  What what = What::Rewritten;
  std::string relation;
  std::string table;                                // of an index
  std::uint64_t bytes_before = 0, bytes_after = 0;  // of a table with its indexes and TOAST
};

struct RowChange {
  std::string table;
  std::uint64_t inserted = 0, updated = 0, deleted = 0;
  std::optional<std::uint64_t> before, after;  // rows in it
};

// By the model of the schema: one element, with its columns if it is a relation that came or went.
struct ObjectChange {
  enum class What { Removed, Added, Changed };
  What what = What::Changed;
  std::string type, identity;
  std::string text;  // table public.orders: column quota added, integer
};

struct RehearsalReport {
  std::string run, database, server_version, backup;
  std::string place;                   // " on …", where it was not beside the database
  std::vector<std::string> migration;  // the command, or the files
  util::Clock::time_point started_at;
  bool succeeded = false;
  std::string cause;  // of a failure, several lines, without secrets
  util::Seconds took{0};
  std::vector<std::string> refused;  // statements that reach beyond the copy
  std::vector<OutsideChange> outside;
  std::vector<std::string> failed_checks;

  std::vector<RehearsedStatement> statements;
  std::uint64_t statements_left_out = 0;
  std::vector<std::string> left_open;  // what the command's sessions had not finished
  std::vector<HeldLock> locks;         // the longest first
  bool locks_complete = true;
  std::vector<Rewrite> rewrites;
  std::vector<RowChange> rows;
  bool rows_exact = true;
  std::vector<ObjectChange> objects;
  std::optional<std::uint64_t> wal_bytes;                           // of the whole server meanwhile
  std::uint64_t bytes_before = 0, bytes_after = 0, bytes_peak = 0;  // of the clone
  std::uint64_t live_bytes = 0;                                     // of the guarded database
  std::optional<std::uint64_t> server_room;

  RehearsalLimits limits;
  OnLimit on_limit = OnLimit::Stop;
  SharedObjects shared = SharedObjects::Refuse;

  // Nothing in it that must keep the migration from being run.
  bool passed() const;
  // The longest lock that keeps readers or writers out; nullptr if there was none.
  const HeldLock* worst_lock() const;
  std::uint64_t rewritten_bytes() const;  // of tables
};

// The same on the live database, which may be larger than a copy without its dead rows.
struct Estimate {
  util::Seconds at_least{0}, at_most{0};
  std::uint64_t disk_bytes = 0;  // on the server while it runs, at most
  std::optional<std::uint64_t> wal_bytes;
};
Estimate estimate(const RehearsalReport& report);

struct LimitVerdict {
  std::string name;  // max_lock
  std::string allowed, measured;
  std::string text;  // what it was measured of
  bool kept = true;
};
// One for each limit that is set.
std::vector<LimitVerdict> judge_limits(const RehearsalReport& report);

// Why the migration is not to be run, a line each; and what the operator may do about it.
std::vector<std::string> stop_reasons(const RehearsalReport& report);
std::string stop_remedy(const RehearsalReport& report);

// Behind "rehearsal ok": 2.1 s · ACCESS EXCLUSIVE on orders 0.4 s · no rewrite · 3 objects change
std::string report_line(const RehearsalReport& report);
// pgbelay.rehearsal/1
std::string report_json(const RehearsalReport& report);

}  // namespace guard
