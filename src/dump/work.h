// What the threads of one dump share: the tasks, in the order in which they are taken, and what
// comes of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "dump/plan.h"
#include "dump/server_watch.h"
#include "dump/snapshot.h"
#include "dump/window.h"
#include "scan/table.h"
#include "util/reporter.h"
#include "util/throttle.h"

namespace dump {

struct Task {
  enum class What { Rows, LargeObjects, Count, Generated, View } what = What::Rows;
  std::size_t index = 0;  // of the table, of the first large object, of the view
  std::size_t end = 0;    // LargeObjects: behind the last one
  scan::PageRange range;  // Rows
  std::size_t slot = 0;   // Rows, LargeObjects: the place of its output
};

// Rows of each table in the order of the archive, then large objects: these have a slot each. What
// is only looked at comes behind them, for whom no rows are left while another is at its last
// chunk; only the largest table is counted first, since that may take longer than a chunk and
// nothing would run beside it at the end.
class Work {
 public:
  // `rate`: bytes of rows a second, 0 without limit.
  Work(const Content& content, Snapshot& snapshot, util::Reporter& reporter, ServerWatch& watch,
       std::uint64_t rate);

  const Content& content;
  Snapshot& snapshot;
  util::Reporter& reporter;
  ServerWatch& watch;
  std::vector<Task> tasks;
  std::vector<std::vector<std::size_t>> table_slots;  // of each table
  std::vector<std::size_t> object_slots;
  Window window;

  std::optional<Task> take();  // the next task; nothing when all are taken
  void report_progress(std::uint64_t heap_bytes);
  // Tables of which a row that took long to come was none above 16 MiB: such are no reason to wait.
  std::vector<std::atomic<bool>> large_rows;
  // Tables with a row above 16 MiB: their chunks are read one at a time from then on (contracts.md
  // K15).
  std::vector<std::atomic<bool>> huge_rows;
  // Tables that the readers cannot lock at once: the snapshot's session reads them.
  std::vector<std::atomic<bool>> handed_over;
  util::Throttle throttle;  // of the bytes of rows that the readers take

  // Results. Each cell is written by one thread; read when all have ended.
  std::vector<codec::Fingerprint> slot_fingerprints;
  std::vector<std::optional<std::uint64_t>> counts;  // of tables, where asked for
  std::vector<codec::Fingerprint> generated;         // of tables
  std::vector<codec::Fingerprint> views;
  std::vector<scan::LargeObjectSum> large_objects;

 private:
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint64_t> done_bytes_{0};
  std::uint64_t total_bytes_ = 0;
};

}  // namespace dump
