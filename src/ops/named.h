// What BACKUP on a command line names.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "backup/backup.h"
#include "extract/extract.h"

namespace ops {

struct Named {
  std::filesystem::path archive;
  std::optional<backup::Backup> backup;  // nothing: an archive of pg_dump's, without fingerprints

  std::string name() const;
  extract::Source source() const;  // it must not outlive this
};

// A backup, as backup::find(); or a file, or a folder with a toc.dat, that pg_dump made.
Named find_named(const std::filesystem::path& dir, std::string_view reference,
                 std::string_view database);

}  // namespace ops
