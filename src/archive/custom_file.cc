// Writing: pieces go to the file as they come, in chunks of at most 1 MiB; what is small (lengths,
// headers, empty blocks) is collected first. The contents stand at the front with offsets not set
// and are written once more at the end, when the offsets are known. SHA-256 goes front to back, so
// it cannot run along: the finished file is read once more, out of the page cache. That costs about
// 0.6 s per GB where the processor has SHA instructions and four times that where it has not.
// Asking the kernel to write earlier made no difference that could be measured: the hash is the
// larger part of finish(), not fsync.
#include "archive/custom_file.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

#include "archive/entry_data.h"
#include "archive/piece_index.h"
#include "archive/primitives.h"
#include "archive/sql_file_name.h"
#include "codec/piece_format.h"
#include "codec/unpack.h"
#include "util/error.h"
#include "util/files.h"
#include "util/mutex.h"
#include "util/text.h"

namespace archive {
namespace {

constexpr std::uint8_t kTableBlock = 1;
constexpr std::uint8_t kLargeObjectBlock = 3;
constexpr std::size_t kCollectBytes = 256U << 10U;
// From here on a copy costs more than a system call.
constexpr std::size_t kDirectBytes = 64U << 10U;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

// What is open in the file at the moment.
enum class Place { Between, Table, LargeObjects, LargeObject };

struct CustomFileWriter::State {
  Toc toc;
  util::WriteFile file;
  std::string collected;                       // behind what the file has
  std::unordered_map<int, TocEntry*> entries;  // those with data
  codec::Method method;
  codec::Piece end_of_data;
  codec::StreamSum sum;  // of the open stream
  Place place = Place::Between;

