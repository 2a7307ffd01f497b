// The names of one run: its id, its key, and what it makes on the server (contracts.md K5).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "util/clock.h"

namespace guard {

struct RunNames {
  std::string id;           // YYYY-MM-DD_HHMMSS_label
  std::string key;          // YYYYMMDDHHMMSS[n]
  std::string application;  // pgbelay-<key>: what every session of ours is called
  std::string copy;         // the side database
  std::string rehearsal;    // the copy's clone on which the migration is rehearsed
  std::string kept;         // what the failed database is called after an undo
  std::string replaced;  // --blue-green: the old one between the swap and its being kept as `copy`
  std::string held;      // --hold exclusive: what the database itself is called meanwhile
  std::string comment;   // of every database that the run makes: leads back to the folder
  std::filesystem::path folder;  // dir/runs/<id>
};

// Names that are free in dir/runs at this moment.
RunNames new_run_names(const std::string& database, std::string_view label,
                       const std::filesystem::path& dir, util::Clock::time_point now);
// Those of a run that has been.
RunNames run_names(const std::string& database, const std::string& id, const std::string& key,
                   const std::filesystem::path& dir);

// The program's name or the last file's, where no label was given.
std::string default_label(std::string_view program_or_file);

}  // namespace guard
