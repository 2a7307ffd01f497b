// The files of an archive in the directory format: whatever they hold, reading ends, with data or
// with damage. The first byte says which file the rest is, and how its name ends.
#include "archive/directory.h"

#include <array>
#include <fstream>
#include <string>

#include "archive/primitives.h"
#include "fuzz/fuzz.h"
#include "util/files.h"
#include "util/text.h"

namespace {

constexpr std::uint64_t kEnough = 16U << 20U;

struct Enough {};

void append_entry(std::string& toc, int id, std::string_view desc, std::string_view file) {
  archive::append_int(toc, id);
  archive::append_int(toc, 1);
  for (const std::string_view text : {"0", "0", "t"})
    archive::append_string(toc, std::string(text));
  archive::append_string(toc, std::string(desc));
  archive::append_int(toc, 3);
  archive::append_string(toc, std::nullopt);
  archive::append_string(toc, std::nullopt);
  archive::append_string(toc, "COPY public.t (a) FROM stdin;\n");
  archive::append_string(toc, "public");
  for (int n = 0; n < 3; ++n) archive::append_string(toc, std::nullopt);
  archive::append_string(toc, "false");
  archive::append_string(toc, std::nullopt);
  archive::append_string(toc, std::string(file));
}

// Contents of version 1.14: a table's data in 1.dat, large objects.
std::string contents() {
  std::string toc{"PGDMP\x01\x0E\x00\x04\x08\x03", 11};
  for (const int number : {-1, 0, 0, 0, 1, 0, 126, 0}) archive::append_int(toc, number);
  for (int n = 0; n < 3; ++n) archive::append_string(toc, "x");
  archive::append_int(toc, 2);
  append_entry(toc, 1, "TABLE DATA", "1.dat");
  append_entry(toc, 2, "BLOBS", "blobs.toc");
  return toc;
}

class Folder {
 public:
  Folder() {
    put("toc.dat", contents());
    put("blob_1.dat", "plain");
  }
  void put(const std::string& name, std::string_view bytes) {
    std::ofstream(folder_.path() / name, std::ios::binary) << bytes;
  }
  void remove(const std::string& name) { std::filesystem::remove(folder_.path() / name); }
  const std::filesystem::path& path() const { return folder_.path(); }

 private:
  util::TempDir folder_{"fuzz-directory-"};
};

void read_all(const std::filesystem::path& path) {
  const archive::DirectoryReader reader(path);
  std::string rows;
  std::uint64_t total = 0;
  const codec::ByteSink count = [&](std::span<const std::byte> bytes) {
    if ((total += bytes.size()) > kEnough) throw Enough{};
  };
  const bool whole = fuzz::accepted([&] {
    reader.read_table(reader.toc().entries.front(), [&](std::span<const std::byte> bytes) {
      count(bytes);
      rows.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    });
  });
  fuzz::require(!whole || rows.ends_with(archive::kEndOfData), "a whole table has its end marker");
  fuzz::accepted([&] {
    bool open = false;
    reader.read_large_objects(reader.toc().entries.back(), {.begin =
                                                                [&](std::uint32_t oid) {
                                                                  fuzz::require(oid != 0 && !open,
                                                                                "one at a time");
                                                                  open = true;
                                                                },
                                                            .bytes = count,
                                                            .end = [&] { open = false; },
                                                            .damaged = [](const util::Error&) {}});
    fuzz::require(!open, "each one ends");
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 4> kSuffixes{"", ".gz", ".lz4", ".zst"};
  constexpr std::array<std::string_view, 3> kNames{"1.dat", "blobs.toc", "blob_7.dat"};
  if (size == 0) return 0;
  static Folder folder;
  const std::string name =
      util::cat(kNames[data[0] / 4 % kNames.size()], kSuffixes[data[0] % kSuffixes.size()]);
  if (!name.starts_with("blobs.toc")) folder.put("blobs.toc", "1 blob_1.dat\n7 blob_7.dat\n");
  folder.put(name, fuzz::text_of(data, size).substr(1));
  try {
    read_all(folder.path());
  } catch (const Enough&) {
  }
  folder.remove(name);
  return 0;
}
