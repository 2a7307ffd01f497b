#include "guard/names.h"

#include <unistd.h>

#include <array>

#include "backup/backup.h"
#include "swap/swap.h"
#include "util/text.h"

namespace guard {
namespace {

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data())
                                                          : std::string("?");
}

// "-2" behind a name that was taken becomes "2" behind the key, so that two runs of one second
// differ on the server as well.
std::string key_suffix(std::string_view id, std::string_view wanted) {
  return id.size() > wanted.size() ? std::string(id.substr(wanted.size() + 1)) : std::string();
}

}  // namespace

RunNames run_names(const std::string& database, const std::string& id, const std::string& key,
                   const std::filesystem::path& dir) {
  return {.id = id,
          .key = key,
          .application = util::cat("pgbelay-", key),
          .copy = swap::side_name(database, swap::Purpose::Proof, key),
          .rehearsal = swap::side_name(database, swap::Purpose::Rehearsal, key),
          .kept = swap::side_name(database, swap::Purpose::Failed, key),
          .replaced = swap::side_name(database, swap::Purpose::Replaced, key),
          .held = swap::side_name(database, swap::Purpose::Held, key),
          .comment = util::cat("pgbelay run ", id, ", ", host_name(), ":",
                               std::filesystem::absolute(dir).string()),
          .folder = dir / "runs" / id};
}

RunNames new_run_names(const std::string& database, std::string_view label,
                       const std::filesystem::path& dir, util::Clock::time_point now) {
  const std::string clean = backup::clean_label(label);
  const std::string wanted = util::cat(util::name_time(now), "_", clean);
  const std::string id = backup::make_name(now, clean, dir / "runs");
  return run_names(database, id, util::key_time(now) + key_suffix(id, wanted), dir);
}

std::string default_label(std::string_view program_or_file) {
  const std::filesystem::path path(program_or_file);
  const std::string stem =
      path.extension() == ".sql" ? path.stem().string() : path.filename().string();
  return stem.empty() ? std::string("run") : stem;
}

}  // namespace guard
