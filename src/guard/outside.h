// What a run does outside of the database: hooks around the time in which the application is kept
// out, the health check of the application, and news for people.
//
// Hooks are lines for /bin/sh, given by the operator. They find the run in PGBELAY_RUN,
// PGBELAY_DATABASE (without password), PGBELAY_FOLDER, PGBELAY_HOOK; at the end PGBELAY_OUTCOME and
// PGBELAY_EXIT, too. What becomes of a hook that fails, or that is ended after its time, stands at
// each function.
#pragma once

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "guard/run.h"
#include "util/error.h"

namespace guard {

struct RunContext;

enum class News { Started, Done, Failed, Undone, Stuck };

class Outside {
 public:
  // Both outlive it.
  Outside(const OutsideOptions& options, const RunContext& context);

  void started() const;

  // Before writers are kept out; `stop` ends it. Journalled ahead. Kind::Preflight when it fails:
  // the run is given up, nothing was changed.
  void before_hold(const std::stop_token& stop) const;

  // There is something to do between the end of a hold and the release.
  bool lets_in() const noexcept;

  // When nothing keeps the application out any more: after a success, an undo, or a run that was
  // given up once before_hold had begun; at most once a run. A failure is a warning.
  void after_release(std::string_view outcome) const;

  // Asks until it is well or its time is over. "" when it is well, else why not.
  std::string health(const std::stop_token& stop) const;

  // Says once, while it lives, that the migration takes longer than the operator expects.
  std::jthread watch_migration() const;

  // The end: after_release (unless the run waits for undo or close), on_failure, news. Failures are
  // warnings: they change no outcome.
  void ended(const Result& result) const;
  void given_up(const util::Error& error) const;

 private:
  struct Told {  // what hooks and news are told of the run
    std::string outcome;
    int exit_code = 0;
    std::string text;
  };
  void run_hook(std::string_view name, const std::string& line, std::chrono::milliseconds limit,
                const Told& told, const std::stop_token& stop) const;
  void hook_or_warn(std::string_view name, const std::string& line, const Told& told) const;
  void tell(News news, const Told& told, const std::stop_token& stop = {}) const;
  std::string unwell(std::chrono::milliseconds limit, const std::stop_token& stop) const;

  const OutsideOptions& options_;
  const RunContext& context_;
};

// An undo or close by a later process: after_release is still due when the run had begun
// before_hold and nobody has run it since.
bool release_is_due(const std::filesystem::path& run_folder);

// Kind::Usage for a URL that is none.
void require_usable(const OutsideOptions& options);

}  // namespace guard
