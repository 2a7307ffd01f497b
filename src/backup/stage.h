// The invisible folder in which a backup is made.
#pragma once

#include <filesystem>
#include <string>

#include "util/files.h"

namespace backup {

// `.stage-<name>-<pid>` below the backups' folder, locked as long as its maker lives, so that
// nobody else takes it for a leftover.
//
// Guarantees: publish() makes it visible, whole and durable, by one rename; otherwise the
// destructor removes it.
class Stage {
 public:
  Stage(const std::filesystem::path& dir, const std::string& name);
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  // Syncs every file and folder, renames to `dir/name`, syncs `dir`. Kind::Busy if the name was
  // taken meanwhile.
  std::filesystem::path publish();

 private:
  std::filesystem::path dir_, path_;
  std::string name_;
  util::UniqueFd lock_;
  bool published_ = false;
};

// Removes what makers left that are gone; those that live are not touched. Never throws for a
// leftover that cannot be removed.
void remove_stale_stages(const std::filesystem::path& dir);

}  // namespace backup
