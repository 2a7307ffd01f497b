#include "archive/directory.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "archive/entry_data.h"
#include "codec/unpack.h"
#include "util/files.h"
#include "util/text.h"

namespace archive {
namespace {

namespace fs = std::filesystem;
using util::cat;
using util::Error;
using util::Kind;

constexpr std::string_view kContents = "toc.dat";
constexpr std::size_t kReadBytes = 256U << 10U;

struct Suffix {
  std::string_view text;
  codec::Packing packing;
};
// In the order in which pg_restore tries them.
constexpr std::array kSuffixes{
    Suffix{"", codec::Packing::Plain}, Suffix{".gz", codec::Packing::Gzip},
    Suffix{".lz4", codec::Packing::Lz4}, Suffix{".zst", codec::Packing::Zstd}};

[[noreturn]] void fail(std::string_view file, std::string_view what) {
  throw Error(Kind::Damage, cat("the archive is damaged: ", util::printable(file), " ", what),
              {.hint = "Use another copy of this backup, or another backup.", .sqlstate = {}});
}

bool is_there(const fs::path& path) {
  std::error_code absent;
  return fs::exists(path, absent);
}

// However it is packed; 0 where it is missing, or not in the folder.
std::uint64_t size_of(const fs::path& folder, const std::string& name) {
  if (name.find('/') != std::string::npos) return 0;
  for (const Suffix& suffix : kSuffixes) {
    std::error_code absent;
    const std::uintmax_t size = fs::file_size(folder / cat(name, suffix.text), absent);
    if (!absent) return size;
  }
  return 0;
}

void unpack(const fs::path& path, codec::Packing packing, const codec::ByteSink& sink) {
  const util::ReadFile file(path);
  codec::Unpacker unpacker(packing);
  std::vector<std::byte> buffer(kReadBytes);
  for (std::uint64_t at = 0; at < file.size();) {
    const std::size_t got = file.read_some(at, buffer);
    if (got == 0) break;
    unpacker.add(std::span(buffer).first(got), sink);
    at += got;
  }
  unpacker.finish();
}

// Lines "OID file".
std::vector<LargeObjectFile> parse_list(const std::string& text, std::string_view list) {
  std::vector<LargeObjectFile> files;
  for (const std::string_view line : util::split(text, '\n')) {
    if (line.empty()) continue;
    const std::size_t blank = std::min(line.find(' '), line.size());
    const std::optional<std::uint64_t> oid = util::parse_u64(line.substr(0, blank));
    if (!oid || *oid == 0 || *oid > 0xFFFFFFFFU || blank + 1 >= line.size())
      fail(list, cat("has the line \"", util::printable(line), "\""));
    files.push_back({static_cast<std::uint32_t>(*oid), std::string(line.substr(blank + 1))});
  }
  return files;
}

}  // namespace

DirectoryReader::DirectoryReader(fs::path folder) : folder_(std::move(folder)) {
  ParsedToc parsed = read_toc_file((folder_ / kContents).string());
  if (!parsed.directory) {
    throw Error(Kind::Usage,
                cat(util::printable((folder_ / kContents).string()),
                    " is an archive of its own, not a folder's contents"),
                {.hint = "Give the file.", .sqlstate = {}});
  }
  toc_ = std::move(parsed.toc);
}

// A name that leads out of the folder is not followed.
void DirectoryReader::read_file(const std::string& name, const codec::ByteSink& sink) const {
  if (name.empty() || name == "." || name == ".." || name.find('/') != std::string::npos)
    fail(kContents, cat("names the file \"", util::printable(name), "\""));
  for (const Suffix& suffix : kSuffixes) {
    const fs::path path = folder_ / cat(name, suffix.text);
    if (!is_there(path)) continue;
    try {
      return unpack(path, suffix.packing, sink);
    } catch (Error& error) {
      if (error.kind() == Kind::Damage)
        error.while_doing(cat("reading ", util::printable(path.string())));
      throw;
    }
  }
  fail(name, "is missing");
}

void DirectoryReader::read_table(const TocEntry& entry, const codec::ByteSink& sink) const {
  try {
    EndOfData end;
    read_file(entry.data_file, [&](std::span<const std::byte> bytes) {
      end.add(bytes);
      sink(bytes);
    });
    if (end.missing(entry)) fail(entry.data_file, "ends without the end marker \\.");
  } catch (Error& error) {
    add_entry_context(error, entry, folder_);
    throw;
  }
}

// Before 1.16 the entry names no list: there is one for all.
std::vector<LargeObjectFile> DirectoryReader::large_objects_of(const TocEntry& entry) const {
  const std::string list = toc_.version < ArchiveVersion{.major = 1, .minor = 16}
                               ? std::string("blobs.toc")
                               : entry.data_file;
  std::string text;
  read_file(list, [&text](std::span<const std::byte> bytes) {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  return parse_list(text, list);
}

std::map<int, std::uint64_t> DirectoryReader::data_bytes() const {
  std::map<int, std::uint64_t> sizes;
  for (const TocEntry& entry : toc_.entries) {
    if (entry.data_file.empty()) continue;
    std::uint64_t& bytes = sizes[entry.dump_id];
    if (entry.desc == "BLOBS") {
      for (const LargeObjectFile& file : large_objects_of(entry))
        bytes += size_of(folder_, file.name);
    } else {
      bytes = size_of(folder_, entry.data_file);
    }
  }
  return sizes;
}

void DirectoryReader::read_large_objects(const TocEntry& entry, const LargeObjectSink& sink) const {
  try {
    for (const LargeObjectFile& file : large_objects_of(entry)) {
      sink.begin(file.oid);
      try {
        read_file(file.name, sink.bytes);
      } catch (const Error& failure) {
        if (failure.kind() != Kind::Damage || !sink.damaged) throw;
        sink.damaged(failure);
      }
      sink.end();
    }
  } catch (Error& error) {
    add_entry_context(error, entry, folder_);
    throw;
  }
}

}  // namespace archive
