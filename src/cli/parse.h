// The command line: which command, its flags and arguments. CLI11 is known to parse.cc only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/options.h"
#include "config/settings.h"

namespace cli {

struct Parsed {
  const config::CommandSpec* command = nullptr;  // nullptr: print `text` and end with success
  config::Flags flags;
  std::vector<std::string> arguments;
  std::vector<std::string> guarded;  // behind "--"
  bool has_separator = false;
  std::string text;  // help or version
};

// Throws Kind::Usage naming what was not understood.
Parsed parse(const std::vector<std::string>& argv);

std::string help();
std::string help(const config::CommandSpec& command);

}  // namespace cli
