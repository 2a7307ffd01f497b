// The parts of level `read-back`: one file each, against what the manifest says was read from the
// server.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "archive/custom_file.h"
#include "archive/manifest.h"
#include "backup/backup.h"
#include "backup/findings.h"
#include "codec/deflate.h"
#include "codec/fingerprint.h"
#include "codec/piece_format.h"
#include "util/files.h"

namespace backup {

// What one table's pieces turned out to hold; filled in by several jobs, each with pieces of its
// own. A table without pieces is read as one.
struct PieceRead {
  codec::StreamSum sum;
  codec::Fingerprint fingerprint;
  bool damaged = false;  // then neither counts, and a finding says so
};
struct TableRead {
  std::vector<PieceRead> pieces;

  bool damaged() const noexcept { return std::ranges::any_of(pieces, &PieceRead::damaged); }
};

// The file name of a ReadFile.
std::string name_of(const util::ReadFile& file);

archive::Finding table_damage(const archive::TableRecord& table, std::string code,
                              std::string_view file, std::string text);

// Pieces [begin, end) of a table: inflated, rows and bytes counted, compared with the same bytes of
// the SQL file if there is one. Of two that differ, the one is named that does not hold the rows.
void read_pieces(const archive::CustomFileReader& archive, const util::ReadFile* sql,
                 const archive::TableRecord& table, std::size_t begin, std::size_t end,
                 TableRead& read, Findings& findings);
// A table without recorded pieces, as one stream: empty ones, and archives that somebody else
// wrote.
void read_stream(const archive::CustomFileReader& archive, const archive::TocEntry& entry,
                 const archive::TableRecord& table, TableRead& read, Findings& findings);
// The frame around the pieces of a table's block: header, no gaps, end marker, and, if no piece is
// damaged, checksum of the whole stream. `method`: of the archive's pieces.
void check_frame(const util::ReadFile& archive, codec::Method method,
                 const archive::TocEntry& entry, const archive::TableRecord& table,
                 const TableRead& read, Findings& findings);
// Rows and fingerprint of the table.
void compare_table(const archive::TableRecord& table, const TableRead& read, Findings& findings);

// The statements between the pieces of the SQL file, and the checksum of the whole; zstd frames
// have one each, and nothing around them.
void check_sql_frame(const util::ReadFile& sql, const archive::Manifest& manifest,
                     const std::vector<TableRead>& reads, Findings& findings);

void check_csv(const Backup& backup, const archive::TableRecord& table, Findings& findings);

void check_large_objects(const archive::CustomFileReader& archive, const archive::TocEntry& entry,
                         const archive::Manifest& manifest, Findings& findings);

}  // namespace backup
