#include "archive/reader.h"

#include <algorithm>
#include <array>

#include "archive/custom_file.h"
#include "archive/directory.h"
#include "archive/entry_data.h"
#include "util/files.h"
#include "util/text.h"

namespace archive {
namespace {

// "ustar" at its place, as in every tar file that pg_dump writes.
bool is_tar(const std::filesystem::path& path) {
  constexpr std::uint64_t kMagicAt = 257;
  constexpr std::string_view kMagic = "ustar";
  std::array<std::byte, kMagic.size()> found{};
  const util::ReadFile file(path);
  return file.read_some(kMagicAt, found) == found.size() &&
         std::ranges::equal(found, std::as_bytes(std::span(kMagic)));
}

}  // namespace

void EndOfData::add(std::span<const std::byte> bytes) {
  const std::span<const std::byte> end = bytes.last(std::min(bytes.size(), kEndOfData.size()));
  last_.append(reinterpret_cast<const char*>(end.data()), end.size());
  last_.erase(0, last_.size() - std::min(last_.size(), kEndOfData.size()));
}

bool EndOfData::missing(const TocEntry& entry) const {
  return entry.copy.has_value() && last_ != kEndOfData;
}

void add_entry_context(util::Error& error, const TocEntry& entry,
                       const std::filesystem::path& path) {
  std::string what = util::cat("reading ", entry.desc, " ");
  if (entry.schema) what += *entry.schema + ".";
  what += util::cat(entry.tag, " (entry ", entry.dump_id);
  if (entry.offset_state == OffsetState::Set) what += util::cat(" at byte ", entry.offset);
  error.while_doing(util::printable(util::cat(what, ") of ", path.string())));
}

bool is_directory_archive(const std::filesystem::path& path) {
  std::error_code absent;
  return std::filesystem::is_regular_file(path / "toc.dat", absent);
}

std::unique_ptr<Reader> open_archive(const std::filesystem::path& path) {
  if (is_directory_archive(path)) return std::make_unique<DirectoryReader>(path);
  if (is_tar(path)) {
    throw util::Error(
        util::Kind::Usage, util::cat(util::printable(path.string()), " is a tar archive"),
        {.hint = "Unpack it into a folder of its own with tar -xf, and give that folder.",
         .sqlstate = {}});
  }
  return std::make_unique<CustomFileReader>(path);
}

}  // namespace archive
