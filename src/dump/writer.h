// The one writer of a dump: parts in the order of the archive into the archive, the SQL file and
// CSV files.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "archive/custom_file.h"
#include "archive/manifest.h"
#include "archive/sql_file.h"
#include "dump/plan.h"
#include "dump/work.h"

namespace dump {

struct WriterOptions {
  std::filesystem::path directory;
  bool sql = true;
  bool csv = true;
  archive::SqlFileOptions sql_options;
};

struct WrittenTable {
  std::vector<archive::PieceRecord> pieces;
  std::uint64_t raw_bytes = 0;
  std::string csv_file;
  std::uint64_t csv_raw_bytes = 0;
};

struct Written {
  std::vector<WrittenTable> tables;
  std::vector<archive::FileRecord> files;
};

// Takes everything out of the window, in order. Failure: Kind::Io, Kind::Space.
Written write_all(const WriterOptions& options, const Plan& plan, Work& work,
                  const std::stop_token& stop);

}  // namespace dump
