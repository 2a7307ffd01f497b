// The opened files of a Source. Private to this module.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "archive/reader.h"
#include "extract/batches.h"
#include "extract/extract.h"
#include "extract/tables.h"
#include "util/files.h"

namespace extract {

class ArchiveSource {
 public:
  explicit ArchiveSource(const Source& source);

  // Null where the archive is missing or its contents cannot be read, and the manifest knows the
  // pieces: then toc() has the tables of the manifest, without definitions.
  const archive::Reader* archive() const noexcept { return archive_.get(); }
  const archive::Toc& toc() const noexcept { return archive_ ? archive_->toc() : toc_; }
  const std::optional<std::string>& note() const noexcept { return note_; }  // of that
  std::unique_ptr<Batches> batches(const Table& table) const;

 private:
  void open_pieces(const Source& source);

  std::unique_ptr<archive::Reader> archive_;
  archive::Toc toc_;
  std::optional<std::string> note_;
  std::optional<util::ReadFile> pieces_;  // the archive, where pieces are recorded
  std::optional<util::ReadFile> sql_;
  std::filesystem::path folder_;
};

}  // namespace extract
