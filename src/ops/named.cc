#include "ops/named.h"

#include <system_error>

#include "archive/reader.h"
#include "archive/sql_file_name.h"

namespace ops {

std::string Named::name() const {
  return backup ? backup->manifest.name : archive.filename().string();
}

extract::Source Named::source() const {
  if (!backup) return {.archive = archive, .manifest = nullptr, .sql = {}};
  return {.archive = archive,
          .manifest = &backup->manifest,
          .sql = backup->path / archive::sql_file_name(backup->manifest)};
}

Named find_named(const std::filesystem::path& dir, std::string_view reference,
                 std::string_view database) {
  const std::filesystem::path path(reference);
  std::error_code absent;
  const bool ours = std::filesystem::exists(path / "manifest.json", absent);
  if (std::filesystem::is_regular_file(path, absent) ||
      (!ours && archive::is_directory_archive(path)))
    return {.archive = path, .backup = std::nullopt};
  backup::Backup found = backup::find(dir, reference, database);
  std::filesystem::path archive = found.archive_path();
  return {.archive = std::move(archive), .backup = std::move(found)};
}

}  // namespace ops
