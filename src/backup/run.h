// Making a backup: staged, read back, published. The set itself: backup/backup.h.
#pragma once

#include <filesystem>
#include <stop_token>
#include <string>

#include "backup/backup.h"
#include "dump/dump.h"
#include "util/clock.h"
#include "util/reporter.h"

namespace backup {

enum class ReadBack { No, Yes };

struct Options {
  dump::Options dump;                  // `directory` is set by run()
  std::filesystem::path dir;           // where backups live; made if missing (mode 0700)
  std::string label;                   // [a-z0-9-]{1,40} after clean_label()
  std::string run;                     // id of the guarded run, or empty
  ReadBack read_back = ReadBack::Yes;  // before publishing
  int nice = 0;                        // all of it at a priority lower by so much
  util::Now now = util::Clock::now;
};

// Stage, dump, globals, read back, manifest, publish, move `latest`. Throws without leaving a trace
// under `dir` but for what a crash leaves under a dot name, which the next run removes when its
// maker is gone.
Backup run(const Options& options, util::Reporter& reporter, std::stop_token stop);

}  // namespace backup
