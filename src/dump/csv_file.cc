#include "dump/csv_file.h"

#include <utility>

#include "archive/copy_text.h"

namespace dump {

CsvFile::CsvFile(const std::filesystem::path& directory, std::string name,
                 const std::vector<std::string>& columns)
    : name_(std::move(name)), file_(directory / name_) {
  write(codec::kGzipHeader);
  write_piece(codec::deflate_piece(archive::csv_header(columns)));
}

void CsvFile::write(std::span<const std::byte> bytes) {
  file_.write(bytes);
  hash_.update(bytes);
}

void CsvFile::write_piece(const codec::Piece& piece) {
  write(piece.deflated);
  sum_.append(piece);
}

archive::FileRecord CsvFile::finish() {
  write(codec::kFinalBlock);
  write(codec::gzip_trailer(sum_));
  file_.close();
  return {.name = name_, .bytes = file_.position(), .sha256 = hash_.finish(), .description = ""};
}

}  // namespace dump
