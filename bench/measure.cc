// measure FILE COMMAND [ARGUMENT…]: runs a command and appends one line to FILE:
// seconds on the clock, seconds of processor time and the peak of resident memory in KiB, each of
// the command with all that it waited for (memory: the largest one of them). Its exit status is
// ours.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <string>
#include <thread>

namespace {

// How long the server's sessions may take to end after their clients.
constexpr std::chrono::milliseconds kSessionsEnd{200};

double seconds(const timeval& time) {
  constexpr double kMicro = 1e-6;
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * kMicro;
}

// Of all children that process `pid` has waited for. 0 if there is no such process.
double seconds_of_children(const char* pid) {
  if (pid == nullptr) return 0;
  std::ifstream stat(std::string("/proc/") + pid + "/stat");
  // Behind the name, which is in brackets and may hold anything: the state is field 3.
  stat.ignore(std::numeric_limits<std::streamsize>::max(), ')');
  std::string skipped;
  constexpr int kFieldsBefore = 13;  // 3 to 15
  for (int field = 0; field < kFieldsBefore; ++field) stat >> skipped;
  double user = 0;
  double system = 0;
  stat >> user >> system;
  return (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::cerr << "usage: measure FILE COMMAND [ARGUMENT...]\n";
    return 2;
  }
  const char* const server =
      std::getenv("BENCH_SERVER_PID");  // NOLINT: nobody changes the environment
  const double server_before = seconds_of_children(server);
  const auto begin = std::chrono::steady_clock::now();
  const pid_t child = ::fork();
  if (child == 0) {
    ::execvp(argv[2], argv + 2);
    std::cerr << "measure: " << argv[2] << ": " << std::strerror(errno) << '\n';
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child) {
    std::cerr << "measure: " << std::strerror(errno) << '\n';
    return 1;
  }
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  std::this_thread::sleep_for(kSessionsEnd);
  const double server_time = seconds_of_children(server) - server_before;
  std::ofstream(argv[1], std::ios::app)
      << wall.count() << ' ' << seconds(usage.ru_utime) + seconds(usage.ru_stime) << ' '
      << usage.ru_maxrss << ' ' << server_time << '\n';
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
