// The SQL file around its pieces, and CSV files.
#include <algorithm>
#include <array>

#include "archive/sql_file_name.h"
#include "backup/files.h"
#include "backup/read_back.h"
#include "codec/inflate.h"
#include "util/error.h"
#include "util/text.h"

namespace backup {
namespace {

constexpr std::size_t kReadBytes = 256U << 10U;
constexpr std::size_t kGzipTrailerBytes = 8;

// Bytes [begin, end) of `file` in parts.
template <typename Take>
void read_range(const util::ReadFile& file, std::uint64_t begin, std::uint64_t end,
                const Take& take) {
  std::vector<std::byte> buffer(kReadBytes);
  while (begin < end) {
    const std::size_t part =
        static_cast<std::size_t>(std::min<std::uint64_t>(kReadBytes, end - begin));
    file.read_at(begin, std::span(buffer).first(part));
    take(std::span<const std::byte>(buffer).first(part));
    begin += part;
  }
}

struct PlacedPiece {
  std::uint64_t begin = 0, end = 0;
  const codec::StreamSum* sum = nullptr;
};

std::vector<PlacedPiece> pieces_by_place(const archive::Manifest& manifest,
                                         const std::vector<TableRead>& reads) {
  std::vector<PlacedPiece> pieces;
  for (std::size_t table = 0; table < manifest.tables.size(); ++table) {
    for (std::size_t n = 0; n < manifest.tables[table].pieces.size(); ++n) {
      const archive::PieceRecord& piece = manifest.tables[table].pieces[n];
      pieces.push_back(
          {piece.sql_offset, piece.sql_offset + piece.deflated_bytes, &reads[table].pieces[n].sum});
    }
  }
  std::sort(pieces.begin(), pieces.end(),
            [](const PlacedPiece& a, const PlacedPiece& b) { return a.begin < b.begin; });
  return pieces;
}

// Statements: pieces of their own, which inflate on their own.
void add_statements(const util::ReadFile& sql, codec::Packing packing, std::uint64_t begin,
                    std::uint64_t end, codec::StreamSum& sum) {
  if (begin > end) throw util::Error(util::Kind::Damage, util::cat("pieces overlap at byte ", end));
  if (begin == end) return;
  codec::Unpacker unpacker(packing);
  read_range(sql, begin, end, [&](std::span<const std::byte> part) {
    unpacker.add(part, [&sum](std::span<const std::byte> raw) { sum.add(raw); });
  });
  unpacker.finish();
}

bool is_zstd(const util::ReadFile& sql) {
  return name_of(sql) == archive::sql_file_name(archive::Compression::Zstd);
}

// From `at` up to `end`: statements and pieces in turn, without a gap. The sum of all of them.
codec::StreamSum sum_of_parts(const util::ReadFile& sql, const archive::Manifest& manifest,
                              const std::vector<TableRead>& reads, std::uint64_t at,
                              std::uint64_t end) {
  const codec::Packing packing =
      codec::packing_of(is_zstd(sql) ? codec::Method::Zstd : codec::Method::Deflate);
  codec::StreamSum sum;
  for (const PlacedPiece& piece : pieces_by_place(manifest, reads)) {
    add_statements(sql, packing, at, piece.begin, sum);
    sum += *piece.sum;
    at = piece.end;
  }
  add_statements(sql, packing, at, end, sum);
  return sum;
}

void check_gzip_frame(const util::ReadFile& sql, const archive::Manifest& manifest,
                      const std::vector<TableRead>& reads) {
  const std::uint64_t tail = codec::kFinalBlock.size() + kGzipTrailerBytes;
  std::array<std::byte, codec::kGzipHeader.size()> head{};
  sql.read_at(0, head);
  if (!std::ranges::equal(head, codec::kGzipHeader))
    throw util::Error(util::Kind::Damage, "it is no gzip file of ours");
  if (sql.size() < head.size() + tail) throw util::Error(util::Kind::Damage, "it ends too early");
  const codec::StreamSum sum = sum_of_parts(sql, manifest, reads, head.size(), sql.size() - tail);
  std::vector<std::byte> end(tail);
  sql.read_at(sql.size() - tail, end);
  const bool whole =
      std::ranges::equal(std::span(end).first(codec::kFinalBlock.size()), codec::kFinalBlock) &&
      std::ranges::equal(std::span(end).last(kGzipTrailerBytes), codec::gzip_trailer(sum));
  if (!whole) throw util::Error(util::Kind::Damage, "its checksum is wrong");
}

// Newlines that are not within quotes.
class CsvRows {
 public:
  void add(std::span<const std::byte> bytes) {
    std::uint64_t rows = rows_;
    unsigned quoted = quoted_;
    for (const std::byte byte : bytes) {
      quoted ^= static_cast<unsigned>(byte == std::byte{'"'});
      rows += static_cast<unsigned>(byte == std::byte{'\n'}) & ~quoted & 1U;
    }
    rows_ = rows;
    quoted_ = quoted;
  }
  std::uint64_t count() const noexcept { return rows_; }

 private:
  std::uint64_t rows_ = 0;
  unsigned quoted_ = 0;
};

}  // namespace

void check_sql_frame(const util::ReadFile& sql, const archive::Manifest& manifest,
                     const std::vector<TableRead>& reads, Findings& findings) {
  try {
    if (is_zstd(sql)) {
      sum_of_parts(sql, manifest, reads, 0, sql.size());
    } else {
      check_gzip_frame(sql, manifest, reads);
    }
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    archive::Finding finding;
    finding.code = "sql";
    finding.file = name_of(sql);
    finding.text = util::cat(name_of(sql), ": ", failure.message());
    findings.add(std::move(finding));
  }
}

void check_csv(const Backup& backup, const archive::TableRecord& table, Findings& findings) {
  const std::filesystem::path path = backup.path / table.csv_file;
  if (!std::filesystem::exists(path))
    return findings.add(table_damage(table, "missing-file", table.csv_file, "is missing"));
  CsvRows rows;
  codec::Inflater inflater(codec::Framing::Gzip);
  const util::ReadFile file(path);
  read_range(file, 0, file.size(), [&](std::span<const std::byte> part) {
    inflater.add(part, [&rows](std::span<const std::byte> raw) { rows.add(raw); });
  });
  inflater.finish();
  if (rows.count() == table.fingerprint.rows + 1 && inflater.raw_bytes() == table.csv_raw_bytes)
    return;
  findings.add(table_damage(
      table, "rows", table.csv_file,
      util::cat("holds ", rows.count(), " lines in ", inflater.raw_bytes(), " bytes, a header and ",
                table.fingerprint.rows, " rows in ", table.csv_raw_bytes, " bytes were written")));
}

}  // namespace backup
