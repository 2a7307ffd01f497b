#include "cli/terminal.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>

#include "cli/json.h"
#include "util/error.h"
#include "util/files.h"
#include "util/log.h"
#include "util/signals.h"
#include "util/text.h"
#include "util/units.h"

namespace cli {
namespace {

constexpr auto kTerminalPause = std::chrono::milliseconds(100);
constexpr auto kLinePause = std::chrono::seconds(5);

// 0, or the errno of what failed.
int try_write(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  return 0;
}

std::string_view word(util::StepState state) {
  switch (state) {
    case util::StepState::Begin:
      return "…";
    case util::StepState::Ok:
      return "ok";
    case util::StepState::Warn:
      return "warn";
    case util::StepState::Failed:
      return "FAILED";
    case util::StepState::Skipped:
      return "skipped";
  }
  return "";
}

bool colours() {
  return ::isatty(STDERR_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}  // NOLINT

std::string coloured(util::StepState state, const std::string& text) {
  if (!colours()) return text;
  const std::string_view code = state == util::StepState::Failed ? "31"
                                : state == util::StepState::Warn ? "33"
                                                                 : "32";
  return util::cat("\x1b[", code, "m", text, "\x1b[0m");
}

std::string progress_text(std::string_view what, std::uint64_t done, std::uint64_t total,
                          double seconds) {
  std::string text = fmt::format("   {} {}", what, util::show_size(done));
  if (total > 0) {
    const std::uint64_t shown = std::min(done, total);
    text = fmt::format("   {} {:3d}%  {} of {}", what, shown * 100 / total, util::show_size(shown),
                       util::show_size(total));
  }
  if (seconds > 0.5 && done > 0) {
    const double rate = static_cast<double>(done) / seconds;
    text += util::cat("  ", util::show_size(static_cast<std::uint64_t>(rate)), "/s");
    if (total > done)
      text += util::cat("  ",
                        util::show_duration(std::chrono::duration<double>(
                            static_cast<double>(total - done) / rate)),
                        " left");
  }
  return text;
}

}  // namespace

bool stdin_is_terminal() { return ::isatty(STDIN_FILENO) == 1; }
bool stderr_is_terminal() { return ::isatty(STDERR_FILENO) == 1; }

void print_out(std::string_view text) {
  if (const int failure = try_write(STDOUT_FILENO, text))
    throw util::io_error("write", "standard output", failure);
}

void print_rows(std::string_view text) {
  const int failure = try_write(STDOUT_FILENO, text);
  if (failure == EPIPE) util::die_by_signal(SIGPIPE);
  if (failure != 0) throw util::io_error("write", "standard output", failure);
}

// When it fails, nobody is left to be told.
void print_err(std::string_view text) { try_write(STDERR_FILENO, text); }

std::string ask(std::string_view question) {
  print_err(question);
  std::string answer;
  std::getline(std::cin, answer);
  return std::string(util::trim(answer));
}

bool confirm(const std::vector<std::string>& lines, std::string_view question,
             std::string_view wanted) {
  if (!stdin_is_terminal()) return false;
  for (const std::string& text : lines) print_err(util::cat(text, "\n"));
  return ask(question) == wanted;
}

std::function<bool(const std::vector<std::string>&)> ask_about_writes(std::stop_token stop) {
  if (!stdin_is_terminal()) return {};
  return [stop = std::move(stop)](const std::vector<std::string>& reasons) {
    if (stop.stop_requested()) return false;
    for (const std::string& reason : reasons) print_err(util::cat(reason, "\n"));
    print_err(
        "Others may have written since the migration began. An undo takes that away as well; the "
        "state that it replaces is kept, and rows that differ are saved (pgbelay rescue).\n");
    return ask("Type undo to take it back all the same, anything else to keep the database as it "
               "is now: ") == "undo";
  };
}

TerminalReporter::TerminalReporter(Style style) : style_(style), terminal_(stderr_is_terminal()) {}

TerminalReporter::~TerminalReporter() {
  const util::Lock lock(mutex_);
  clear_line();
}

void TerminalReporter::clear_line() {
  if (transient_) print_err("\r\x1b[K");
  if (output_open_) print_err("\n");
  transient_ = output_open_ = false;
}

void TerminalReporter::line(std::string_view text) {
  clear_line();
  print_err(util::cat(text, "\n"));
}

void TerminalReporter::step(std::string_view name, util::StepState state, std::string_view text) {
  util::log::info(util::cat("step ", name, " ", word(state), " ", text));
  const util::Lock lock(mutex_);
  what_.clear();
  if (style_ == Style::JsonLines) return print_out(step_event(name, word(state), text));
  if (style_ == Style::Quiet && state != util::StepState::Failed) return;
  if (state == util::StepState::Begin) {
    if (terminal_) {
      clear_line();
      print_err(fmt::format(" {:<11} {}", name, text.empty() ? "…" : text));
      transient_ = true;
    }
    return;
  }
  line(
      fmt::format(" {:<11} {} {}", name, coloured(state, fmt::format("{:<7}", word(state))), text));
}

void TerminalReporter::progress(std::string_view what, std::uint64_t done, std::uint64_t total) {
  const util::Lock lock(mutex_);
  if (style_ != Style::Text) return;
  const auto now = std::chrono::steady_clock::now();
  if (what_ != what) {
    what_ = what;
    began_ = shown_ = now;
    return;
  }
  if (!due()) return;
  show(progress_text(what, done, total, std::chrono::duration<double>(now - began_).count()));
}

void TerminalReporter::working(std::string_view what) {
  const util::Lock lock(mutex_);
  if (style_ == Style::Text && due()) show(util::cat("   ", what));
}

bool TerminalReporter::due() {
  const auto now = std::chrono::steady_clock::now();
  const bool is = now - shown_ >=
                  (terminal_ ? std::chrono::steady_clock::duration(kTerminalPause) : kLinePause);
  if (is) shown_ = now;
  return is;
}

void TerminalReporter::show(const std::string& text) {
  if (!terminal_) return line(text);
  clear_line();
  print_err(text);
  transient_ = true;
}

void TerminalReporter::note(std::string_view text) {
  util::log::info(text);
  const util::Lock lock(mutex_);
  if (style_ == Style::JsonLines) return print_out(note_event("note", text));
  if (style_ == Style::Text) line(text);
}

void TerminalReporter::warning(std::string_view text) {
  util::log::warning(text);
  const util::Lock lock(mutex_);
  if (style_ == Style::JsonLines) return print_out(note_event("warning", text));
  line(util::cat("warning: ", text));
}

void TerminalReporter::output(std::string_view text) {
  const util::Lock lock(mutex_);
  if (style_ == Style::JsonLines) return print_out(note_event("output", text));
  if (style_ == Style::Quiet || text.empty()) return;
  if (transient_) clear_line();
  print_err(text);
  output_open_ = text.back() != '\n';
}

}  // namespace cli
