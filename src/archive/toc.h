// The table of contents of a pg_dump archive, as values. Format: docs/formats/archive.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace archive {

enum class Section : int { None = 1, PreData = 2, Data = 3, PostData = 4 };
enum class Compression { None, Gzip, Lz4, Zstd };

struct ArchiveVersion {
  int major = 1;
  int minor = 14;
  friend auto operator<=>(const ArchiveVersion&, const ArchiveVersion&) = default;
};

enum class OffsetState : int { NotSet = 1, Set = 2, NoData = 3 };

// One line of the contents. Strings are raw bytes in the archive's encoding; nullopt is NULL, which
// is not the empty string.
struct TocEntry {
  int dump_id = 0;
  bool has_data = false;          // "hadDumper": a data block belongs to it
  std::string catalog_oid = "0";  // decimal
  std::string object_oid = "0";
  std::string tag;
  std::string desc;  // TABLE, TABLE DATA, INDEX …
  Section section = Section::None;
  std::optional<std::string> definition;
  std::optional<std::string> drop;
  std::optional<std::string> copy;    // COPY schema.table (columns) FROM stdin;
  std::optional<std::string> schema;  // "namespace"
  std::optional<std::string> tablespace;
  std::optional<std::string> table_access_method;
  int relkind = 0;  // 1.16 only
  std::optional<std::string> owner;
  std::vector<int> dependencies;  // dump ids
  OffsetState offset_state = OffsetState::NoData;
  std::uint64_t offset = 0;  // of the block's type byte; custom format
  std::string data_file;     // directory format
};

struct CreationTime {  // local time, as struct tm counts
  int second = 0, minute = 0, hour = 0, day = 1, month = 0, year = 0, is_dst = 0;
};

struct Toc {
  ArchiveVersion version;
  Compression compression = Compression::Gzip;
  int compression_level = -1;  // archives before 1.15 store only this
  CreationTime created;
  std::optional<std::string> database;
  std::string server_version;
  std::string dumper_version;
  std::vector<TocEntry> entries;

  const TocEntry* find(int dump_id) const noexcept;
  int max_dump_id() const noexcept;
  // The encoding and string settings of the special entries; defaults where they are missing.
  std::string encoding() const;  // UTF8
};

// Reads header and contents from the start of a custom-format file or of a directory's toc.dat.
// Failure: Kind::Damage with the offset; Kind::Usage "made by a newer pg_dump" above 1.16.
// Accepts 1.12–1.16.
struct ParsedToc {
  Toc toc;
  std::uint64_t end = 0;   // offset of the first byte behind the contents
  bool directory = false;  // a directory's toc.dat: data_file counts, offsets do not
};
ParsedToc parse_toc(std::span<const std::byte> bytes);
// Reads as much of `path` as the contents need.
ParsedToc read_toc_file(const std::string& path);

// Header and contents as bytes, and where each entry's nine offset bytes are.
struct EncodedToc {
  std::string bytes;
  std::vector<std::uint64_t> offset_positions;  // one per entry
};
EncodedToc encode_toc(const Toc& toc);
std::string encode_offset(OffsetState state, std::uint64_t offset);  // nine bytes

}  // namespace archive
