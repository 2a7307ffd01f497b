#include "backup/stage.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <vector>

#include "util/error.h"
#include "util/text.h"

namespace backup {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kPrefix = ".stage-";

util::UniqueFd open_folder(const fs::path& path) {
  return util::UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Whether `folder` is still what `path` names: between mkdir and flock somebody may have removed
// it.
bool still_there(const util::UniqueFd& folder, const fs::path& path) {
  struct stat held {};
  struct stat named {};
  return ::fstat(folder.get(), &held) == 0 && ::stat(path.c_str(), &named) == 0 &&
         held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

util::UniqueFd make_and_lock(const fs::path& path) {
  constexpr int kAttempts = 10;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
      throw util::io_error("create", path, errno);
    util::UniqueFd folder = open_folder(path);
    if (!folder && errno != ENOENT) throw util::io_error("open", path, errno);
    // A file system without locks gives no protection against a second process, and needs none of
    // its own.
    const bool locked =
        folder && (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK);
    if (locked && still_there(folder, path)) return folder;
  }
  throw util::Error(util::Kind::Busy,
                    util::cat("another process keeps removing ", util::printable(path.string())));
}

// True if nobody holds its lock.
bool maker_is_gone(const fs::path& path) {
  const util::UniqueFd folder = open_folder(path);
  return folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0;
}

// Files first, then folders, the deepest first.
void sync_tree(const fs::path& root) {
  std::vector<fs::path> folders{root};
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
    if (entry.is_directory()) {
      folders.push_back(entry.path());
      continue;
    }
    const util::UniqueFd file(::open(entry.path().c_str(), O_RDONLY | O_CLOEXEC));
    if (!file || ::fsync(file.get()) != 0) throw util::io_error("fsync", entry.path(), errno);
  }
  for (auto folder = folders.rbegin(); folder != folders.rend(); ++folder)
    util::sync_directory(*folder);
}

}  // namespace

Stage::Stage(const fs::path& dir, const std::string& name)
    : dir_(dir),
      path_(dir / util::cat(kPrefix, name, "-", ::getpid())),
      name_(name),
      lock_(make_and_lock(path_)) {}

Stage::~Stage() {
  std::error_code ignored;
  if (!published_) fs::remove_all(path_, ignored);
}

fs::path Stage::publish() {
  sync_tree(path_);
  fs::path target = dir_ / name_;
  if (::rename(path_.c_str(), target.c_str()) != 0) {
    if (errno != ENOTEMPTY && errno != EEXIST) throw util::io_error("rename to", target, errno);
    throw util::Error(util::Kind::Busy,
                      util::cat("backup ", name_, " was made by another process meanwhile"),
                      {.hint = "Start again: the next one gets another name.", .sqlstate = {}});
  }
  published_ = true;
  util::sync_directory(dir_);
  return target;
}

void remove_stale_stages(const fs::path& dir) {
  std::vector<fs::path> stages;
  std::error_code failed;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir, failed)) {
    if (entry.path().filename().string().starts_with(kPrefix) && entry.is_directory(failed)) {
      stages.push_back(entry.path());
    }
  }
  for (const fs::path& stage : stages) {
    if (maker_is_gone(stage)) fs::remove_all(stage, failed);
  }
}

}  // namespace backup
