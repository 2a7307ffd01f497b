// The block ends with a trailer of fixed length, in a chunk of its own, so that it is found from
// the end of the file: magic, format, where the block begins, how long the index is, and the
// SHA-256 of the index and of the trailer before it.
#include "archive/piece_index.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "archive/custom_file.h"
#include "archive/primitives.h"
#include "codec/sha256.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace archive {
namespace {

constexpr std::string_view kMagic = "PGBINDEX";
constexpr int kFormat = 1;
constexpr char kTableBlock = 1;
constexpr int kNoEntry = 0;  // the ids of entries begin at 1
constexpr std::uint64_t kNumberBytes = 8;
constexpr std::uint64_t kSumBytes = 64;  // SHA-256 in hexadecimal digits
constexpr std::uint64_t kTrailerBytes = kMagic.size() + kIntBytes + 2 * kNumberBytes + kSumBytes;
// The trailer's chunk, and the length 0 that ends the block.
constexpr std::uint64_t kTailBytes = kIntBytes + kTrailerBytes + kIntBytes;
constexpr std::uint64_t kPieceBytes = 6 * kNumberBytes;
constexpr std::uint64_t kLeastTableBytes = 5 * kIntBytes;

void append_number(std::string& out, std::uint64_t number) {
  for (unsigned shift = 0; shift < 64; shift += 8)
    out += static_cast<char>(number >> shift & 0xFFU);
}

std::uint64_t take_number(PrimitiveReader& in) {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 8)
    number |= static_cast<std::uint64_t>(in.byte()) << shift;
  return number;
}

// How many things of at least `least` bytes follow.
std::size_t take_count(PrimitiveReader& in, std::uint64_t least) {
  const std::uint64_t at = in.position();
  const auto count =
      static_cast<std::uint64_t>(in.integer_in(0, INT32_MAX, "the count of an index"));
  if (count > in.left() / least)
    fail_damaged(at, util::cat(count, " of these cannot stand in ", in.left(), " bytes"));
  return static_cast<std::size_t>(count);
}

// The int 0: the id of no entry, the end of the block. Not the other one, -0.
bool take_zero(PrimitiveReader& in) {
  std::uint64_t bits = 0;
  for (std::uint64_t n = 0; n < kIntBytes; ++n) bits |= in.byte();
  return bits == 0;
}

void append_table(std::string& out, const TableRecord& table) {
  append_int(out, table.dump_id);
  append_string(out, table.schema);
  append_string(out, table.table);
  append_int(out, static_cast<std::int64_t>(table.columns.size()));
  for (const std::string& column : table.columns) append_string(out, column);
  append_int(out, static_cast<std::int64_t>(table.pieces.size()));
  for (const PieceRecord& piece : table.pieces) {
    PGBELAY_ASSERT(piece.crc32.has_value());
    for (const std::uint64_t number :
         {piece.rows, piece.raw_bytes, piece.deflated_bytes, piece.dump_offset, piece.sql_offset,
          std::uint64_t{*piece.crc32}}) {
      append_number(out, number);
    }
  }
}

PieceRecord take_piece(PrimitiveReader& in) {
  PieceRecord piece;
  for (std::uint64_t* const number : {&piece.rows, &piece.raw_bytes, &piece.deflated_bytes,
                                      &piece.dump_offset, &piece.sql_offset})
    *number = take_number(in);
  const std::uint64_t at = in.position();
  const std::uint64_t crc32 = take_number(in);
  if (crc32 > UINT32_MAX) fail_damaged(at, "a CRC-32 has no more than 32 bits");
  piece.crc32 = static_cast<std::uint32_t>(crc32);
  return piece;
}

TableRecord take_table(PrimitiveReader& in) {
  TableRecord table;
  table.dump_id = in.integer_in(1, INT32_MAX, "the id of an entry");
  table.schema = in.string().value_or("");
  table.table = in.string().value_or("");
  for (std::size_t left = take_count(in, kIntBytes); left > 0; --left)
    table.columns.push_back(in.string().value_or(""));
  for (std::size_t left = take_count(in, kPieceBytes); left > 0; --left) {
    table.pieces.push_back(take_piece(in));
    table.fingerprint.rows += table.pieces.back().rows;
    table.raw_bytes += table.pieces.back().raw_bytes;
  }
  return table;
}

