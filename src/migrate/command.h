// Runs the operator's own migration program: its output live and kept, without secrets.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "migrate/target.h"
#include "util/clock.h"
#include "util/reporter.h"
#include "util/secret.h"
#include "util/subprocess.h"

namespace migrate {

struct CommandOptions {
  std::vector<std::string> argv;
  std::vector<std::string> set_env;  // NAME=value: where the database is
  std::vector<std::string> unset_env;
  std::filesystem::path directory;  // where it runs; empty: ours
  // Gets what it wrote, both streams in the order of arrival, scrubbed; of more than 32 MiB the
  // beginning and the end.
  std::filesystem::path output_file;
  std::chrono::milliseconds grace = std::chrono::seconds(5);  // between the signals that end it
  bool inherit_stdin = false;
};

struct CommandOutcome {
  util::Ended ended;
  util::Seconds took{0};
  std::string last_output;  // at most 4 KiB, scrubbed: for the report
  bool succeeded() const noexcept { return ended.status == 0 && !ended.signal; }
};

// Kind::Usage if the program cannot be found or is not executable; asked before anything starts.
void require_program(const CommandOptions& options);

// To the end of the program; a stop ends its process group. Call it from a thread that outlives it
// (the main thread, contracts.md K1). Throws before it starts only: Kind::Usage if it cannot be
// started, Kind::Io if the output file exists or cannot be made. Output that cannot be kept later
// is a warning.
CommandOutcome run_command(const Target& target, const CommandOptions& options,
                           const util::Scrubber& scrubber, util::Reporter& reporter,
                           std::stop_token stop);

}  // namespace migrate
