#include "migrate/command.h"

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "util/error.h"
#include "util/files.h"
#include "util/text.h"
#include "util/units.h"

namespace migrate {
namespace {

using util::cat;

constexpr std::size_t kLastOutput = 4096;  // bytes

// One stream of the program: hands on what holds no secret. Bytes that may be the beginning of one
// wait for the next piece, so a secret that was cut in two does not slip through.
class ScrubbedStream {
 public:
  std::string add(std::string_view bytes, const util::Scrubber& scrubber) {
    waiting_ += bytes;
    std::string text = scrubber.scrub(std::exchange(waiting_, {}));
    const std::size_t held = scrubber.held_back(text);
    waiting_ = text.substr(text.size() - held);
    text.resize(text.size() - held);
    return text;
  }
  std::string rest() { return std::exchange(waiting_, {}); }

 private:
  std::string waiting_;
};

// The file of the output: all of it up to 32 MiB, then what may matter most, its beginning and its
// end. A program that prints without end does not fill the disk that its undo may need.
class KeptOutput {
 public:
  explicit KeptOutput(const std::filesystem::path& file) : file_(file) {}

  void write(std::string_view text) {
    if (beyond_ == 0) {
      const std::string_view fits = util::cut_utf8(text, kHead - written_);
      file_.write(fits);
      written_ += fits.size();
      text.remove_prefix(fits.size());
      if (text.empty()) return;
      file_.write(cat("\n[pgbelay: of what follows here only the last ", util::show_size(kTail),
                      " are kept, once the command has ended]\n"));
    }
    beyond_ += text.size();
    tail_ += text;
    if (tail_.size() > 2 * kTail) tail_.erase(0, tail_.size() - kTail);
  }

  void finish() {
    if (beyond_ > 0) {
      if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
      file_.write(cat("[pgbelay: ", util::show_size(beyond_ - tail_.size()),
                      " are left out here]\n", tail_));
    }
    file_.finish();
  }

 private:
  static constexpr std::size_t kHead = std::size_t{32} << 20U, kTail = std::size_t{1} << 20U;

  util::WriteFile file_;
  std::size_t written_ = 0;
  std::uint64_t beyond_ = 0;  // bytes behind the head
  std::string tail_;
};

// Shows and keeps the output. A disk that is full must not end a migration that is running: the
// first failure to keep is remembered and told at the end.
class Output {
 public:
  Output(const std::filesystem::path& file, const util::Scrubber& scrubber,
         util::Reporter& reporter)
      : file_(file), scrubber_(scrubber), reporter_(reporter) {}

  void add(util::Stream stream, std::string_view bytes) {
    hand_on(streams_.at(stream == util::Stream::Out ? 0 : 1).add(bytes, scrubber_));
  }

  // Returns the end of what was written.
  std::string finish() {
    for (ScrubbedStream& stream : streams_) hand_on(stream.rest());
    keep([&] { file_.finish(); });
    if (!failure_.empty())
      reporter_.warning(cat("the output of the command is not complete on disk: ", failure_));
    return std::move(last_);
  }

 private:
  void hand_on(const std::string& text) {
    if (text.empty()) return;
    reporter_.output(text);
    keep([&] { file_.write(text); });
    last_ += text;
    if (last_.size() > kLastOutput) last_.erase(0, last_.size() - kLastOutput);
  }

  template <typename Step>
  void keep(const Step& step) {
    if (!failure_.empty()) return;
    try {
      step();
    } catch (const util::Error& error) {
      failure_ = error.message();
    }
  }

  KeptOutput file_;
  const util::Scrubber& scrubber_;
  util::Reporter& reporter_;
  std::array<ScrubbedStream, 2> streams_;
  std::string last_;
  std::string failure_;
};

}  // namespace

void require_program(const CommandOptions& options) {
  if (options.argv.empty()) {
    throw util::Error(
        util::Kind::Usage, "no command was given",
        {.hint = "Write it behind two dashes: pgbelay migrate -- COMMAND …", .sqlstate = {}});
  }
  if (util::find_program(options.argv.front())) return;
  throw util::Error(
      util::Kind::Usage,
      cat("command not found or not executable: ", util::printable(options.argv.front())),
      {.hint = "Check its name and PATH; a program of a package needs its runner, as in npx.",
       .sqlstate = {}});
}

CommandOutcome run_command(const Target&, const CommandOptions& options,
                           const util::Scrubber& scrubber, util::Reporter& reporter,
                           std::stop_token stop) {
  require_program(options);
  Output output(options.output_file, scrubber, reporter);
  const util::Command command{.argv = options.argv,
                              .set_env = options.set_env,
                              .unset_env = options.unset_env,
                              .directory = options.directory,
                              .run_as = std::nullopt,
                              .inherit_stdin = options.inherit_stdin};
  const util::Stopwatch watch;
  CommandOutcome outcome;
  outcome.ended = util::run(
      command, [&](util::Stream stream, std::string_view bytes) { output.add(stream, bytes); },
      std::move(stop), options.grace);
  outcome.took = watch.elapsed();
  outcome.last_output = output.finish();
  return outcome;
}

}  // namespace migrate
