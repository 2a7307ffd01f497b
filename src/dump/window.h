// Between the readers and the one writer: parts of many slots come in any order, and leave in the
// order of the slots.
//
// Guarantees: bounded. A reader of a later slot waits while the window is full; the reader of the
// head slot, which the writer is taking from, waits only for the writer, so the two can always go
// on. Slots must be taken up in ascending order for that: the head's reader is then never one that
// waits. Failure: every wait ends with Kind::Interrupted when its stop is requested. Threads: one
// writer; any number of readers, each with slots of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "codec/deflate.h"
#include "util/mutex.h"

namespace dump {

// A run of whole rows, the beginning of one that has a huge row, or a piece of a large object,
// compressed.
struct Part {
  std::uint64_t rows = 0;
  codec::Piece text;               // as in the archive and the SQL file
  codec::Piece csv;                // the same rows; empty if no CSV is made
  std::uint32_t large_object = 0;  // its OID; 0: rows of a table
  bool goes_on = false;            // of rows: only the next part has the counts, sums and end
  bool begins = false;             // the large object
  bool ends = false;
  std::vector<std::byte> raw;  // of a large object, for the SQL file; else empty

  std::uint64_t bytes() const noexcept {
    return text.deflated.size() + csv.deflated.size() + raw.size();
  }
};

class Window {
 public:
  explicit Window(std::size_t slots);

  void push(std::size_t slot, Part part, const std::stop_token& stop);
  void finish(std::size_t slot);  // no more parts of it
  // For what only one reader may do at a time without holding up the writer; or until that is
  // `needless`, which is looked at again after wake().
  using Needless = std::function<bool()>;
  void wait_until_head(std::size_t slot, const std::stop_token& stop,
                       const Needless& needless = {});
  void wake();

  // The next part of `slot`, which is the head; nothing after its last one, and the following is
  // the head.
  std::optional<Part> next(std::size_t slot, const std::stop_token& stop);

 private:
  struct Slot {
    std::deque<Part> parts;
    std::uint64_t bytes = 0;
    bool finished = false;
  };
  bool has_room(std::size_t slot) const PGBELAY_REQUIRES(mutex_);
  template <typename Ready>
  void wait(Ready ready, const std::stop_token& stop) PGBELAY_REQUIRES(mutex_);

  util::Mutex mutex_;
  util::Condition changed_;
  std::vector<Slot> slots_ PGBELAY_GUARDED_BY(mutex_);
  std::size_t head_ PGBELAY_GUARDED_BY(mutex_) = 0;
  std::uint64_t bytes_ PGBELAY_GUARDED_BY(mutex_) = 0;  // of all slots
};

}  // namespace dump
