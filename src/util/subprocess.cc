#include "util/subprocess.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <map>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace util {
namespace {

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0)
    throw Error(Kind::Io, cat("cannot make a pipe: ", errno_text(errno)));
  return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::vector<std::string> environment(const Command& command) {
  std::map<std::string, std::string, std::less<>> variables;
  const auto add = [&](std::string_view line) {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos)
      variables[std::string(line.substr(0, equals))] = line.substr(equals + 1);
  };
  for (char** line = environ; *line != nullptr; ++line) add(*line);
  for (const std::string& name : command.unset_env) variables.erase(name);
  for (const std::string& line : command.set_env) add(line);
  std::vector<std::string> lines;
  for (const auto& [name, value] : variables) lines.push_back(cat(name, "=", value));
  return lines;
}

std::vector<char*> pointers(std::vector<std::string>& lines) {
  std::vector<char*> out;
  for (std::string& line : lines) out.push_back(line.data());
  out.push_back(nullptr);
  return out;
}

// What the child needs, prepared before the fork: only async-signal-safe calls follow it.
struct Launch {
  std::filesystem::path program;
  std::vector<std::string> argv;
  std::vector<std::string> env;
  std::vector<char*> argv_pointers;
  std::vector<char*> env_pointers;
  pid_t parent = ::getpid();
};

[[noreturn]] void become_child(const Command& command, const Launch& launch, int out, int err,
                               int failure) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  const auto fail = [&] {
    const int code = errno;
    [[maybe_unused]] const ssize_t said = ::write(failure, &code, sizeof code);
    ::_exit(127);
  };
  if (::getppid() != launch.parent) ::_exit(127);  // the parent died before the prctl
  if (!command.inherit_stdin) {
    const int null = ::open("/dev/null", O_RDONLY);
    if (null < 0 || ::dup2(null, STDIN_FILENO) < 0) fail();
  }
  if (::dup2(out, STDOUT_FILENO) < 0 || ::dup2(err, STDERR_FILENO) < 0) fail();
  if (command.run_as) {
    const Account& account = *command.run_as;
    if (::initgroups(account.name.c_str(), account.gid) != 0 || ::setgid(account.gid) != 0 ||
        ::setuid(account.uid) != 0) {
      fail();
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // changing the user cleared it
  }
  if (!command.directory.empty() && ::chdir(command.directory.c_str()) != 0) fail();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT}) ::signal(signal, SIG_DFL);
  ::execve(launch.program.c_str(), launch.argv_pointers.data(), launch.env_pointers.data());
  fail();
  ::_exit(127);
}

Launch prepare(const Command& command) {
  PGBELAY_ASSERT(!command.argv.empty());
  Launch launch;
  const std::optional<std::filesystem::path> program = find_program(command.argv.front());
  if (!program) {
    throw Error(Kind::Usage,
                cat("command not found or not executable: ", printable(command.argv.front())),
                {.hint = "Check its name and PATH.", .sqlstate = {}});
  }
  launch.program = *program;
  launch.argv = command.argv;
  launch.env = environment(command);
  launch.argv_pointers = pointers(launch.argv);
  launch.env_pointers = pointers(launch.env);
  return launch;
}

Ended ended_from(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return {.status = 128 + WTERMSIG(wait_status), .signal = WTERMSIG(wait_status)};
  return {.status = WEXITSTATUS(wait_status), .signal = std::nullopt};
}

// Ends a process group step by step once a stop was asked for.
class Stopper {
 public:
  Stopper(pid_t group, std::stop_token stop, std::chrono::milliseconds grace)
      : group_(group), stop_(std::move(stop)), grace_(grace) {}

  void look() {
    constexpr std::array kSignals{SIGINT, SIGTERM, SIGKILL};
    if (!stop_.stop_requested() || sent_ == kSignals.size()) return;
    const auto now = std::chrono::steady_clock::now();
    if (sent_ > 0 && now - last_ < grace_) return;
    ::kill(-group_, kSignals.at(sent_++));
    last_ = now;
  }

 private:
  pid_t group_;
  std::stop_token stop_;
  std::chrono::milliseconds grace_;
  std::size_t sent_ = 0;
  std::chrono::steady_clock::time_point last_;
};

