// The rows of a table's recorded pieces out of its CSV file, as the COPY text that they were made
// of: for pieces that no other file has any more.
//
// Guarantees: as many rows as the piece has; whether they are its own, its CRC-32 tells. Failure:
// Kind::Damage; then what stands before the damage can still be had. Threads: any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "archive/manifest.h"
#include "util/error.h"
#include "util/mutex.h"

namespace extract {

class CsvPieces {
 public:
  // `table` and its pieces must outlive it.
  CsvPieces(std::filesystem::path file, const archive::TableRecord& table);
  ~CsvPieces();

  // Fast in ascending order; an earlier one is read from the beginning of the file.
  std::string take(std::size_t piece);

 private:
  class Stream;
  const std::filesystem::path file_;
  const archive::TableRecord& table_;
  util::Mutex mutex_;
  std::unique_ptr<Stream> stream_ PGBELAY_GUARDED_BY(mutex_);
  std::size_t next_ PGBELAY_GUARDED_BY(mutex_) = 0;  // the piece that the stream is at
  std::optional<util::Error> failure_ PGBELAY_GUARDED_BY(mutex_);  // of the stream, there
};

}  // namespace extract
