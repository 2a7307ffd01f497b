// Runs the built pgbelay as a user would: arguments, environment and folder in; status and output
// out.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/subprocess.h"

namespace test {

// Called for each whole line of stdout and stderr while the program runs; `pid` is the program's,
// for kill().
using OnLine = std::function<void(util::Stream stream, std::string_view line, pid_t pid)>;

struct BinaryRun {
  std::vector<std::string> args;      // without the program's name
  std::vector<std::string> env;       // NAME=value
  std::filesystem::path directory;    // where it runs; empty: ours
  std::chrono::seconds timeout{120};  // then it is ended, and `timed_out`
  OnLine on_line;
  std::filesystem::path input = {};  // what its standard input is: a terminal, for instance
};

struct BinaryResult {
  int status = 0;  // 128 + signal when killed
  std::optional<int> signal;
  std::string out;
  std::string err;
  bool timed_out = false;
};

// The release binary (end-to-end tests) and the dev one (it has the fault points). Variables of
// libpq, DATABASE_URL and PGBELAY_* of our own environment are not passed on. Call it from the main
// thread.
BinaryResult run_release(const BinaryRun& run);
BinaryResult run_dev(const BinaryRun& run);
BinaryResult run_program(const std::filesystem::path& program, const BinaryRun& run);

// Sends `signal` to the program once, when a line holds `text`: kill -9 and Ctrl+C at a known
// moment.
OnLine signal_at(std::string text, int signal);

}  // namespace test
