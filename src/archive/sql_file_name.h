// What the SQL file beside an archive is called, and how it is unpacked: it holds the archive's
// pieces, in a gzip frame or, those of zstd, as they are.
#pragma once

#include <string>
#include <string_view>

#include "archive/manifest.h"
#include "archive/toc.h"
#include "codec/piece_format.h"

namespace archive {

constexpr std::string_view sql_file_name(Compression compression) {
  return compression == Compression::Zstd ? "full_backup.sql.zst" : "full_backup.sql.gz";
}
// Of a backup; as with gzip if it has none.
std::string_view sql_file_name(const Manifest& manifest);
std::string unpack_command(std::string_view sql_file);  // `gunzip -c NAME` or `zstd -dc NAME`

// Of the pieces of an archive that we wrote.
constexpr codec::Method piece_method(const Toc& toc) {
  return toc.compression == Compression::Zstd ? codec::Method::Zstd : codec::Method::Deflate;
}

}  // namespace archive