  State(const std::filesystem::path& path, Toc contents);
  std::uint64_t position() const { return file.position() + collected.size(); }
  void put(std::span<const std::byte> bytes);
  void put(std::string_view text) { put(bytes_of(text)); }
  void put_int(std::int64_t value);
  void put_chunk(std::span<const std::byte> bytes);
  void put_piece(const codec::Piece& piece);
  void flush();
  void move(Place from, Place to);
  void begin_block(std::uint8_t type, int dump_id);
  void begin_stream();
  void end_stream();
};

CustomFileWriter::State::State(const std::filesystem::path& path, Toc contents)
    : toc(std::move(contents)),
      file(path),
      method(piece_method(toc)),
      end_of_data(codec::pack_piece(kEndOfData, {.method = method})) {
  PGBELAY_ASSERT(toc.compression == Compression::Gzip || toc.compression == Compression::Zstd);
  for (TocEntry& entry : toc.entries) {
    entry.offset = 0;
    entry.offset_state = entry.has_data ? OffsetState::NotSet : OffsetState::NoData;
    if (entry.has_data) entries.emplace(entry.dump_id, &entry);
  }
  put(encode_toc(toc).bytes);
}

void CustomFileWriter::State::put(std::span<const std::byte> bytes) {
  if (collected.size() + bytes.size() > kCollectBytes || bytes.size() >= kDirectBytes) flush();
  if (bytes.size() >= kDirectBytes) {
    file.write(bytes);
  } else {
    collected += text_of(bytes);
  }
}

void CustomFileWriter::State::put_int(std::int64_t value) {
  std::string bytes;
  append_int(bytes, value);
  put(bytes);
}

void CustomFileWriter::State::put_chunk(std::span<const std::byte> bytes) {
  put_int(static_cast<std::int64_t>(bytes.size()));
  put(bytes);
}

void CustomFileWriter::State::flush() {
  file.write(collected);
  collected.clear();
}

void CustomFileWriter::State::move(Place from, Place to) {
  PGBELAY_ASSERT(place == from);
  place = to;
}

void CustomFileWriter::State::begin_block(std::uint8_t type, int dump_id) {
  const auto found = entries.find(dump_id);
  PGBELAY_ASSERT(found != entries.end() && found->second->offset_state == OffsetState::NotSet);
  move(Place::Between, type == kTableBlock ? Place::Table : Place::LargeObjects);
  found->second->offset_state = OffsetState::Set;
  found->second->offset = position();
  put(std::string_view(reinterpret_cast<const char*>(&type), 1));
  put_int(dump_id);
}

void CustomFileWriter::State::begin_stream() {
  sum = {};
  if (method == codec::Method::Deflate) put_chunk(codec::kZlibHeader);
}

// The empty last block and the checksum, then the length 0 that ends the chunks. Frames of zstd
// need neither, but there must be one.
void CustomFileWriter::State::end_stream() {
  if (method == codec::Method::Zstd) {
    if (sum.raw_bytes == 0) put_piece(codec::empty_zstd_frame());
    put_int(0);
    return;
  }
  std::string end(text_of(codec::kFinalBlock));
  end += text_of(codec::zlib_trailer(sum));
  put_chunk(bytes_of(end));
  put_int(0);
}

CustomFileWriter::CustomFileWriter(std::filesystem::path path, Toc toc)
    : state_(std::make_unique<State>(path, std::move(toc))) {}

CustomFileWriter::~CustomFileWriter() = default;

void CustomFileWriter::begin_table(int dump_id) {
  state_->begin_block(kTableBlock, dump_id);
  state_->begin_stream();
}

std::uint64_t CustomFileWriter::write_piece(const codec::Piece& piece) {
  State& s = *state_;
  PGBELAY_ASSERT(s.place == Place::Table || s.place == Place::LargeObject);
  const std::uint64_t at = s.position() + kIntBytes;
  s.put_piece(piece);
  return at;
}

void CustomFileWriter::State::put_piece(const codec::Piece& piece) {
  std::span<const std::byte> left(piece.deflated);
  while (!left.empty()) {  // a chunk of length 0 would end the stream
    const std::span<const std::byte> chunk =
        left.first(std::min<std::size_t>(left.size(), kMaxChunkBytes));
    put_chunk(chunk);
    left = left.subspan(chunk.size());
  }
  sum.append(piece);
}

void CustomFileWriter::end_table() {
  PGBELAY_ASSERT(state_->place == Place::Table);
  write_piece(state_->end_of_data);
  state_->end_stream();
  state_->place = Place::Between;
}

void CustomFileWriter::begin_large_objects(int dump_id) {
  state_->begin_block(kLargeObjectBlock, dump_id);
}

void CustomFileWriter::begin_large_object(std::uint32_t oid) {
  PGBELAY_ASSERT(oid != 0);  // would end the block
  state_->move(Place::LargeObjects, Place::LargeObject);
  // As pg_dump does: above 2^31 - 1 it is negative.
  state_->put_int(static_cast<std::int32_t>(oid));
  state_->begin_stream();
}

void CustomFileWriter::end_large_object() {
  state_->move(Place::LargeObject, Place::LargeObjects);
  state_->end_stream();
}

void CustomFileWriter::end_large_objects() {
  state_->move(Place::LargeObjects, Place::Between);
  state_->put_int(0);
}

void CustomFileWriter::write_index(std::vector<TableRecord> tables) {
  State& s = *state_;
  PGBELAY_ASSERT(s.place == Place::Between);
  s.put(encode_index_block({.encoding = s.toc.encoding(), .tables = std::move(tables)},
                           s.position()));
}

std::uint64_t CustomFileWriter::position() const noexcept { return state_->position(); }

std::string CustomFileWriter::finish() {
  State& s = *state_;
  PGBELAY_ASSERT(s.place == Place::Between);
  for (const auto& [dump_id, entry] : s.entries)
    PGBELAY_ASSERT(entry->offset_state == OffsetState::Set);
  s.flush();
  s.file.write_at(0, bytes_of(encode_toc(s.toc).bytes));
  std::string sum = codec::sha256_of_file(s.file.path());
  s.file.finish();
  return sum;
}

struct CustomFileReader::State {
  util::ReadFile file;
  ParsedToc contents;
  mutable util::Mutex mutex;
  // Where blocks are, for entries without offsets; made by the first that asks.
  mutable std::optional<std::unordered_map<int, std::uint64_t>> scanned PGBELAY_GUARDED_BY(mutex);

