// What of an archive is restored when: pg_restore's passes (docs/formats/archive.md), with the data
// and what follows them as one graph of tasks, so that a table's indexes are built while others
// still load.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "archive/toc.h"
#include "load/load.h"

namespace load {

enum class Work {
  Restore,  // the entry: a table's data, a block of large objects, or something of the post-data
            // section
  Analyze,  // the table whose data entry it is, once it has its indexes
  Inspect,  // the same, once its rows are there
};

struct Task {
  Work work = Work::Restore;
  const archive::TocEntry* entry = nullptr;
  std::uint64_t weight = 0;            // larger ones start earlier
  std::vector<std::size_t> waits_for;  // tasks, ascending
  std::vector<int> needs;              // dump ids it touches, ascending
  std::vector<int> locks;              // those of `needs` it locks against others, ascending
  bool new_table = false;              // the only data of a table that an entry before has made
  std::size_t team = 1;                // so many workers may load it together
  const Inspection* inspection = nullptr;
};

// Tasks that may not run at the same time: they would wait for one another's locks, or deadlock.
bool conflict(const Task& a, const Task& b);

struct Plan {
  std::vector<const archive::TocEntry*> before;  // pre-data, one after the other
  std::vector<Task> tasks;                       // data first, in the order of the archive
  std::vector<const archive::TocEntry*> after;   // sequence values, comments on what the tasks made
  std::vector<const archive::TocEntry*> acls;
  std::vector<const archive::TocEntry*> last;  // refreshes, event triggers
  std::vector<std::string> skipped;            // on purpose, for people
};

enum class Acls { Leave, Restore };
// `toc` and `inspections` must outlive the plan. `data_bytes`: of each data entry
// (archive::Reader).
Plan make_plan(const archive::Toc& toc, const std::map<int, std::uint64_t>& data_bytes, Acls acls,
               std::size_t jobs = 1, std::span<const Inspection> inspections = {});

// "INDEX public.events_gin (entry 302)"
std::string display(const archive::TocEntry& entry);

}  // namespace load
