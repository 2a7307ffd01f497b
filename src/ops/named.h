// What BACKUP on a command line names.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "archive/manifest.h"
#include "backup/backup.h"
#include "extract/extract.h"

namespace ops {

struct Named {
  std::filesystem::path archive;
  std::optional<backup::Backup> backup;  // nothing: an archive of pg_dump's, without fingerprints
  // Without a backup: the tables of the archive's own index, if pgbelay made it.
  std::optional<archive::Manifest> indexed;
  std::string warning;  // why a backup is taken for its archive alone; empty: it is not

  std::string name() const;
  extract::Source source() const;  // it must not outlive this
};

// For a backup without manifest or sums, or with damaged ones. Refuse: Kind::Damage, as
// backup::find(). UseArchive: named is its archive, with a warning.
enum class Unreadable { Refuse, UseArchive };

// A backup, as backup::find(); or a file, or a folder with a toc.dat, that pg_dump made.
Named find_named(const std::filesystem::path& dir, std::string_view reference,
                 std::string_view database, Unreadable unreadable = Unreadable::Refuse);

}  // namespace ops
