// Contents as bytes and back. The order of the fields is the format (docs/formats/archive.md);
// parse and encode stand side by side, field by field.
#include "archive/toc.h"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "archive/primitives.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace archive {
namespace {

constexpr std::string_view kMagic = "PGDMP";
constexpr int kMajor = 1;
constexpr int kOldestMinor = 12;
constexpr int kTableamMinor = 14;
constexpr int kAlgorithmMinor = 15;  // before, the header holds a level instead
constexpr int kRelkindMinor = 16;
constexpr int kNewestMinor = 16;
constexpr int kIntSize = 4;  // of every pg_dump on every system; more would be damage
constexpr int kOffsetSize = 8;
constexpr std::uint8_t kFormatCustom = 1;
constexpr std::uint8_t kFormatFiles = 3;  // tar, and a directory's toc.dat
// An entry of 1.12 whose texts are all empty has 15 ints, the last of which ends the dependencies.
constexpr std::uint64_t kLeastEntryBytes = 15 * kIntBytes;
constexpr int kMaxInt = std::numeric_limits<int>::max();
constexpr std::size_t kMaxReserved = 4096;

struct Header {
  Toc toc;
  int offset_size = kOffsetSize;
  bool directory = false;
};

ArchiveVersion parse_version(PrimitiveReader& in) {
  for (const char expected : kMagic) {
    if (in.left() == 0 || static_cast<char>(in.byte()) != expected) {
      fail_damaged(0, "it does not begin as an archive of pg_dump does (PGDMP)");
    }
  }
  ArchiveVersion version;
  version.major = in.byte();
  version.minor = in.byte();
  in.byte();  // revision: never more than a remark
  const std::string name = util::cat(version.major, ".", version.minor);
  if (version > ArchiveVersion{.major = kMajor, .minor = kNewestMinor}) {
    throw util::Error(
        util::Kind::Usage,
        util::cat("the archive has version ", name, ", made by a newer pg_dump; known is up to ",
                  kMajor, ".", kNewestMinor),
        {.hint = "Use a newer pgbelay, or the pg_restore of the pg_dump that made it.",
         .sqlstate = {}});
  }
  if (version < ArchiveVersion{.major = kMajor, .minor = kOldestMinor}) {
    throw util::Error(
        util::Kind::Usage,
        util::cat("the archive has version ", name, ", older than ", kMajor, ".", kOldestMinor,
                  " (pg_dump 9.0)"),
        {.hint = "Restore it with pg_restore and make a new backup.", .sqlstate = {}});
  }
  return version;
}

void parse_compression(PrimitiveReader& in, Toc& toc) {
  if (toc.version.minor < kAlgorithmMinor) {
    toc.compression_level = in.integer_in(-1, 9, "the compression level");
    toc.compression = toc.compression_level == 0 ? Compression::None : Compression::Gzip;
    return;
  }
  const std::uint64_t at = in.position();
  const std::uint8_t algorithm = in.byte();
  if (algorithm > 3) fail_damaged(at, util::cat("there is no compression ", algorithm));
  toc.compression = static_cast<Compression>(algorithm);
}

CreationTime parse_time(PrimitiveReader& in) {
  CreationTime time;
  time.second = in.integer_in(0, 61, "the second of its time");
  time.minute = in.integer_in(0, 59, "the minute of its time");
  time.hour = in.integer_in(0, 23, "the hour of its time");
  time.day = in.integer_in(0, 31, "the day of its time");
  time.month = in.integer_in(0, 11, "the month of its time");
  time.year = in.integer_in(-1900, kMaxInt, "the year of its time");
  time.is_dst = in.integer_in(-1, 1, "the summer time of its time");
  return time;
}

Header parse_header(PrimitiveReader& in) {
  Header header;
  Toc& toc = header.toc;
  toc.version = parse_version(in);
  const std::uint64_t at = in.position();
  const int int_size = in.byte();
  header.offset_size = in.byte();
  const std::uint8_t format = in.byte();
  if (int_size != kIntSize) fail_damaged(at, util::cat("numbers cannot have ", int_size, " bytes"));
  if (header.offset_size < 1 || header.offset_size > kOffsetSize) {
    fail_damaged(at + 1, util::cat("offsets cannot have ", header.offset_size, " bytes"));
  }
  if (format != kFormatCustom && format != kFormatFiles)
    fail_damaged(at + 2, util::cat("there is no format ", format));
  header.directory = format == kFormatFiles;
  parse_compression(in, toc);
  toc.created = parse_time(in);
  toc.database = in.string();
  toc.server_version = in.string().value_or("");
  toc.dumper_version = in.string().value_or("");
  return header;
}

std::vector<int> parse_dependencies(PrimitiveReader& in) {
  std::vector<int> out;
  for (;;) {
    const std::uint64_t at = in.position();
    const std::optional<std::string> text = in.string();
    if (!text) return out;
    const std::optional<std::uint64_t> id = util::parse_u64(*text);
    if (!id || *id > std::uint64_t{kMaxInt}) {
      fail_damaged(at, "a dependency that is not a number");
    }
    out.push_back(static_cast<int>(*id));
  }
}

void parse_offset(PrimitiveReader& in, int offset_size, TocEntry& entry) {
  const std::uint64_t at = in.position();
  const std::uint8_t state = in.byte();
  if (state < 1 || state > 3)
    fail_damaged(at, util::cat("the state of an offset cannot be ", state));
  entry.offset_state = static_cast<OffsetState>(state);
  std::uint64_t offset = 0;
  for (int n = 0; n < offset_size; ++n)
    offset |= static_cast<std::uint64_t>(in.byte()) << (8U * static_cast<unsigned>(n));
  if (entry.offset_state == OffsetState::Set) entry.offset = offset;
}

std::string parse_oid(PrimitiveReader& in) {
  const std::uint64_t at = in.position();
  std::string oid = in.string().value_or("0");
  if (!util::parse_u64(oid)) fail_damaged(at, "an OID that is not a number");
  return oid;
}

TocEntry parse_entry(PrimitiveReader& in, const Header& header) {
  const int minor = header.toc.version.minor;
  TocEntry entry;
  entry.dump_id = in.integer_in(1, kMaxInt, "the id of an entry");
  entry.has_data = in.integer_in(0, 1, "the mark of an entry with data") != 0;
  entry.catalog_oid = parse_oid(in);
  entry.object_oid = parse_oid(in);
  entry.tag = in.string().value_or("");
  entry.desc = in.string().value_or("");
  entry.section = static_cast<Section>(in.integer_in(1, 4, "the section of an entry"));
  entry.definition = in.string();
  entry.drop = in.string();
  entry.copy = in.string();
  entry.schema = in.string();
  entry.tablespace = in.string();
  if (minor >= kTableamMinor) entry.table_access_method = in.string();
  if (minor >= kRelkindMinor) entry.relkind = in.integer_in(0, 255, "the kind of a relation");
  entry.owner = in.string();
  in.string();  // WITH OIDS, "false" since 12
  entry.dependencies = parse_dependencies(in);
  if (header.directory) {
    entry.data_file = in.string().value_or("");
  } else {
    parse_offset(in, header.offset_size, entry);
  }
  return entry;
}

ParsedToc parse(PrimitiveReader& in) {
  Header header = parse_header(in);
  const std::uint64_t at = in.position();
  const int count = in.integer_in(0, kMaxInt, "the number of entries");
  if (static_cast<std::uint64_t>(count) > in.left() / kLeastEntryBytes) {
    fail_damaged(at, util::cat(count, " entries cannot stand in ", in.left(), " bytes"));
  }
  std::vector<TocEntry> entries;
  entries.reserve(std::min<std::size_t>(static_cast<std::size_t>(count), kMaxReserved));
  std::unordered_set<int> ids;
  for (int n = 0; n < count; ++n) {
    const std::uint64_t entry_at = in.position();
    entries.push_back(parse_entry(in, header));
    if (!ids.insert(entries.back().dump_id).second) {
      fail_damaged(entry_at, util::cat("a second entry ", entries.back().dump_id));
    }
  }
  header.toc.entries = std::move(entries);
  return {.toc = std::move(header.toc), .end = in.position(), .directory = header.directory};
}

void append_text(std::string& out, const std::string& text) {
  append_int(out, static_cast<std::int64_t>(text.size()));
  out += text;
}

void append_header(std::string& out, const Toc& toc) {
  const ArchiveVersion& version = toc.version;
  if (version.major != kMajor || version.minor < kOldestMinor || version.minor > kNewestMinor) {
    throw util::Error(util::Kind::Usage, util::cat("cannot write an archive of version ",
                                                   version.major, ".", version.minor));
  }
  out += kMagic;
  for (const int byte :
       {version.major, version.minor, 0, kIntSize, kOffsetSize, int{kFormatCustom}}) {
    out += static_cast<char>(byte);
  }
  if (version.minor >= kAlgorithmMinor) {
    out += static_cast<char>(toc.compression);
  } else if (toc.compression == Compression::None) {
    append_int(out, 0);
  } else if (toc.compression == Compression::Gzip) {
    append_int(out, toc.compression_level == 0 ? -1 : toc.compression_level);
  } else {
    throw util::Error(util::Kind::Usage, util::cat("an archive of version 1.", version.minor,
                                                   " cannot hold lz4 or zstd"));
  }
  const CreationTime& time = toc.created;
  for (const int part :
       {time.second, time.minute, time.hour, time.day, time.month, time.year, time.is_dst}) {
    append_int(out, part);
  }
  append_string(out, toc.database);
  append_text(out, toc.server_version);
  append_text(out, toc.dumper_version);
  append_int(out, static_cast<std::int64_t>(toc.entries.size()));
}

void append_entry(std::string& out, const TocEntry& entry, int minor) {
  append_int(out, entry.dump_id);
  append_int(out, entry.has_data ? 1 : 0);
  append_text(out, entry.catalog_oid);
  append_text(out, entry.object_oid);
  append_text(out, entry.tag);
  append_text(out, entry.desc);
  append_int(out, static_cast<int>(entry.section));
  append_string(out, entry.definition);
  append_string(out, entry.drop);
  append_string(out, entry.copy);
  append_string(out, entry.schema);
  append_string(out, entry.tablespace);
  if (minor >= kTableamMinor) append_string(out, entry.table_access_method);
  if (minor >= kRelkindMinor) append_int(out, entry.relkind);
  append_string(out, entry.owner);
  append_text(out, "false");
  for (const int id : entry.dependencies) append_text(out, util::cat(id));
  append_string(out, std::nullopt);
}

}  // namespace

