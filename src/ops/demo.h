// `demo`: the whole story on a private PostgreSQL, told by the program itself, each claim asserted
// against the database.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string_view>

namespace ops {

enum class Afterwards { LeaveNothing, KeepAll };

struct DemoOptions {
  std::filesystem::path program;  // ourselves: what a user would type is run as a user would
  std::uint64_t members = 100'000;
  Afterwards afterwards = Afterwards::LeaveNothing;
  std::function<void(std::string_view)> say;  // text as it comes, newlines included
};

// Throws Kind::Preflight when no server can be started, and an Error naming the first claim that
// does not hold.
void run_demo(const DemoOptions& options, std::stop_token stop);

}  // namespace ops
