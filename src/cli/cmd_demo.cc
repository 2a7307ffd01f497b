#include <filesystem>

#include "cli/commands.h"
#include "ops/demo.h"

namespace cli {

int run_demo(const Invocation& invocation) {
  ops::run_demo({.program = std::filesystem::read_symlink("/proc/self/exe"),
                 .members = invocation.settings.count("rows"),
                 .afterwards = invocation.settings.flag("keep") ? ops::Afterwards::KeepAll
                                                                : ops::Afterwards::LeaveNothing,
                 .say = [](std::string_view text) { print_out(text); }},
                invocation.stop);
  return 0;
}

}  // namespace cli
