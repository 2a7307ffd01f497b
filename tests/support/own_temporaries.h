// A folder for the temporary files of one test and of the programs that it starts: what they leave
// there is theirs, whatever else runs on the machine.
#pragma once

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/files.h"

namespace test {

// Sets TMPDIR while it lives; before any thread begins. Servers that are shared by tests are to be
// started before it, since the folder is removed with it.
class OwnTemporaries {
 public:
  OwnTemporaries() {
    if (const char* const dir = std::getenv("TMPDIR"))  // NOLINT(concurrency-mt-unsafe)
      previous_ = dir;
    constexpr mode_t kOthersMayPass = 0711;  // a private server need not run as we do
    ::chmod(folder_.path().c_str(), kOthersMayPass);
    ::setenv("TMPDIR", folder_.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
  }
  ~OwnTemporaries() {
    if (previous_)
      ::setenv("TMPDIR", previous_->c_str(), 1);  // NOLINT(concurrency-mt-unsafe)
    else
      ::unsetenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe)
  }
  OwnTemporaries(const OwnTemporaries&) = delete;
  OwnTemporaries& operator=(const OwnTemporaries&) = delete;

  // What is there, by name, of all that begins with `prefix`.
  std::vector<std::string> left(std::string_view prefix) const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      if (std::string name = entry.path().filename().string(); name.starts_with(prefix))
        found.push_back(std::move(name));
    }
    return found;
  }

 private:
  util::TempDir folder_{"own-"};
  std::optional<std::string> previous_;
};

}  // namespace test