// Reads both pipes to their end and waits for the child; whatever comes first does not block the
// other.
Ended follow(pid_t child, UniqueFd out, UniqueFd err, const OnOutput& on_output, Stopper& stopper) {
  std::array<UniqueFd, 2> pipes{std::move(out), std::move(err)};
  std::array<char, 65536> buffer;
  std::optional<Ended> ended;
  auto deadline = std::chrono::steady_clock::time_point::max();
  while (!ended || pipes[0] || pipes[1]) {
    // A grandchild that keeps the pipe open must not hold us: after the child's end it has a
    // moment.
    if (ended && std::chrono::steady_clock::now() > deadline) break;
    stopper.look();
    std::array<pollfd, 2> polled{pollfd{pipes[0].get(), POLLIN, 0},
                                 pollfd{pipes[1].get(), POLLIN, 0}};
    ::poll(polled.data(), polled.size(), ended ? 10 : 20);
    for (std::size_t n = 0; n < pipes.size(); ++n) {
      if (!pipes[n] || polled[n].revents == 0) continue;
      const ssize_t got = ::read(pipes[n].get(), buffer.data(), buffer.size());
      if (got > 0 && on_output) {
        on_output(n == 0 ? Stream::Out : Stream::Err,
                  std::string_view(buffer.data(), static_cast<std::size_t>(got)));
      }
      if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) pipes[n].reset();
    }
    int status = 0;
    if (!ended && ::waitpid(child, &status, WNOHANG) == child) {
      ended = ended_from(status);
      deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
    }
  }
  return *ended;
}

// Of one stream: all of it, or its beginning and its end. Takes at most half as much again.
class Kept {
 public:
  explicit Kept(std::size_t max_bytes)
      : head_bytes_(max_bytes / 2), tail_bytes_(max_bytes - head_bytes_) {}

  void add(std::string_view bytes) {
    const std::string_view first = bytes.substr(0, head_bytes_ - head_.size());
    head_ += first;
    tail_ += bytes.substr(first.size());
    if (tail_.size() > 2 * tail_bytes_) drop();
  }

  std::string take() {
    if (tail_.size() > tail_bytes_) drop();
    if (left_out_ == 0) return std::move(head_) + tail_;
    return cat(head_, "\n[pgbelay: ", show_size(left_out_), " are left out here]\n", tail_);
  }

 private:
  void drop() {
    const std::size_t more = tail_.size() - tail_bytes_;
    left_out_ += more;
    tail_.erase(0, more);
  }

  std::size_t head_bytes_, tail_bytes_;
  std::string head_, tail_;
  std::uint64_t left_out_ = 0;
};

}  // namespace

std::optional<Account> find_account(const std::string& name) {
  const passwd* const entry = ::getpwnam(name.c_str());  // NOLINT: called before threads start
  if (entry == nullptr) return std::nullopt;
  return Account{entry->pw_uid, entry->pw_gid, name};
}

bool running_as_root() noexcept { return ::geteuid() == 0; }

std::optional<std::filesystem::path> find_program(std::string_view name) {
  const auto usable = [](const std::filesystem::path& path) {
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
  };
  if (name.empty()) return std::nullopt;
  if (name.find('/') != std::string_view::npos) {
    return usable(name) ? std::optional<std::filesystem::path>(name) : std::nullopt;
  }
  const char* const path = std::getenv("PATH");  // NOLINT: nobody changes the environment
  for (const std::string_view folder : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
    const std::filesystem::path candidate =
        std::filesystem::path(folder.empty() ? "." : folder) / name;
    if (usable(candidate)) return candidate;
  }
  return std::nullopt;
}

Ended run(const Command& command, const OnOutput& on_output, std::stop_token stop,
          std::chrono::milliseconds grace) {
  const Launch launch = prepare(command);
  Pipe out = make_pipe();
  Pipe err = make_pipe();
  Pipe failure = make_pipe();
  const pid_t child = ::fork();
  if (child < 0)
    throw Error(Kind::Io, cat("cannot start ", command.argv.front(), ": ", errno_text(errno)));
  if (child == 0)
    become_child(command, launch, out.write.get(), err.write.get(), failure.write.get());
  ::setpgid(child, child);
  out.write.reset();
  err.write.reset();
  failure.write.reset();
  int code = 0;
  if (::read(failure.read.get(), &code, sizeof code) == sizeof code) {
    ::waitpid(child, nullptr, 0);
    throw Error(Kind::Usage,
                cat("cannot start ", printable(command.argv.front()), ": ", errno_text(code)));
  }
  Stopper stopper(child, std::move(stop), grace);
  return follow(child, std::move(out.read), std::move(err.read), on_output, stopper);
}

Captured capture(const Command& command, std::stop_token stop, std::size_t max_bytes) {
  Kept out(max_bytes), err(max_bytes);
  const Ended ended = run(
      command,
      [&](Stream stream, std::string_view bytes) {
        (stream == Stream::Out ? out : err).add(bytes);
      },
      std::move(stop));
  return {.ended = ended, .out = out.take(), .err = err.take()};
}

}  // namespace util
