// Tables and large objects of the archive.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "archive/sql_file_name.h"
#include "backup/files.h"
#include "backup/read_back.h"
#include "codec/sha256.h"
#include "pg/ident.h"
#include "util/error.h"
#include "util/text.h"

namespace backup {
namespace {

constexpr std::uint64_t kIntBytes = 5;  // sign and four bytes of an archive's integers
constexpr std::uint64_t kMostChunkBytes = 1U << 20U;
constexpr std::size_t kPartBytes = 256U << 10U;

// What is wrong with the bytes of a piece.
struct Fault {
  std::string code, text;
};

archive::Finding piece_damage(const archive::TableRecord& table, std::size_t number,
                              std::string_view file, Fault fault) {
  const archive::PieceRecord& piece = table.pieces[number];
  archive::Finding finding = table_damage(table, std::move(fault.code), file, {});
  finding.piece = number;
  finding.offset = file == kArchiveName ? piece.dump_offset : piece.sql_offset;
  finding.text = util::cat(file, ": piece ", number, " of table ",
                           pg::QualifiedName{table.schema, table.table}.display(), " (", piece.rows,
                           " rows, at byte ", *finding.offset, "): ", fault.text);
  return finding;
}

class Cursor {
 public:
  Cursor(const util::ReadFile& file, std::uint64_t at) : file_(file), at_(at) {}
  std::uint64_t at() const noexcept { return at_; }
  void skip(std::uint64_t count) noexcept { at_ += count; }
  std::vector<std::byte> bytes(std::uint64_t count) {
    std::vector<std::byte> out(count);
    file_.read_at(at_, out);
    at_ += count;
    return out;
  }
  std::int64_t integer() {
    const std::vector<std::byte> raw = bytes(kIntBytes);
    std::int64_t value = 0;
    for (std::size_t n = kIntBytes; n-- > 1;)
      value = value << 8U | std::to_integer<std::int64_t>(raw[n]);
    if (raw[0] == std::byte{0}) return value;
    if (raw[0] == std::byte{1} && value != 0) return -value;
    throw util::Error(util::Kind::Damage,
                      util::cat("at byte ", at_ - kIntBytes, ": this is no number"));
  }

