// The opened files of a Source. Private to this module.
#pragma once

#include <memory>
#include <optional>

#include "archive/custom_file.h"
#include "archive/reader.h"
#include "extract/batches.h"
#include "extract/extract.h"
#include "extract/tables.h"
#include "util/files.h"

namespace extract {

class ArchiveSource {
 public:
  explicit ArchiveSource(const Source& source);

  const archive::Reader& archive() const noexcept { return *archive_; }
  std::unique_ptr<Batches> batches(const Table& table) const;

 private:
  std::unique_ptr<archive::Reader> archive_;
  const archive::CustomFileReader* pieces_ = nullptr;  // the archive, where pieces are recorded
  std::optional<util::ReadFile> sql_;
};

}  // namespace extract
