// Published backups: opened, listed, found by what people call them.
#include <algorithm>
#include <optional>
#include <system_error>

#include "backup/backup.h"
#include "backup/files.h"
#include "backup/latest.h"
#include "codec/sha256.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
using util::Error;
using util::Kind;

constexpr std::uint64_t kMostManifestBytes = 4ULL << 30U;  // pieces of a database of many terabytes

bool is_there(const fs::path& path) {
  std::error_code absent;
  return fs::exists(path, absent);
}

// A folder that somebody means as a backup, even if it is damaged: 2026-11-20_143052_… or with
// files of ours.
bool looks_like_backup(const fs::path& path) {
  constexpr std::string_view kPattern = "dddd-dd-dd_dddddd_";
  const std::string name = path.filename().string();
  bool named = name.size() > kPattern.size();
  for (std::size_t n = 0; named && n < kPattern.size(); ++n) {
    const bool digit = name[n] >= '0' && name[n] <= '9';
    named = kPattern[n] == 'd' ? digit : name[n] == kPattern[n];
  }
  return named || is_there(path / kManifestName) || is_there(path / kSumsName);
}

[[noreturn]] void missing(const fs::path& path, std::string_view file) {
  throw Error(Kind::Damage, util::cat("backup ", util::printable(path.string()), " has no ", file),
              {.hint = "The folder was changed after it had been published: take another backup.",
               .sqlstate = {}});
}

std::string read_own(const fs::path& path, std::string_view file) {
  if (!is_there(path / file)) missing(path, file);
  return util::read_text(path / file, kMostManifestBytes);
}

// Which SHA-256 the sums give for manifest.json.
std::optional<std::string> recorded_manifest_sum(const std::string& sums) {
  for (const archive::SumLine& line : archive::parse_sha256sums(sums)) {
    if (line.name == kManifestName) return line.sha256;
  }
  return std::nullopt;
}

std::optional<archive::Evidence> read_evidence(const fs::path& path) {
  if (!is_there(path / kProofName)) return std::nullopt;
  try {
    return archive::evidence_from_json(util::read_text(path / kProofName));
  } catch (const Error&) {
    return std::nullopt;  // evidence that cannot be read is none; check_written() tells of it
  }
}

// Either file may be the damaged one: evidence that is bound to these sums says that the sums are
// right.
[[noreturn]] void manifest_differs(const Backup& backup,
                                   const std::optional<archive::Evidence>& evidence) {
  const bool sums_are_right = !evidence || evidence->sums_sha256 == backup.sums_sha256;
  throw Error(Kind::Damage,
              util::cat("backup ", util::printable(backup.path.string()), " is damaged: ",
                        sums_are_right ? kManifestName : kSumsName, " is not what was written (",
                        kManifestName, " and ", kSumsName, " do not agree)"),
              {.hint = "Use another backup.", .sqlstate = {}});
}

