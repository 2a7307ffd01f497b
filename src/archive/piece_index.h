// The index of an archive's pieces: what the manifest says of them, in the archive itself, for
// whoever has nothing else. It lies in a block of its own behind all others, whose id no entry has:
// pg_restore skips it (docs/formats/archive.md).
//
// Failure: none. What is missing, cut off, damaged or of a newer format is no index.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "archive/manifest.h"

namespace archive {

struct PieceIndex {
  std::string encoding;             // of the data
  std::vector<TableRecord> tables;  // of each: names, dump_id, columns, pieces with their CRC-32
};

// The block, for an archive that it ends, `offset` bytes behind its begin.
std::string encode_index_block(const PieceIndex& index, std::uint64_t offset);
// Of the archive's own index; nothing if it has none that is whole.
std::optional<PieceIndex> read_piece_index(const std::filesystem::path& archive);

// What the block holds, without its frame. Kind::Damage for anything else.
std::string encode_piece_index(const PieceIndex& index);
PieceIndex parse_piece_index(std::span<const std::byte> bytes);

}  // namespace archive
