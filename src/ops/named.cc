#include "ops/named.h"

#include <system_error>
#include <utility>

#include "archive/copy_text.h"
#include "archive/piece_index.h"
#include "archive/reader.h"
#include "archive/sql_file_name.h"
#include "util/error.h"
#include "util/text.h"

namespace ops {
namespace {

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code absent;
  return fs::is_regular_file(path, absent);
}

// As the dump named those that may lie beside the archive.
void name_csv_files(std::vector<archive::TableRecord>& tables) {
  std::vector<archive::TableName> names;
  for (const archive::TableRecord& table : tables) names.push_back({table.schema, table.table});
  const std::vector<std::string> files = archive::csv_file_names(names);
  for (std::size_t n = 0; n < tables.size(); ++n) tables[n].csv_file = util::cat("csv/", files[n]);
}

Named of_archive(fs::path archive) {
  Named named{.archive = std::move(archive), .backup = {}, .indexed = {}, .warning = {}};
  if (!is_file(named.archive)) return named;
  std::optional<archive::PieceIndex> index = archive::read_piece_index(named.archive);
  if (!index) return named;
  named.indexed.emplace();
  named.indexed->encoding = std::move(index->encoding);
  named.indexed->tables = std::move(index->tables);
  name_csv_files(named.indexed->tables);
  return named;
}

Named of_backup(backup::Backup backup) {
  fs::path archive = backup.archive_path();
  return {.archive = std::move(archive), .backup = std::move(backup), .indexed = {}, .warning = {}};
}

// The SQL file that lies beside an archive of ours: its pieces are told by their checksums.
fs::path sql_beside(const fs::path& archive) {
  for (const archive::Compression one : {archive::Compression::Gzip, archive::Compression::Zstd}) {
    const fs::path sql = archive.parent_path() / archive::sql_file_name(one);
    if (is_file(sql)) return sql;
  }
  return {};
}

Named open_folder(const fs::path& folder, Unreadable unreadable) {
  try {
    return of_backup(backup::open(folder));
  } catch (const util::Error& failure) {
    // A manifest whose format is a larger number may be a damaged one.
    const bool read = failure.kind() == util::Kind::Damage || failure.kind() == util::Kind::Usage;
    fs::path archive = folder / "full_backup.dump";
    if (!read || unreadable == Unreadable::Refuse || !is_file(archive)) throw;
    Named named = of_archive(std::move(archive));
    named.warning = util::cat(failure.message(),
                              ": only its archive was read, and nothing shows that it holds all "
                              "that it should");
    return named;
  }
}

}  // namespace

std::string Named::name() const {
  if (backup) return backup->manifest.name;
  return (warning.empty() ? archive : archive.parent_path()).filename().string();
}

extract::Source Named::source() const {
  if (backup) {
    return {.archive = archive,
            .manifest = &backup->manifest,
            .sql = backup->path / archive::sql_file_name(backup->manifest),
            .folder = backup->path};
  }
  if (!indexed) return {.archive = archive, .manifest = nullptr, .sql = {}};
  return {.archive = archive,
          .manifest = &*indexed,
          .sql = sql_beside(archive),
          .folder = archive.parent_path()};
}

Named find_named(const fs::path& dir, std::string_view reference, std::string_view database,
                 Unreadable unreadable) {
  const fs::path path(reference);
  std::error_code absent;
  const bool ours = fs::exists(path / "manifest.json", absent);
  if (is_file(path) || (!ours && archive::is_directory_archive(path))) return of_archive(path);
  if (reference == "latest") return of_backup(backup::find(dir, reference, database));
  return open_folder(backup::find_folder(dir, reference), unreadable);
}

}  // namespace ops
