// Child processes: found before anything starts, in a process group of their own, ended with us.
//
// Arguments are a list, never a shell line. Secrets go through the environment, never through
// arguments. The child gets SIGKILL when the thread that started it ends (PR_SET_PDEATHSIG), so
// start it from a thread that outlives it: the main thread (contracts.md K1).
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace util {

// The account a child runs as; only root can choose one.
struct Account {
  uid_t uid;
  gid_t gid;
  std::string name;
};
std::optional<Account> find_account(const std::string& name);
bool running_as_root() noexcept;

struct Command {
  std::vector<std::string> argv;       // argv[0] is looked up on PATH unless it has a slash
  std::vector<std::string> set_env;    // NAME=value, added to or replacing ours
  std::vector<std::string> unset_env;  // names
  std::filesystem::path directory;     // where it runs; empty: ours
  std::optional<Account> run_as;
  bool inherit_stdin = false;  // else /dev/null
};

struct Ended {
  int status = 0;  // exit status; 128 + signal when killed
  std::optional<int> signal;
};

// The file that `name` stands for, executable by us. Nothing if there is none.
std::optional<std::filesystem::path> find_program(std::string_view name);

enum class Stream { Out, Err };
// Gets each piece of output as it comes, in the order of arrival.
using OnOutput = std::function<void(Stream stream, std::string_view bytes)>;

// Runs the command to its end. A stop ends its whole process group: SIGINT, then SIGTERM after
// `grace`, then SIGKILL after another; its status is then that of the signal. Failure: Kind::Usage
// if it cannot be found or started.
Ended run(const Command& command, const OnOutput& on_output, std::stop_token stop = {},
          std::chrono::milliseconds grace = std::chrono::seconds(5));

// Runs it and gives back what it wrote; of more than `max_bytes` of a stream, beginning and end.
struct Captured {
  Ended ended;
  std::string out;
  std::string err;
};
Captured capture(const Command& command, std::stop_token stop = {},
                 std::size_t max_bytes = 1U << 20U);

}  // namespace util
