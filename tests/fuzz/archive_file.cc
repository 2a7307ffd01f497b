// Data blocks of an archive: whatever the file, reading ends, in bounds, with data or with damage;
// blocks without offsets are looked for, and pieces are read wherever somebody says that they are.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>

#include "archive/custom_file.h"
#include "archive/piece_index.h"
#include "fuzz/fuzz.h"
#include "util/text.h"

namespace {

constexpr std::uint64_t kEnough = 64U
                                  << 20U;  // a deflate stream can hold a thousand times its size

struct Enough {};

class MemoryFile {
 public:
  MemoryFile(const std::uint8_t* data, std::size_t size) : fd_(::memfd_create("archive", 0)) {
    while (size > 0) {
      const ssize_t wrote = ::write(fd_, data, size);
      if (wrote <= 0) std::abort();
      data += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
  }
  ~MemoryFile() { ::close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return util::cat("/proc/self/fd/", fd_); }

 private:
  int fd_;
};

void read(const archive::CustomFileReader& reader, const archive::TocEntry& entry) {
  std::uint64_t total = 0;
  const codec::ByteSink sink = [&](std::span<const std::byte> bytes) {
    if ((total += bytes.size()) > kEnough) throw Enough{};
  };
  try {
    fuzz::accepted([&] {
      if (entry.desc == "BLOBS") {
        reader.read_large_objects(entry, {.begin = [](std::uint32_t) {},
                                          .bytes = sink,
                                          .end = [] {},
                                          .damaged = [](const util::Error&) {}});
      } else {
        reader.read_table(entry, sink);
      }
    });
  } catch (const Enough&) {
  }
}

void read_piece(const archive::CustomFileReader& reader, std::uint64_t offset,
                std::uint64_t bytes) {
  fuzz::accepted([&] {
    fuzz::require(reader.read_piece(offset, bytes).size() == bytes, "a piece is all there");
  });
}

// Of the entry's block: where a first piece begins, with zlib's header before it and without.
void read_pieces(const archive::CustomFileReader& reader, const archive::TocEntry& entry,
                 std::uint64_t file_bytes) {
  constexpr std::array<std::uint64_t, 2> kFromBlock{11, 18};
  for (const std::uint64_t from : kFromBlock) {
    for (const std::uint64_t bytes : {std::uint64_t{1}, std::uint64_t{50}, file_bytes})
      read_piece(reader, entry.offset + from, bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  const std::optional<archive::PieceIndex> index = archive::read_piece_index(file.path());
  fuzz::accepted([&] {
    const archive::CustomFileReader reader(file.path());
    for (const archive::TocEntry& entry : reader.toc().entries) {
      if (!entry.has_data) continue;
      read(reader, entry);
      read_pieces(reader, entry, size);
    }
    if (!index) return;
    for (const archive::TableRecord& table : index->tables) {
      for (const archive::PieceRecord& piece : table.pieces)
        read_piece(reader, piece.dump_offset, piece.deflated_bytes);
    }
  });
  return 0;
}
