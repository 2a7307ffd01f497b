#include "archive/sql_file_name.h"

#include <algorithm>

#include "util/text.h"

namespace archive {

namespace {
constexpr std::string_view kZstd = sql_file_name(Compression::Zstd);
}  // namespace

std::string_view sql_file_name(const Manifest& manifest) {
  const bool zstd = std::any_of(manifest.files.begin(), manifest.files.end(),
                                [](const FileRecord& file) { return file.name == kZstd; });
  return zstd ? kZstd : sql_file_name(Compression::Gzip);
}

std::string unpack_command(std::string_view sql_file) {
  return util::cat(sql_file.ends_with(".zst") ? "zstd -dc " : "gunzip -c ", sql_file);
}

}  // namespace archive
