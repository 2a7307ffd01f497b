// The rows of one table as batches: recorded pieces, each read and inflated by whoever takes it, or
// one stream that a thread of its own inflates and cuts.
//
// Failure: damage is a batch with a loss; everything else is thrown. Threads: take() from any.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "archive/reader.h"
#include "codec/inflate.h"
#include "codec/piece_format.h"
#include "extract/extract.h"
#include "extract/tables.h"
#include "util/ahead.h"
#include "util/files.h"
#include "util/mutex.h"

namespace extract {

struct Batch {
  std::size_t number = 0;
  std::string_view rows;  // whole ones, each with its newline; valid until the taker's next take()
  std::optional<Loss> loss;         // of rows that would stand behind these
  std::optional<std::string> note;  // where they come from, if not from the archive
};

// What one thread keeps between two batches.
struct BatchMemory {
  codec::PieceInflater inflater;
  std::optional<codec::ZstdPieceReader> zstd;  // when it is first needed
  std::string text;
};

class Batches {
 public:
  virtual ~Batches() = default;
  virtual std::optional<Batch> take(BatchMemory& memory) = 0;  // nothing at the end
};

// The files that hold a backup's pieces; each may be null.
struct PieceFiles {
  const util::ReadFile* archive = nullptr;
  const util::ReadFile* sql = nullptr;
  std::filesystem::path folder = {};  // in which their CSV files lie; empty: there are none
};
// Of recorded pieces; what is damaged in the archive comes from the SQL file or the CSV.
std::unique_ptr<Batches> batches_of_pieces(const PieceFiles& files, const Table& table);
std::unique_ptr<Batches> batches_of_stream(const archive::Reader& archive, const Table& table);

}  // namespace extract