 private:
  const util::ReadFile& file_;
  std::uint64_t at_;
};

[[noreturn]] void broken_frame(std::uint64_t at, std::string_view what) {
  throw util::Error(util::Kind::Damage, util::cat("at byte ", at, ": ", what));
}

// Block type, id, and the stream's header, if it has one, in a chunk of its own.
std::uint64_t check_block_head(const util::ReadFile& archive, codec::Method method,
                               const archive::TocEntry& entry) {
  Cursor in(archive, entry.offset);
  if (in.bytes(1)[0] != std::byte{1} || in.integer() != entry.dump_id) {
    broken_frame(entry.offset, "the block of this table does not begin here");
  }
  if (method == codec::Method::Zstd) return in.at();
  const bool zlib = in.integer() == static_cast<std::int64_t>(codec::kZlibHeader.size()) &&
                    std::ranges::equal(in.bytes(codec::kZlibHeader.size()), codec::kZlibHeader);
  if (!zlib) broken_frame(entry.offset, "the compressed stream has no proper header");
  return in.at();
}

// The chunks of one piece, which may lie in several of them. Returns what follows.
std::uint64_t check_chunks(const util::ReadFile& archive, const archive::PieceRecord& piece,
                           std::uint64_t at) {
  Cursor in(archive, at);
  if (piece.dump_offset != at + kIntBytes) broken_frame(at, "a piece does not follow here");
  for (std::uint64_t left = piece.deflated_bytes; left > 0;) {
    const std::int64_t length = in.integer();
    if (length <= 0 || static_cast<std::uint64_t>(length) > left) {
      broken_frame(in.at() - kIntBytes, "the length of a chunk is wrong");
    }
    in.skip(static_cast<std::uint64_t>(length));
    left -= static_cast<std::uint64_t>(length);
  }
  return in.at();
}

// What stands behind the last piece, as one run of bytes.
std::vector<std::byte> rest_of_block(const util::ReadFile& archive, std::uint64_t at) {
  std::vector<std::byte> rest;
  Cursor in(archive, at);
  while (const std::int64_t length = in.integer()) {
    if (length < 0 || static_cast<std::uint64_t>(length) > kMostChunkBytes ||
        rest.size() > kMostChunkBytes) {
      broken_frame(in.at(), "this is not the end of the table's block");
    }
    const std::vector<std::byte> chunk = in.bytes(static_cast<std::uint64_t>(length));
    rest.insert(rest.end(), chunk.begin(), chunk.end());
  }
  return rest;
}

// The end marker of the data, which is all that `packed` holds.
std::string check_marker(std::span<const std::byte> packed, codec::Method method,
                         std::uint64_t at) {
  std::string marker;
  codec::Unpacker unpacker(codec::packing_of(method));
  unpacker.add(packed, [&marker](std::span<const std::byte> raw) {
    marker.append(reinterpret_cast<const char*>(raw.data()), raw.size());
  });
  unpacker.finish();
  if (marker != archive::kEndOfData) broken_frame(at, "the end marker of the data is missing");
  return marker;
}

// End marker, empty last block, checksum; `sum` is that of the pieces, if it is known.
void check_rest(std::span<const std::byte> rest, std::optional<codec::StreamSum> sum,
                std::uint64_t at) {
  constexpr std::size_t kTrailerBytes = 4;
  const std::size_t end_bytes = codec::kFinalBlock.size() + kTrailerBytes;
  if (rest.size() < end_bytes) broken_frame(at, "the compressed stream has no end");
  const std::string marker =
      check_marker(rest.first(rest.size() - end_bytes), codec::Method::Deflate, at);
  const std::span<const std::byte> end = rest.last(end_bytes);
  if (!std::ranges::equal(end.first(codec::kFinalBlock.size()), codec::kFinalBlock))
    broken_frame(at, "the compressed stream has no end");
  if (!sum) return;
  sum->add(std::as_bytes(std::span(marker)));
  if (!std::ranges::equal(end.last(kTrailerBytes), codec::zlib_trailer(*sum)))
    broken_frame(at, "the checksum of the compressed stream is wrong");
}

// Unpacks a piece into `read`.
std::optional<Fault> unpack(std::span<const std::byte> packed, codec::Packing packing,
                            const archive::PieceRecord& piece, PieceRead& read) {
  codec::RowSplitter rows;
  try {
    codec::Unpacker unpacker(packing);
    unpacker.add(packed, [&](std::span<const std::byte> raw) {
      read.sum.add(raw);
      rows.add(raw);
    });
    unpacker.finish();
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    return Fault{"unreadable", failure.message()};
  }
  read.fingerprint = rows.fingerprint();
  if (rows.partial() || rows.ended() || rows.fingerprint().rows != piece.rows ||
      read.sum.raw_bytes != piece.raw_bytes) {
    return Fault{"rows", util::cat("holds ", rows.fingerprint().rows, " rows in ",
                                   read.sum.raw_bytes, " bytes, ", piece.rows, " rows in ",
                                   piece.raw_bytes, " bytes were read")};
  }
  if (piece.crc32 && *piece.crc32 != read.sum.crc32)
    return Fault{"crc32", "holds other rows than were read"};
  return std::nullopt;
}

// Looked at in parts: a piece may hold a huge row.
bool holds(const util::ReadFile& file, std::uint64_t at, std::span<const std::byte> bytes) {
  std::vector<std::byte> part(std::min(kPartBytes, bytes.size()));
  for (std::size_t done = 0; done < bytes.size(); done += part.size()) {
    part.resize(std::min(part.size(), bytes.size() - done));
    file.read_at(at + done, part);
    if (!std::ranges::equal(part, bytes.subspan(done, part.size()))) return false;
  }
  return true;
}

// The same piece in the SQL file, whose bytes are those of the archive if these are right.
std::optional<Fault> look_at_sql(const util::ReadFile& sql, const archive::PieceRecord& piece,
                                 codec::Packing packing,
                                 std::optional<std::span<const std::byte>> right) {
  std::vector<std::byte> packed;
  try {
    if (right && holds(sql, piece.sql_offset, *right)) return std::nullopt;
    packed.resize(piece.deflated_bytes);
    sql.read_at(piece.sql_offset, packed);
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    return Fault{"unreadable", failure.message()};
  }
  PieceRead read;
  std::optional<Fault> fault = unpack(packed, packing, piece, read);
  if (right && !fault) fault = Fault{"sql-piece", "does not hold the bytes that the archive holds"};
  return fault;
}

void read_piece(const archive::CustomFileReader& archive, const util::ReadFile* sql,
                const archive::TableRecord& table, std::size_t number, PieceRead& read,
                Findings& findings) {
  const archive::PieceRecord& piece = table.pieces[number];
  const codec::Packing packing = codec::packing_of(archive::piece_method(archive.toc()));
  std::optional<Fault> fault;
  std::vector<std::byte> packed;
  try {
    packed = archive.read_piece(piece.dump_offset, piece.deflated_bytes);
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    fault = Fault{"unreadable", failure.message()};
  }
  if (!fault) fault = unpack(packed, packing, piece, read);
  read.damaged = fault.has_value();
  const bool has_sql = sql != nullptr && piece.sql_offset > 0;
  std::optional<Fault> sql_fault;
  if (has_sql) {
    sql_fault =
        look_at_sql(*sql, piece, packing,
                    fault ? std::nullopt : std::optional(std::span<const std::byte>(packed)));
  }
  if (fault) {
    archive::Finding finding = piece_damage(table, number, kArchiveName, *std::move(fault));
    if (has_sql && !sql_fault) {
      finding.hint = util::cat("Its rows are whole in ", name_of(*sql),
                               ": extract and restore --salvage read them there.");
    }
    findings.add(std::move(finding));
  }
  if (sql_fault) findings.add(piece_damage(table, number, name_of(*sql), *std::move(sql_fault)));
}

}  // namespace

std::string name_of(const util::ReadFile& file) { return file.path().filename().string(); }

archive::Finding table_damage(const archive::TableRecord& table, std::string code,
                              std::string_view file, std::string text) {
  archive::Finding finding;
  finding.code = std::move(code);
  finding.file = file;
  finding.table = util::cat(table.schema, ".", table.table);
  finding.text = util::cat(file, ": table ", pg::QualifiedName{table.schema, table.table}.display(),
                           ": ", text);
  finding.hint = "Use another backup, or a copy of this one.";
  return finding;
}

void read_pieces(const archive::CustomFileReader& archive, const util::ReadFile* sql,
                 const archive::TableRecord& table, std::size_t begin, std::size_t end,
                 TableRead& read, Findings& findings) {
  for (std::size_t n = begin; n < end; ++n)
    read_piece(archive, sql, table, n, read.pieces[n], findings);
}

void read_stream(const archive::CustomFileReader& archive, const archive::TocEntry& entry,
                 const archive::TableRecord& table, TableRead& read, Findings& findings) {
  codec::RowSplitter rows;
  archive.read_table(entry, [&rows](std::span<const std::byte> raw) { rows.add(raw); });
  read.pieces.push_back({.sum = {}, .fingerprint = rows.fingerprint(), .damaged = false});
  if (rows.ended()) return;
  findings.add(table_damage(table, "frame", kArchiveName, "the end marker of the data is missing"));
}

void check_frame(const util::ReadFile& archive, codec::Method method,
                 const archive::TocEntry& entry, const archive::TableRecord& table,
                 const TableRead& read, Findings& findings) {
  try {
    std::uint64_t at = check_block_head(archive, method, entry);
    codec::StreamSum sum;
    for (std::size_t n = 0; n < table.pieces.size(); ++n) {
      at = check_chunks(archive, table.pieces[n], at);
      sum += read.pieces[n].sum;
    }
    const std::vector<std::byte> rest = rest_of_block(archive, at);
    if (method == codec::Method::Zstd) {
      check_marker(rest, method, at);
    } else {
      check_rest(rest, read.damaged() ? std::nullopt : std::optional(sum), at);
    }
  } catch (const util::Error& failure) {
    if (failure.kind() != util::Kind::Damage) throw;
    findings.add(table_damage(table, "frame", kArchiveName, failure.message()));
  }
}

void compare_table(const archive::TableRecord& table, const TableRead& read, Findings& findings) {
  codec::Fingerprint sum;
  for (const PieceRead& piece : read.pieces) sum += piece.fingerprint;
  if (sum == table.fingerprint) return;
  findings.add(table_damage(table, "fingerprint", kArchiveName,
                            util::cat("holds ", sum.rows, " rows with fingerprint ", sum.value(),
                                      ", ", table.fingerprint.rows, " rows with ",
                                      table.fingerprint.value(), " were read from the database")));
}

void check_large_objects(const archive::CustomFileReader& archive, const archive::TocEntry& entry,
                         const archive::Manifest& manifest, Findings& findings) {
  std::map<std::uint32_t, const archive::LargeObjectRecord*> expected;
  for (const archive::LargeObjectRecord& object : manifest.large_objects)
    expected[object.oid] = &object;
  const auto differs = [&findings](std::uint32_t oid, std::string_view what) {
    archive::Finding finding;
    finding.code = "large-object";
    finding.file = kArchiveName;
    finding.text = util::cat(kArchiveName, ": large object ", oid, " ", what);
    findings.add(std::move(finding));
  };
  std::uint32_t oid = 0;
  bool damaged = false;
  codec::Sha256 hash;
  archive.read_large_objects(
      entry, {.begin =
                  [&](std::uint32_t begun) {
                    oid = begun;
                    hash = codec::Sha256();
                  },
              .bytes = [&](std::span<const std::byte> bytes) { hash.update(bytes); },
              .end =
                  [&] {
                    const auto found = expected.find(oid);
                    const std::string sha256 = hash.finish();
                    if (std::exchange(damaged, false)) {
                      expected.erase(oid);
                      return;
                    }
                    if (found == expected.end()) return differs(oid, "is not in the manifest");
                    if (found->second->sha256 != sha256) differs(oid, "is not what was read");
                    expected.erase(found);
                  },
              .damaged =
                  [&](const util::Error& failure) {
                    damaged = true;
                    differs(oid, util::cat("is damaged: ", failure.message()));
                  }});
  for (const auto& [missing, record] : expected) differs(missing, "is missing");
}

}  // namespace backup
