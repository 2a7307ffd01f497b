// What the checks after a migration are asked against, in the run's folder: when the run dies
// between the migration and its checks, `resume` makes them.
#pragma once

#include <filesystem>
#include <optional>

#include "check/check.h"

namespace guard {

struct CheckRecord {
  check::Before before;
  check::Announced announced;
};

// Kind::Io when it cannot be written, also for names that are no UTF-8.
void write_check_record(const std::filesystem::path& run_folder, const CheckRecord& record);
// Nothing if there is none, or none that can be read.
std::optional<CheckRecord> read_check_record(const std::filesystem::path& run_folder);

}  // namespace guard
