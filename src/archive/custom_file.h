// The data blocks of a custom-format archive: written front to back, read at random.
//
// Each table's block holds one zlib stream of COPY text that ends with the end-of-data marker
// "\.\n\n\n"; a large-object block holds one zlib stream per object. Chunks are at most 1 MiB.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "archive/manifest.h"
#include "archive/reader.h"
#include "archive/toc.h"
#include "codec/deflate.h"
#include "codec/inflate.h"
#include "codec/sha256.h"
#include "util/files.h"

namespace archive {

constexpr std::uint64_t kMaxChunkBytes = 1U << 20U;

// Writes an archive whose contents are known, block by block in the order of the contents.
//
// Failure: Kind::Io or Kind::Space. Nothing is durable before finish().
class CustomFileWriter {
 public:
  // Writes header and contents with offsets not set.
  CustomFileWriter(std::filesystem::path path, Toc toc);
  ~CustomFileWriter();
  CustomFileWriter(const CustomFileWriter&) = delete;
  CustomFileWriter& operator=(const CustomFileWriter&) = delete;

  // One table: begin, any number of pieces, end (which adds the end-of-data marker itself).
  void begin_table(int dump_id);
  // Returns the file offset of the piece's first byte of raw deflate data within its first chunk. A
  // piece larger than a chunk is cut; its chunks are consecutive (5 bytes of length before each).
  std::uint64_t write_piece(const codec::Piece& piece);
  void end_table();

  // Large objects: one block, one stream per object.
  void begin_large_objects(int dump_id);
  void begin_large_object(std::uint32_t oid);
  void end_large_object();
  void end_large_objects();

  // Of the tables, behind all blocks: piece_index.h.
  void write_index(std::vector<TableRecord> tables);

  std::uint64_t position() const noexcept;
  // Writes the offsets into the contents, syncs, closes. Returns the SHA-256 of the whole file.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Reads blocks of an archive in one file, whatever pg_dump compressed them with.
class CustomFileReader : public Reader {
 public:
  explicit CustomFileReader(std::filesystem::path path);
  ~CustomFileReader() override;
  CustomFileReader(CustomFileReader&&) noexcept;

  const Toc& toc() const noexcept override;
  std::map<int, std::uint64_t> data_bytes() const override;
  void read_table(const TocEntry& entry, const codec::ByteSink& sink) const override;
  void read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const override;

  // As below; nothing of the contents is a piece.
  std::vector<std::byte> read_piece(std::uint64_t offset, std::uint64_t deflated_bytes) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Raw bytes of the deflate data at `offset`, `deflated_bytes` long, chunk lengths skipped: one
// recorded piece. Kind::Damage if none can begin there.
std::vector<std::byte> read_piece(const util::ReadFile& archive, std::uint64_t offset,
                                  std::uint64_t deflated_bytes);

}  // namespace archive
