// The COPY text of one table, as pieces for one or several COPY commands at once.
//
// Each user gets whole rows: who was given the beginning of one gets the rest, too. The end-of-data
// marker is left out. Nothing is given as the last piece before the whole block has been read and
// found undamaged. Threads: from any.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "archive/reader.h"
#include "util/ahead.h"
#include "util/mutex.h"

namespace load {

// Cuts what it is given into pieces, at row ends where there are any.
struct RowPiece {
  std::vector<std::byte> bytes;
  bool ends_row = true;
  std::size_t size() const noexcept { return bytes.size(); }
};
class RowCutter {
 public:
  explicit RowCutter(util::Ahead<RowPiece>::Put put) : put_(std::move(put)) {}
  void add(std::span<const std::byte> bytes);
  void finish();  // the marker must have come

 private:
  util::Ahead<RowPiece>::Put put_;
  std::vector<std::byte> pending_;
};

class RowStream {
 public:
  RowStream(const archive::Reader& archive, const archive::TocEntry& entry);

  // The next piece for `user`; empty at the end. Throws what reading failed with.
  std::vector<std::byte> next(const void* user);
  // One of the users has failed: the others come to their ends.
  void cut();

 private:
  util::Mutex mutex_;
  util::Condition changed_;
  const void* within_row_ PGBELAY_GUARDED_BY(mutex_) = nullptr;  // the user whose turn it is
  bool cut_ PGBELAY_GUARDED_BY(mutex_) = false;
  util::Ahead<RowPiece> ahead_;
};

}  // namespace load
