// One table as CSV in a gzip frame, made of pieces.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "archive/manifest.h"
#include "codec/deflate.h"
#include "codec/sha256.h"
#include "util/files.h"

namespace dump {

// Failure: Kind::Io, Kind::Space. Not durable: the caller syncs all files at once when it publishes
// them.
class CsvFile {
 public:
  CsvFile(const std::filesystem::path& directory, std::string name,
          const std::vector<std::string>& columns);
  void write_piece(const codec::Piece& piece);
  std::uint64_t raw_bytes() const noexcept { return sum_.raw_bytes; }
  archive::FileRecord finish();

 private:
  void write(std::span<const std::byte> bytes);

  std::string name_;
  util::WriteFile file_;
  codec::StreamSum sum_;
  codec::Sha256 hash_;
};

}  // namespace dump
