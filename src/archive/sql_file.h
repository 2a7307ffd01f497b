// full_backup.sql.gz: the same pieces as the archive in a gzip frame, with the statements around
// them.
//
// Restores by `gunzip -c F | psql -X -1 -v ON_ERROR_STOP=1` into an empty database and, all or
// nothing, over an existing one: drops with IF EXISTS come first, in reverse order of the contents;
// an object that the backup does not know, but that hangs on one it knows, stops it (S16). There is
// no BEGIN or COMMIT in it. Names cannot smuggle psql commands in (M9). What it leaves out:
// sql_script.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>

#include "archive/toc.h"
#include "codec/deflate.h"

namespace archive {

enum class Include { No, Yes };

struct SqlFileOptions {
  Include owners = Include::No;
  Include acls = Include::No;
};

// `toc` must outlive the writer. Call order: constructor (head, drops, pre-data), then per data
// entry in order of the contents, then finish() (post-data).
class SqlFileWriter {
 public:
  SqlFileWriter(std::filesystem::path path, const Toc& toc, SqlFileOptions options);
  ~SqlFileWriter();
  SqlFileWriter(const SqlFileWriter&) = delete;
  SqlFileWriter& operator=(const SqlFileWriter&) = delete;

  void begin_table(const TocEntry& entry);  // COPY … FROM stdin;
  std::uint64_t write_piece(
      const codec::Piece& piece);         // file offset of its first byte; contiguous
  void end_table();                       // \.
  void statement(const TocEntry& entry);  // SEQUENCE SET and other data entries without a block
  void begin_large_object(std::uint32_t oid);
  void large_object_bytes(std::span<const std::byte> bytes);
  void end_large_object();
  // Post-data, ACLs and refreshes; syncs, closes. Returns the SHA-256 of the whole file.
  std::string finish();
  std::uint64_t position() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace archive