void append_chunk(std::string& out, std::string_view bytes) {
  append_int(out, static_cast<std::int64_t>(bytes.size()));
  out += bytes;
}

std::string trailer_of(std::string_view index, std::uint64_t offset) {
  std::string trailer(kMagic);
  append_int(trailer, kFormat);
  append_number(trailer, offset);
  append_number(trailer, index.size());
  codec::Sha256 sum;
  sum.update(index);
  sum.update(trailer);
  return trailer + sum.finish();
}

// The chunks before the trailer, if they are what it says.
std::string read_chunks(const util::ReadFile& file, std::uint64_t begin, std::uint64_t bytes) {
  PrimitiveReader in(file, begin);
  const bool ours = in.byte() == kTableBlock && take_zero(in);
  std::string index;
  while (ours && index.size() < bytes) {
    auto left = static_cast<std::uint64_t>(in.integer_in(1, kMaxChunkBytes, "a chunk's length"));
    while (left > 0) {
      const std::span<const std::byte> part = in.some(left);
      index.append(reinterpret_cast<const char*>(part.data()), part.size());
      left -= part.size();
    }
  }
  if (!ours || index.size() != bytes || in.left() != kTailBytes)
    fail_damaged(begin, "this is no index");
  return index;
}

PieceIndex read_index(const util::ReadFile& file) {
  if (file.size() < kTailBytes) fail_damaged(file.size(), "there is no room for an index");
  PrimitiveReader in(file, file.size() - kTailBytes);
  if (in.integer() != static_cast<std::int64_t>(kTrailerBytes))
    fail_damaged(in.position(), "no trailer of an index");
  std::string trailer;
  for (std::uint64_t n = 0; n < kTrailerBytes; ++n) trailer += static_cast<char>(in.byte());
  if (!take_zero(in)) fail_damaged(in.position(), "the block has no end");
  PrimitiveReader fields(std::as_bytes(std::span(trailer)));
  fields.skip(kMagic.size());
  const std::int64_t format = fields.integer();
  if (!trailer.starts_with(kMagic) || format != kFormat)
    fail_damaged(in.position(), "no index of a known format");
  const std::uint64_t begin = take_number(fields);
  const std::uint64_t bytes = take_number(fields);
  if (bytes > file.size()) fail_damaged(in.position(), "it is longer than the file");
  const std::string index = read_chunks(file, begin, bytes);
  if (trailer_of(index, begin) != trailer) fail_damaged(begin, "its SHA-256 is another one");
  return parse_piece_index(std::as_bytes(std::span(index)));
}

}  // namespace

std::string encode_piece_index(const PieceIndex& index) {
  std::string out;
  append_string(out, index.encoding);
  append_int(out, static_cast<std::int64_t>(index.tables.size()));
  for (const TableRecord& table : index.tables) append_table(out, table);
  return out;
}

PieceIndex parse_piece_index(std::span<const std::byte> bytes) {
  PrimitiveReader in(bytes);
  PieceIndex index;
  index.encoding = in.string().value_or("");
  for (std::size_t left = take_count(in, kLeastTableBytes); left > 0; --left)
    index.tables.push_back(take_table(in));
  if (in.left() > 0) fail_damaged(in.position(), "an index does not go on here");
  return index;
}

std::string encode_index_block(const PieceIndex& index, std::uint64_t offset) {
  const std::string bytes = encode_piece_index(index);
  std::string block(1, kTableBlock);
  append_int(block, kNoEntry);
  for (std::string_view left = bytes; !left.empty();) {
    append_chunk(block, left.substr(0, kMaxChunkBytes));
    left.remove_prefix(std::min<std::size_t>(left.size(), kMaxChunkBytes));
  }
  append_chunk(block, trailer_of(bytes, offset));
  append_int(block, 0);
  return block;
}

std::optional<PieceIndex> read_piece_index(const std::filesystem::path& archive) {
  try {
    return read_index(util::ReadFile(archive));
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    return std::nullopt;
  }
}

}  // namespace archive
