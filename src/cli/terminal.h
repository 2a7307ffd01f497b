// How the work looks: steps and progress on stderr, JSON lines on stdout, questions at the
// terminal.
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "util/mutex.h"
#include "util/reporter.h"

namespace cli {

bool stdin_is_terminal();
bool stderr_is_terminal();

// Asks on stderr and reads one line of stdin; empty at the end of input.
std::string ask(std::string_view question);

class TerminalReporter : public util::Reporter {
 public:
  enum class Style { Text, JsonLines, Quiet };
  explicit TerminalReporter(Style style);
  ~TerminalReporter() override;

  void step(std::string_view name, util::StepState state, std::string_view text) override;
  void progress(std::string_view what, std::uint64_t done, std::uint64_t total) override;
  void working(std::string_view what) override;
  void note(std::string_view text) override;
  void warning(std::string_view text) override;
  void output(std::string_view text) override;

 private:
  bool due() PGBELAY_REQUIRES(mutex_);  // has the last line stood long enough for another?
  void show(const std::string& text) PGBELAY_REQUIRES(mutex_);
  void clear_line() PGBELAY_REQUIRES(mutex_);
  void line(std::string_view text) PGBELAY_REQUIRES(mutex_);

  const Style style_;
  const bool terminal_;
  util::Mutex mutex_;
  bool transient_ PGBELAY_GUARDED_BY(mutex_) = false;  // a progress line stands on the terminal
  bool output_open_ PGBELAY_GUARDED_BY(mutex_) =
      false;                                     // the command's output ended without a newline
  std::string what_ PGBELAY_GUARDED_BY(mutex_);  // of the progress so far
  std::chrono::steady_clock::time_point began_ PGBELAY_GUARDED_BY(mutex_);
  std::chrono::steady_clock::time_point shown_ PGBELAY_GUARDED_BY(mutex_);
};

// "yes" typed at a terminal; without one the answer is no. Prints the lines first.
bool confirm(const std::vector<std::string>& lines, std::string_view question,
             std::string_view wanted);

// guard::AskAboutWrites at the terminal; an interrupted run asks nothing any more. Without a
// terminal there is nobody to ask. --yes is no answer to it (contracts.md K14).
std::function<bool(const std::vector<std::string>&)> ask_about_writes(std::stop_token stop);

void print_out(std::string_view text);  // stdout; Kind::Io if it cannot be written
// stdout for rows: when whoever reads them has gone, the program ends as by SIGPIPE.
void print_rows(std::string_view text);
void print_err(std::string_view text);  // stderr

}  // namespace cli
