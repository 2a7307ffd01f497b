#include "extract/archive_source.h"

namespace extract {

ArchiveSource::ArchiveSource(const Source& source) {
  if (source.manifest == nullptr) {
    archive_ = archive::open_archive(source.archive);
    return;
  }
  auto file = std::make_unique<archive::CustomFileReader>(source.archive);
  pieces_ = file.get();
  archive_ = std::move(file);
  std::error_code absent;
  if (std::filesystem::exists(source.sql, absent)) sql_.emplace(source.sql);
}

std::unique_ptr<Batches> ArchiveSource::batches(const Table& table) const {
  const bool recorded =
      pieces_ != nullptr && table.record != nullptr && !table.record->pieces.empty();
  return recorded ? batches_of_pieces(*pieces_, sql_ ? &*sql_ : nullptr, table)
                  : batches_of_stream(*archive_, table);
}

}  // namespace extract
