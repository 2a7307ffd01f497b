#include "support/run_binary.h"

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>

#include "pg/conninfo.h"
#include "util/text.h"

extern char** environ;  // NOLINT: POSIX declares it so

namespace test {
namespace {

// The shell tells its pid on stderr and then becomes the program, which so keeps it.
constexpr std::string_view kTellPidAndRun = R"(echo "$$" >&2; exec "$0" "$@")";
constexpr std::string_view kWithInput = R"(echo "$$" >&2; exec "$0" "$@" <"$TEST_INPUT")";

// Cuts each stream into lines.
class Lines {
 public:
  Lines(BinaryResult& result, const OnLine& on_line) : result_(result), on_line_(on_line) {}

  void take(util::Stream stream, std::string_view bytes) {
    std::string& open = open_.at(stream == util::Stream::Out ? 0 : 1);
    open += bytes;
    for (std::size_t end = open.find('\n'); end != std::string::npos; end = open.find('\n')) {
      line(stream, open.substr(0, end + 1));
      open.erase(0, end + 1);
    }
  }
  void finish() {
    result_.out += open_[0];
    result_.err += open_[1];
  }

 private:
  void line(util::Stream stream, const std::string& text) {
    if (stream == util::Stream::Err && pid_ == 0) {
      pid_ = static_cast<pid_t>(util::parse_u64(util::trim(text)).value_or(0));
      return;
    }
    (stream == util::Stream::Out ? result_.out : result_.err) += text;
    if (on_line_) on_line_(stream, std::string_view(text).substr(0, text.size() - 1), pid_);
  }

  BinaryResult& result_;
  const OnLine& on_line_;
  std::array<std::string, 2> open_;
  pid_t pid_ = 0;
};

// Requests a stop after a while, unless it is destroyed before.
class Alarm {
 public:
  Alarm(std::stop_source& stop, std::chrono::seconds after)
      : thread_([&stop, after](const std::stop_token& gone) {
          std::mutex mutex;
          std::unique_lock lock(mutex);
          std::condition_variable_any wake;
          if (!wake.wait_for(lock, gone, after, [] { return false; }) && !gone.stop_requested())
            stop.request_stop();
        }) {}

 private:
  std::jthread thread_;
};

std::vector<std::string> variables_to_hide() {
  std::vector<std::string> names = pg::ConnInfo::environment_variables();
  names.emplace_back("DATABASE_URL");
  for (char** line = environ; *line != nullptr; ++line) {
    const std::string_view text(*line);
    if (text.starts_with("PGBELAY_")) names.emplace_back(text.substr(0, text.find('=')));
  }
  return names;
}

}  // namespace

BinaryResult run_program(const std::filesystem::path& program, const BinaryRun& run) {
  util::Command command;
  command.argv = {"/bin/sh", "-c", std::string(run.input.empty() ? kTellPidAndRun : kWithInput),
                  program.string()};
  command.argv.insert(command.argv.end(), run.args.begin(), run.args.end());
  command.set_env = run.env;
  if (!run.input.empty()) command.set_env.push_back("TEST_INPUT=" + run.input.string());
  command.unset_env = variables_to_hide();
  command.directory = run.directory;

  BinaryResult result;
  Lines lines(result, run.on_line);
  std::stop_source stop;
  const Alarm alarm(stop, run.timeout);
  const util::Ended ended = util::run(
      command, [&](util::Stream stream, std::string_view bytes) { lines.take(stream, bytes); },
      stop.get_token(), std::chrono::seconds(10));
  lines.finish();
  result.status = ended.status;
  result.signal = ended.signal;
  result.timed_out = stop.stop_requested();
  return result;
}

BinaryResult run_release(const BinaryRun& run) { return run_program(PGBELAY_RELEASE_BINARY, run); }
BinaryResult run_dev(const BinaryRun& run) {
  const char* const other = std::getenv("PGBELAY_FAULT_BINARY");  // NOLINT: before any thread
  return run_program(other == nullptr ? PGBELAY_DEV_BINARY : other, run);
}

OnLine signal_at(std::string text, int signal) {
  const auto sent = std::make_shared<bool>(false);
  return [text = std::move(text), signal, sent](util::Stream, std::string_view line, pid_t pid) {
    if (*sent || pid == 0 || line.find(text) == std::string_view::npos) return;
    *sent = true;
    ::kill(pid, signal);
  };
}

}  // namespace test
