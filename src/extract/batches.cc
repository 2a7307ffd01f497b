#include "extract/batches.h"

#include <algorithm>
#include <utility>

#include "archive/custom_file.h"
#include "codec/deflate.h"
#include "extract/csv_pieces.h"
#include "util/error.h"
#include "util/text.h"

namespace extract {
namespace {

using util::cat;
using util::Error;
using util::Kind;
using ByteSpan = std::span<const std::byte>;

constexpr std::size_t kBatchBytes = 1U << 20U;  // of a stream, and the row that goes on behind it

std::string_view text_of(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

class Pieces : public Batches {
 public:
  Pieces(const PieceFiles& files, const Table& table)
      : files_(files), table_(table), pieces_(table.record->pieces) {
    const std::filesystem::path file = files.folder / table.record->csv_file;
    std::error_code absent;
    if (!files.folder.empty() && std::filesystem::is_regular_file(file, absent))
      csv_ = std::make_unique<CsvPieces>(file, *table.record);
  }

  std::optional<Batch> take(BatchMemory& memory) override {
    const std::size_t number = next_++;
    if (number >= pieces_.size()) return std::nullopt;
    Batch batch{.number = number, .rows = {}, .loss = {}, .note = {}};
    try {
      batch.rows = from_archive(pieces_[number], memory);
    } catch (const Error& failure) {
      if (failure.kind() != Kind::Damage) throw;
      read_elsewhere(batch, memory, failure);
    }
    return batch;
  }

 private:
  std::string_view from_archive(const archive::PieceRecord& piece, BatchMemory& memory) const {
    if (files_.archive == nullptr) throw Error(Kind::Damage, "the archive is missing");
    return inflated(archive::read_piece(*files_.archive, piece.dump_offset, piece.deflated_bytes),
                    piece, memory);
  }

  std::string_view from_sql(const archive::PieceRecord& piece, BatchMemory& memory) const {
    const std::uint64_t size = files_.sql->size();
    if (piece.sql_offset > size || piece.deflated_bytes > size - piece.sql_offset)
      throw Error(Kind::Damage, "the SQL file ends before it");
    std::vector<std::byte> packed(piece.deflated_bytes);
    files_.sql->read_at(piece.sql_offset, packed);
    return inflated(packed, piece, memory);
  }

  std::string_view inflated(ByteSpan deflated, const archive::PieceRecord& piece,
                            BatchMemory& memory) const {
    return checked(unpacked(deflated, piece.raw_bytes, memory), piece);
  }

  // Nothing but their CRC-32 shows that rows that were made of CSV are those of the piece.
  std::string_view from_csv(std::size_t number, BatchMemory& memory) const {
    if (!pieces_[number].crc32) throw Error(Kind::Damage, "its rows have no CRC-32");
    memory.text = csv_->take(number);
    return checked(std::as_bytes(std::span(memory.text)), pieces_[number]);
  }

  static std::string_view checked(ByteSpan raw, const archive::PieceRecord& piece) {
    if (piece.crc32 && codec::crc32_of(raw) != *piece.crc32)
      throw Error(Kind::Damage, "its rows are not those that were written (CRC-32)");
    if (!raw.empty() && raw.back() != std::byte{'\n'})
      throw Error(Kind::Damage, "its last row has no end");
    return text_of(raw);
  }

  ByteSpan unpacked(ByteSpan packed, std::uint64_t raw_bytes, BatchMemory& memory) const {
    if (codec::method_of(packed) == codec::Method::Deflate)
      return memory.inflater.inflate(packed, raw_bytes);
    if (!memory.zstd) memory.zstd.emplace();
    return memory.zstd->unpack(packed, raw_bytes);
  }

  void read_elsewhere(Batch& batch, BatchMemory& memory, const Error& failure) const {
    const archive::PieceRecord& piece = pieces_[batch.number];
    const std::string what = cat("piece ", batch.number, " of ", table_.display());
    const auto is_damaged = [&](std::string_view where, const std::string& file) {
      return cat(util::printable(what), " is damaged", where, "; its rows were read from ",
                 util::printable(file));
    };
    if (files_.sql != nullptr && piece.sql_offset > 0 &&
        reads(batch.rows, [&] { return from_sql(piece, memory); })) {
      if (files_.archive != nullptr)
        batch.note = is_damaged(" in the archive", files_.sql->path().filename().string());
    } else if (csv_ && reads(batch.rows, [&] { return from_csv(batch.number, memory); })) {
      batch.note = is_damaged("", table_.record->csv_file);
    } else {
      batch.loss = Loss{.table = table_.display(),
                        .piece = batch.number,
                        .rows = piece.rows,
                        .text = cat(what, " (", piece.rows, " rows): ", failure.message())};
    }
  }

  // False if they are damaged there, too.
  template <typename From>
  static bool reads(std::string_view& rows, const From& from) {
    try {
      rows = from();
      return true;
    } catch (const Error& again) {
      if (again.kind() != Kind::Damage) throw;
      return false;
    }
  }

  const PieceFiles files_;
  const Table& table_;
  const std::vector<archive::PieceRecord>& pieces_;
  std::unique_ptr<CsvPieces> csv_;
  std::atomic<std::size_t> next_{0};
};

// Whole rows of a stream, up to the end marker.
struct Cut {
  std::string rows;
  std::optional<Loss> loss;
  std::size_t size() const noexcept { return rows.size() + sizeof(Cut); }
};

// How much of `text` is rows: without the end-of-data marker, or the part of it that came.
std::size_t rows_of(std::string_view text) {
  for (std::size_t newlines = 3; newlines > 0; --newlines) {
    const std::string_view marker = archive::kEndOfData.substr(0, 2 + newlines);
    if (!text.ends_with(marker)) continue;
    const std::size_t rows = text.size() - marker.size();
    if (rows == 0 || text[rows - 1] == '\n') return rows;
  }
  return text.size();
}

class Cutter {
 public:
  explicit Cutter(const util::Ahead<Cut>::Put& put) : put_(put) {}

  void add(ByteSpan bytes) {
    // The marker may be what came last, and a row is searched for its end once, in however many
    // parts it comes.
    const std::size_t begun = std::max(pending_.size(), kKept) - kKept;
    pending_ += text_of(bytes);
    if (pending_.size() < kBatchBytes) return;
    const std::size_t end = pending_.rfind('\n', pending_.size() - kKept - 1);
    if (end != std::string::npos && end >= begun) give(end + 1, std::nullopt);
  }

  void finish() { give(rows_of(pending_), std::nullopt); }
  // What came before the damage; a row that was begun is left out.
  void finish_damaged(const Table& table, const Error& failure) {
    const std::size_t whole = pending_.rfind('\n') + 1;
    const std::size_t bytes = rows_of(std::string_view(pending_).substr(0, whole));
    const std::uint64_t given = rows_ + count_rows(std::string_view(pending_).substr(0, bytes));
    give(bytes, Loss{.table = table.display(),
                     .piece = std::nullopt,
                     .rows = std::nullopt,
                     .text = cat("what follows the first ", given, " rows of ", table.display(),
                                 " (the last of them may be wrong): ", failure.text())});
  }

 private:
  static constexpr std::size_t kKept = archive::kEndOfData.size();
  static std::uint64_t count_rows(std::string_view text) {
    return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
  }

  void give(std::size_t bytes, std::optional<Loss> loss) {
    std::string rest = pending_.substr(bytes);
    pending_.resize(bytes);
    rows_ += count_rows(pending_);
    put_({.rows = std::exchange(pending_, std::move(rest)), .loss = std::move(loss)});
  }

  const util::Ahead<Cut>::Put& put_;
  std::string pending_;
  std::uint64_t rows_ = 0;
};

class Stream : public Batches {
 public:
  Stream(const archive::Reader& archive, const Table& table)
      : ahead_([&archive, &table](const util::Ahead<Cut>::Put& put) {
          Cutter cutter(put);
          try {
            archive.read_table(*table.entry, [&](ByteSpan bytes) { cutter.add(bytes); });
          } catch (const Error& failure) {
            if (failure.kind() != Kind::Damage) throw;
            return cutter.finish_damaged(table, failure);
          }
          cutter.finish();
        }) {}

  std::optional<Batch> take(BatchMemory& memory) override {
    const util::Lock lock(mutex_);
    std::optional<Cut> cut = ahead_.take();
    if (!cut) return std::nullopt;
    memory.text = std::move(cut->rows);
    return Batch{.number = next_++, .rows = memory.text, .loss = std::move(cut->loss), .note = {}};
  }

 private:
  util::Mutex mutex_;
  std::size_t next_ PGBELAY_GUARDED_BY(mutex_) = 0;
  util::Ahead<Cut> ahead_;
};

}  // namespace

std::unique_ptr<Batches> batches_of_pieces(const PieceFiles& files, const Table& table) {
  return std::make_unique<Pieces>(files, table);
}

std::unique_ptr<Batches> batches_of_stream(const archive::Reader& archive, const Table& table) {
  return std::make_unique<Stream>(archive, table);
}

}  // namespace extract
