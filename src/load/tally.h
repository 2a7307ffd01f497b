// What the threads of one load have done so far.
//
// Threads: from any.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "load/load.h"
#include "pg/connection.h"
#include "util/mutex.h"
#include "util/reporter.h"

namespace load {

class Tally {
 public:
  Tally(util::Reporter& reporter, std::uint64_t total_bytes)
      : reporter_(reporter), total_bytes_(total_bytes) {}

  void add_rows(std::uint64_t rows) { rows_ += rows; }
  void add_statements(std::uint64_t statements) { statements_ += statements; }
  void add_bytes(std::uint64_t bytes);  // of data; told to the reporter now and then
  void working(std::string_view what) { reporter_.working(what); }
  void warn(std::string text);
  void keep_warnings(pg::Connection& connection);  // those the server sent since the last call

  // Adds what was counted to `report`.
  void write_to(Report& report);

 private:
  util::Reporter& reporter_;
  const std::uint64_t total_bytes_;
  std::atomic<std::uint64_t> rows_{0};
  std::atomic<std::uint64_t> statements_{0};
  std::atomic<std::uint64_t> bytes_{0};
  util::Mutex mutex_;
  std::vector<std::string> warnings_ PGBELAY_GUARDED_BY(mutex_);
};

}  // namespace load