  explicit State(std::filesystem::path path);
  std::optional<std::uint64_t> find_block(const TocEntry& entry) const;
  PrimitiveReader open_block(const TocEntry& entry, std::uint8_t type) const;
  void read_stream(PrimitiveReader& in, const codec::ByteSink& sink) const;
  void skip_stream(PrimitiveReader& in, std::uint64_t begin, const util::Error& failure) const;
};

namespace {

void skip_chunks(PrimitiveReader& in) {
  while (const int length = in.integer_in(0, INT32_MAX, "the length of a chunk")) {
    in.skip(static_cast<std::uint64_t>(length));
  }
}

// Positions of all blocks from `first` on. What follows the last block may be anything.
std::unordered_map<int, std::uint64_t> scan_blocks(const util::ReadFile& file,
                                                   std::uint64_t first) {
  std::unordered_map<int, std::uint64_t> out;
  PrimitiveReader in(file, first);
  while (in.left() > 0) {
    const std::uint64_t at = in.position();
    const std::uint8_t type = in.byte();
    if (type != kTableBlock && type != kLargeObjectBlock) return out;
    const int dump_id = in.integer_in(INT32_MIN, INT32_MAX, "the id of a block");
    if (type == kTableBlock) {
      skip_chunks(in);
    } else {
      while (in.integer() != 0) skip_chunks(in);
    }
    out.emplace(dump_id, at);
  }
  return out;
}

codec::Packing packing_of(Compression compression) {
  switch (compression) {
    case Compression::Gzip:
      return codec::Packing::Zlib;
    case Compression::Lz4:
      return codec::Packing::Lz4;
    case Compression::Zstd:
      return codec::Packing::Zstd;
    case Compression::None:
      break;
  }
  return codec::Packing::Plain;
}

}  // namespace

CustomFileReader::State::State(std::filesystem::path path)
    : file(std::move(path)), contents(read_toc_file(file.path().string())) {
  if (!contents.directory) return;
  throw util::Error(util::Kind::Usage,
                    util::cat(util::printable(file.path().string()),
                              " holds the contents of a directory archive, no data"),
                    {.hint = "Give the folder that it lies in.", .sqlstate = {}});
}

std::optional<std::uint64_t> CustomFileReader::State::find_block(const TocEntry& entry) const {
  if (entry.offset_state == OffsetState::Set) return entry.offset;
  const util::Lock lock(mutex);
  if (!scanned) scanned = scan_blocks(file, contents.end);
  const auto found = scanned->find(entry.dump_id);
  return found == scanned->end() ? std::nullopt : std::optional(found->second);
}

PrimitiveReader CustomFileReader::State::open_block(const TocEntry& entry,
                                                    std::uint8_t type) const {
  const std::optional<std::uint64_t> found = find_block(entry);
  if (!found) fail_damaged(file.size(), "the file ends without this entry's data");
  const std::uint64_t at = *found;
  if (at < contents.end) fail_damaged(at, "data cannot begin within the contents");
  PrimitiveReader in(file, at);
  const std::uint8_t found_type = in.byte();
  if (found_type != type)
    fail_damaged(at, util::cat("a block of type ", type, " is expected, not ", found_type));
  const std::int64_t found_id = in.integer();
  if (found_id != entry.dump_id) {
    fail_damaged(
        at, util::cat("the block of entry ", entry.dump_id, " is expected, not of ", found_id));
  }
  return in;
}

// Chunks up to the length 0; their bytes are one compressed stream.
void CustomFileReader::State::read_stream(PrimitiveReader& in, const codec::ByteSink& sink) const {
  codec::Unpacker unpacker(packing_of(contents.toc.compression));
  while (const int length = in.integer_in(0, INT32_MAX, "the length of a chunk")) {
    std::uint64_t left = static_cast<std::uint64_t>(length);
    if (left > in.left())
      fail_damaged(in.position(), util::cat("a chunk of ", left, " bytes is longer than the file"));
    while (left > 0) {
      const std::span<const std::byte> part = in.some(left);
      left -= part.size();
      unpacker.add(part, sink);
    }
  }
  unpacker.finish();
}

// Behind the chunks of a stream that could not be read; `failure` if it is these that are damaged.
void CustomFileReader::State::skip_stream(PrimitiveReader& in, std::uint64_t begin,
                                          const util::Error& failure) const {
  PrimitiveReader chunks(file, begin);
  try {
    skip_chunks(chunks);
  } catch (const util::Error&) {
    throw util::Error(failure);
  }
  in.skip(chunks.position() - in.position());
}

CustomFileReader::CustomFileReader(std::filesystem::path path)
    : state_(std::make_unique<State>(std::move(path))) {}

CustomFileReader::~CustomFileReader() = default;
CustomFileReader::CustomFileReader(CustomFileReader&&) noexcept = default;

const Toc& CustomFileReader::toc() const noexcept { return state_->contents.toc; }

// A block ends where the next one begins; what stands behind the last one counts as its own.
std::map<int, std::uint64_t> CustomFileReader::data_bytes() const {
  std::map<int, std::uint64_t> places;
  std::set<std::uint64_t> begins{state_->file.size()};
  for (const TocEntry& entry : toc().entries) {
    if (entry.offset_state == OffsetState::NoData) continue;
    if (const std::optional<std::uint64_t> at = state_->find_block(entry)) {
      places[entry.dump_id] = *at;
      begins.insert(*at);
    }
  }
  for (auto& [id, place] : places) {
    const auto next = begins.upper_bound(place);
    place = next == begins.end() ? 0 : *next - place;
  }
  return places;
}

void CustomFileReader::read_table(const TocEntry& entry, const codec::ByteSink& sink) const {
  try {
    PrimitiveReader in = state_->open_block(entry, kTableBlock);
    EndOfData end;
    state_->read_stream(in, [&](std::span<const std::byte> bytes) {
      end.add(bytes);
      sink(bytes);
    });
    if (end.missing(entry)) fail_damaged(in.position(), "the data end without the end marker \\.");
  } catch (util::Error& error) {
    add_entry_context(error, entry, state_->file.path());
    throw;
  }
}

void CustomFileReader::read_large_objects(const TocEntry& entry,
                                          const LargeObjectSink& sink) const {
  try {
    PrimitiveReader in = state_->open_block(entry, kLargeObjectBlock);
    // OIDs pass through a signed int: above 2^31 - 1 they are negative.
    while (const auto oid = static_cast<std::uint32_t>(in.integer())) {
      sink.begin(oid);
      const std::uint64_t at = in.position();
      try {
        state_->read_stream(in, sink.bytes);
      } catch (const util::Error& failure) {
        if (failure.kind() != util::Kind::Damage || !sink.damaged) throw;
        state_->skip_stream(in, at, failure);
        sink.damaged(failure);
      }
      sink.end();
    }
  } catch (util::Error& error) {
    add_entry_context(error, entry, state_->file.path());
    throw;
  }
}

std::vector<std::byte> CustomFileReader::read_piece(std::uint64_t offset,
                                                    std::uint64_t deflated_bytes) const {
  if (deflated_bytes > 0 && offset < state_->contents.end + kIntBytes)
    fail_damaged(offset, "a piece cannot begin within the contents");
  return archive::read_piece(state_->file, offset, deflated_bytes);
}

std::vector<std::byte> read_piece(const util::ReadFile& file, std::uint64_t offset,
                                  std::uint64_t deflated_bytes) {
  std::vector<std::byte> out;
  if (deflated_bytes == 0) return out;
  if (offset < kIntBytes || offset > file.size() || deflated_bytes > file.size() - offset)
    fail_damaged(offset, util::cat("a piece of ", deflated_bytes, " bytes cannot begin here"));
  out.resize(deflated_bytes);
  std::span<std::byte> left(out);
  for (std::uint64_t at = offset - kIntBytes; !left.empty();) {
    std::array<std::byte, kIntBytes> length_bytes{};
    file.read_at(at, length_bytes);
    const int length =
        PrimitiveReader(length_bytes).integer_in(1, INT32_MAX, "the length of a piece's chunk");
    const std::size_t count = std::min<std::size_t>(left.size(), static_cast<std::size_t>(length));
    file.read_at(at + kIntBytes, left.first(count));
    left = left.subspan(count);
    at += kIntBytes + count;
  }
  return out;
}

}  // namespace archive
