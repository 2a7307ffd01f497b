// Data blocks of an archive: whatever the file, reading ends, in bounds, with data or with damage.
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "archive/custom_file.h"
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
        reader.read_large_objects(entry, {[](std::uint32_t) {}, sink, [] {}});
      } else {
        reader.read_table(entry, sink);
      }
    });
  } catch (const Enough&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const MemoryFile file(data, size);
  fuzz::accepted([&] {
    const archive::CustomFileReader reader(file.path());
    for (const archive::TocEntry& entry : reader.toc().entries) {
      if (entry.has_data && entry.offset_state == archive::OffsetState::Set) read(reader, entry);
    }
  });
  return 0;
}
