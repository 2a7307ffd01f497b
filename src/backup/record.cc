// Evidence beside a backup, and the pointer to the newest good one.
#include "backup/backup.h"
#include "backup/files.h"
#include "backup/latest.h"
#include "util/error.h"
#include "util/files.h"
#include "util/text.h"

namespace backup {

namespace fs = std::filesystem;

void point_latest(const fs::path& dir) {
  const std::optional<Backup> newest = newest_good(dir, "");
  const fs::path link = dir / kLatestName;
  std::error_code absent;
  const bool is_link = fs::is_symlink(link, absent);
  // Somebody else's file of that name is left alone.
  if (!is_link && fs::exists(link, absent)) return;
  if (!newest) {
    if (is_link) fs::remove(link, absent);
    return;
  }
  const fs::path name = newest->path.filename();
  if (is_link && fs::read_symlink(link, absent) == name) return;
  util::publish_symlink(link, name);
}

void record(const Backup& backup, const archive::Evidence& evidence) {
  util::publish_text(backup.path / kProofName, archive::to_json(evidence));
  const fs::path dir = fs::absolute(backup.path).lexically_normal().parent_path();
  std::error_code absent;
  // Only where backups live: a copy that somebody verifies elsewhere gets no pointer beside it.
  if (fs::is_symlink(dir / kLatestName, absent)) point_latest(dir);
}

}  // namespace backup