const TocEntry* Toc::find(int dump_id) const noexcept {
  const auto found = std::ranges::find(entries, dump_id, &TocEntry::dump_id);
  return found == entries.end() ? nullptr : &*found;
}

int Toc::max_dump_id() const noexcept {
  int out = 0;
  for (const TocEntry& entry : entries) out = std::max(out, entry.dump_id);
  return out;
}

std::string Toc::encoding() const {
  const auto entry = std::ranges::find(entries, "ENCODING", &TocEntry::desc);
  if (entry != entries.end() && entry->definition) {
    const std::string& sql = *entry->definition;  // SET client_encoding = 'UTF8';
    const std::size_t from = sql.find('\'');
    const std::size_t to = from == std::string::npos ? from : sql.find('\'', from + 1);
    if (to != std::string::npos) return sql.substr(from + 1, to - from - 1);
  }
  return "SQL_ASCII";  // what pg_restore takes then
}

ParsedToc parse_toc(std::span<const std::byte> bytes) {
  PrimitiveReader in(bytes);
  return parse(in);
}

ParsedToc read_toc_file(const std::string& path) {
  try {
    const util::ReadFile file(path);
    PrimitiveReader in(file, 0);
    return parse(in);
  } catch (util::Error& error) {
    error.while_doing(util::cat("reading the contents of ", util::printable(path)));
    throw;
  }
}

EncodedToc encode_toc(const Toc& toc) {
  EncodedToc out;
  append_header(out.bytes, toc);
  out.offset_positions.reserve(toc.entries.size());
  for (const TocEntry& entry : toc.entries) {
    append_entry(out.bytes, entry, toc.version.minor);
    out.offset_positions.push_back(out.bytes.size());
    out.bytes += encode_offset(entry.offset_state, entry.offset);
  }
  return out;
}

std::string encode_offset(OffsetState state, std::uint64_t offset) {
  std::string out(1, static_cast<char>(state));
  const std::uint64_t value = state == OffsetState::Set ? offset : 0;
  for (unsigned shift = 0; shift < 64; shift += 8) out += static_cast<char>(value >> shift & 0xFFU);
  return out;
}

}  // namespace archive
