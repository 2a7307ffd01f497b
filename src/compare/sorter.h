// Rows sorted by a key in bounded memory: what does not fit is spilled to files in sorted runs,
// which are merged while they are read.
//
// Guarantees: ascending by key (as memcmp compares), rows of the same key by their bytes; the same
// for any order of add(). Memory: about twice the limit, or the largest row. Failure: Kind::Io,
// Kind::Space of the folder. Threads: add() from any, everything else from one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/mutex.h"

namespace compare {

struct SortedRow {
  std::string_view key, row;
};

class SortedRows {
 public:
  virtual ~SortedRows() = default;
  // Nothing at the end; views are valid until the next call.
  virtual std::optional<SortedRow> next() = 0;
};

class Sorter {
 public:
  // Runs get names that begin with `name` in `folder`; each is removed when it has been read.
  Sorter(std::filesystem::path folder, std::string name, std::size_t memory_bytes);
  ~Sorter();
  Sorter(const Sorter&) = delete;
  Sorter& operator=(const Sorter&) = delete;

  void add(std::string_view key, std::string_view row);
  // All of them; nothing is added afterwards, and the sorter outlives what it gives.
  std::unique_ptr<SortedRows> finish();
  std::uint64_t runs_written() const noexcept { return next_run_; }

 private:
  struct Slot {
    std::size_t at = 0, key_bytes = 0, row_bytes = 0;
  };
  class InMemory;
  SortedRow at(const Slot& slot) const;
  void sort_slots();
  void spill();
  void add_run(std::filesystem::path run, std::size_t level);
  std::filesystem::path write_run(SortedRows& rows);
  std::unique_ptr<SortedRows> merge(const std::vector<std::filesystem::path>& runs) const;

  const std::filesystem::path folder_;
  const std::string name_;
  const std::size_t memory_bytes_;
  util::Mutex mutex_;
  std::string text_;  // keys and rows, one after the other
  std::vector<Slot> slots_;
  // Runs by how often their rows were merged: each level's are merged into one of the next when
  // there are too many to be read at once.
  std::vector<std::vector<std::filesystem::path>> levels_;
  std::uint64_t next_run_ = 0;
};

}  // namespace compare
