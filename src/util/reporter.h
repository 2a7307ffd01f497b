// What an operation tells while it works. Front ends decide how it looks; core code never prints.
//
// Threads: every method may be called from several threads at once.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace util {

enum class StepState { Begin, Ok, Warn, Failed, Skipped };

class Reporter {
 public:
  virtual ~Reporter() = default;

  // A step of the printed list ("backup", "proof", "migrate" …) begins or has ended. `text` is what
  // stands behind its state: said only after it is so.
  virtual void step(std::string_view name, StepState state, std::string_view text) = 0;
  // Work done so far within the current step; `total` 0 if unknown. Units are bytes unless named.
  virtual void progress(std::string_view what, std::uint64_t done, std::uint64_t total) = 0;
  // Something begins that may be long and of which no amount is known: "index public.orders_idx".
  virtual void working(std::string_view) {}
  virtual void note(std::string_view text) = 0;     // worth a line
  virtual void warning(std::string_view text) = 0;  // the operator should know
  // Output of the guarded command, scrubbed already, as it came.
  virtual void output(std::string_view text) = 0;
};

// Says nothing.
class QuietReporter : public Reporter {
 public:
  void step(std::string_view, StepState, std::string_view) override {}
  void progress(std::string_view, std::uint64_t, std::uint64_t) override {}
  void note(std::string_view) override {}
  void warning(std::string_view) override {}
  void output(std::string_view) override {}
};

}  // namespace util