std::vector<fs::path> backup_folders(const fs::path& dir) {
  std::vector<fs::path> folders;
  std::error_code failed;
  fs::directory_iterator entries(dir, failed);
  if (failed == std::errc::no_such_file_or_directory) return folders;
  if (failed) throw util::io_error("read", dir, failed.value());
  for (const fs::directory_entry& entry : entries) {
    const bool hidden = entry.path().filename().string().starts_with(".");
    if (!hidden && !entry.is_symlink() && entry.is_directory() && looks_like_backup(entry.path())) {
      folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

std::string names_of(const std::vector<fs::path>& folders) {
  std::vector<std::string> names;
  for (const fs::path& folder : folders)
    names.push_back(util::printable(folder.filename().string()));
  return util::join(names, ", ");
}

[[noreturn]] void none_fits(const fs::path& dir, std::string what) {
  throw Error(Kind::Usage, std::move(what),
              {.hint = backup_folders(dir).empty() ? "Make one with: pgbelay backup"
                                                   : "See them with: pgbelay list",
               .sqlstate = {}});
}

Backup latest(const fs::path& dir, std::string_view database) {
  if (std::optional<Backup> backup = newest_good(dir, database)) return *std::move(backup);
  const std::string of =
      database.empty() ? std::string() : util::cat(" of database ", util::printable(database));
  none_fits(dir, util::cat("no undamaged backup", of, " is in ", util::printable(dir.string())));
}

// The way to the rows, where the archive is left.
[[noreturn]] void refuse_damaged(const fs::path& path, const Error& failure) {
  if (!is_there(path / kArchiveName)) throw Error(failure);
  const std::string& hint = failure.hint();
  Error refused(Kind::Damage, failure.message(),
                {.hint = util::cat(hint, hint.ends_with('.') ? " " : ". ",
                                   "Its archive may be whole: extract and restore --salvage --to "
                                   "NEWNAME read that alone."),
                 .sqlstate = {}});
  for (const std::string& context : failure.context()) refused.while_doing(context);
  throw refused;
}

Backup open_whole(const fs::path& path) {
  if (!is_there(path))
    throw Error(Kind::Usage, util::cat("there is no backup ", util::printable(path.string())));
  if (!is_there(path / kManifestName) && !is_there(path / kSumsName) &&
      !is_there(path / kArchiveName)) {
    throw Error(
        Kind::Usage,
        util::cat(util::printable(path.string()), " is no backup: it has no ", kManifestName),
        {.hint = "See what there is with: pgbelay list", .sqlstate = {}});
  }
  Backup backup;
  backup.path = path;
  const std::string manifest = read_own(path, kManifestName);
  const std::string sums = read_own(path, kSumsName);
  backup.sums_sha256 = codec::sha256_of(sums);
  std::optional<archive::Evidence> evidence = read_evidence(path);
  if (recorded_manifest_sum(sums) != codec::sha256_of(manifest)) {
    // One of a newer version says so; only then is it no damage.
    archive::manifest_from_json(manifest);
    manifest_differs(backup, evidence);
  }
  try {
    backup.manifest = archive::manifest_from_json(manifest);
  } catch (Error& failure) {
    throw failure.while_doing(util::cat("opening backup ", util::printable(path.string())));
  }
  if (evidence && evidence->sums_sha256 == backup.sums_sha256)
    backup.evidence = std::move(evidence);
  return backup;
}

}  // namespace

archive::Level Backup::level() const { return evidence ? evidence->level : archive::Level::None; }
bool Backup::damaged() const { return evidence && evidence->damaged; }

Backup open(const fs::path& path) {
  try {
    return open_whole(path);
  } catch (const Error& failure) {
    if (failure.kind() != Kind::Damage) throw;
    refuse_damaged(path, failure);
  }
}

std::optional<Backup> newest_good(const fs::path& dir, std::string_view database) {
  const std::vector<fs::path> folders = backup_folders(dir);
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder) {
    try {
      Backup backup = open(*folder);
      if (backup.manifest.follows) continue;  // not a whole one
      if (!backup.damaged() && (database.empty() || backup.manifest.database == database))
        return backup;
    } catch (const Error&) {
      continue;  // cannot be read: never the latest (contracts.md K7)
    }
  }
  return std::nullopt;
}

std::vector<Entry> list(const fs::path& dir) {
  std::vector<Entry> entries;
  for (const fs::path& folder : backup_folders(dir)) {
    Entry entry{folder.filename().string(), folder, std::nullopt, ""};
    try {
      entry.backup = open(folder);
    } catch (const Error& failure) {
      entry.problem = failure.message();
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

Backup find(const fs::path& dir, std::string_view reference, std::string_view database) {
  return reference == kLatestName ? latest(dir, database) : open(find_folder(dir, reference));
}

fs::path find_folder(const fs::path& dir, std::string_view reference) {
  const std::vector<fs::path> folders = backup_folders(dir);
  std::vector<fs::path> fits;
  for (const fs::path& folder : folders) {
    const std::string name = folder.filename().string();
    if (name == reference) return folder;
    if (!reference.empty() && name.find(reference) != std::string::npos) fits.push_back(folder);
  }
  const fs::path given(reference);
  std::error_code absent;
  if (!reference.empty() && fs::is_directory(given, absent) &&
      (fits.empty() || looks_like_backup(given))) {
    return given;
  }
  if (fits.size() == 1) return fits.front();
  if (fits.size() > 1) {
    throw Error(Kind::Usage,
                util::cat("\"", util::printable(reference), "\" fits ", fits.size(),
                          " backups: ", names_of(fits)),
                {.hint = "Give more of the name.", .sqlstate = {}});
  }
  none_fits(dir, util::cat("no backup in ", util::printable(dir.string()), " fits \"",
                           util::printable(reference), "\""));
}

}  // namespace backup
