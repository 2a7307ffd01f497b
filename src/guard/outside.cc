#include "guard/outside.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <nlohmann/json.hpp>

#include "guard/journal.h"
#include "guard/take_back.h"
#include "util/clock.h"
#include "util/http.h"
#include "util/pause.h"
#include "util/secret.h"
#include "util/subprocess.h"
#include "util/text.h"
#include "util/units.h"
#include "util/workers.h"

namespace guard {
namespace {

using util::cat;
using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kNewsLimit = 10s;  // for one webhook or command
constexpr auto kBetweenQuestions = 500ms;              // of the health check
constexpr std::size_t kOutputShown = 1000;             // bytes of a failed hook's last output

constexpr std::string_view kHold = "hold";
constexpr std::string_view kHook = "hook";

// Requests its stop when the time is over or `outer` asks for it; gone before either if destroyed.
class Limit {
 public:
  Limit(std::chrono::milliseconds time, const std::stop_token& outer)
      : forward_(outer, [this] { source_.request_stop(); }),
        timer_([this, time](const std::stop_token& done) {
          if (!util::pause(time, done)) return;
          over_ = true;
          source_.request_stop();
        }) {}
  std::stop_token token() const { return source_.get_token(); }
  bool over() const noexcept { return over_; }

 private:
  std::stop_source source_;
  std::atomic<bool> over_ = false;
  std::stop_callback<std::function<void()>> forward_;
  std::jthread timer_;
};

std::string_view news_name(News news) {
  switch (news) {
    case News::Started:
      return "started";
    case News::Done:
      return "done";
    case News::Failed:
      return "failed";
    case News::Undone:
      return "undone";
    case News::Stuck:
      return "stuck";
  }
  return "";
}

std::string last_part(const std::string& text) {
  const std::string_view trimmed = util::trim(text);
  return std::string(trimmed.substr(trimmed.size() - std::min(trimmed.size(), kOutputShown)));
}

std::string how_it_ended(const util::Captured& done, bool over, std::chrono::milliseconds limit) {
  if (over) return cat("was ended after ", util::show_duration(limit));
  const std::string said = last_part(done.err.empty() ? done.out : done.err);
  return cat("ended with status ", done.ended.status, said.empty() ? "" : cat(": ", said));
}

}  // namespace

Outside::Outside(const OutsideOptions& options, const RunContext& context)
    : options_(options), context_(context) {}

void Outside::run_hook(std::string_view name, const std::string& line,
                       std::chrono::milliseconds limit, const Told& told,
                       const std::stop_token& stop) const {
  const Limit limited(limit, stop);
  util::Scrubber scrubber;
  scrubber.add(context_.database.password());
  const util::Captured done = util::capture(
      {.argv = {"/bin/sh", "-c", line},
       .set_env = {cat("PGBELAY_HOOK=", name), cat("PGBELAY_RUN=", context_.names.id),
                   cat("PGBELAY_DATABASE=", context_.live.served().sanitised()),
                   cat("PGBELAY_FOLDER=", context_.names.folder.string()),
                   cat("PGBELAY_OUTCOME=", told.outcome), cat("PGBELAY_EXIT=", told.exit_code),
                   cat("PGBELAY_TEXT=", told.text)},
       .unset_env = {},
       .directory = {},
       .run_as = std::nullopt},
      limited.token());
  context_.reporter.output(scrubber.scrub(done.out + done.err));
  util::throw_if_stopped(stop);
  if (done.ended.status == 0 && !limited.over()) return;
  throw util::Error(
      util::Kind::Preflight,
      cat("hook ", name, " ", scrubber.scrub(how_it_ended(done, limited.over(), limit))),
      {.hint = cat("It is the line of the option or key ", name, ": try it by hand."),
       .sqlstate = {}});
}

void Outside::hook_or_warn(std::string_view name, const std::string& line, const Told& told) const {
  if (line.empty()) return;
  try {
    run_hook(name, line, options_.hook_timeout, told, {});
  } catch (const util::Error& error) {
    context_.reporter.warning(error.message());
  }
}

void Outside::tell(News news, const Told& told, const std::stop_token& stop) const {
  const std::string text = cat("pgbelay: ", told.text, " (run ", context_.names.id, " on ",
                               context_.live.served().sanitised(), ")");
  const nlohmann::ordered_json body = {
      {"schema", "pgbelay.news/1"},
      {"event", news_name(news)},
      {"text", text},
      {"run", context_.names.id},
      {"database", context_.live.served().sanitised()},
      {"folder", context_.names.folder.string()},
      {"exit",
       told.outcome.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(told.exit_code)},
      {"at", util::rfc3339(util::Clock::now())}};
  const std::string json = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  const std::chrono::milliseconds limit = std::min(kNewsLimit, options_.hook_timeout);
  if (!options_.notify_url.empty()) {
    try {
      const int status = util::http_post_json(options_.notify_url, json, limit, stop);
      if (status < 200 || status > 299) {
        context_.reporter.warning(cat("news \"", news_name(news), "\" were refused by ",
                                      util::http_host(options_.notify_url), " with status ",
                                      status));
      }
    } catch (const util::Error& error) {
      context_.reporter.warning(
          cat("news \"", news_name(news), "\" were not delivered: ", error.message()));
    }
  }
  if (options_.notify_command.empty()) return;
  try {
    run_hook("notify", options_.notify_command, limit,
             {.outcome = std::string(news_name(news)), .exit_code = told.exit_code, .text = json},
             stop);
  } catch (const util::Error& error) {
    context_.reporter.warning(error.message());
  }
}

void Outside::started() const {
  tell(News::Started, {.outcome = {}, .text = "a guarded run begins"});
}

void Outside::before_hold(const std::stop_token& stop) const {
  context_.journal.fact(kHold, kHook, {{"hook", "before_hold"}});
  if (options_.before_hold.empty()) return;
  const util::Stopwatch watch;
  context_.reporter.step("before_hold", util::StepState::Begin, "");
  context_.journal.begin("before_hold");
  try {
    run_hook("before_hold", options_.before_hold, options_.hook_timeout, {}, stop);
    context_.journal.end("before_hold", {{"result", "ok"}});
  } catch (util::Error& error) {
    context_.journal.failed("before_hold", error);
    context_.reporter.step("before_hold", util::StepState::Failed, error.message());
    throw;
  }
  context_.reporter.step("before_hold", util::StepState::Ok, util::show_duration(watch.elapsed()));
}

bool Outside::lets_in() const noexcept {
  return !options_.after_release.empty() || !options_.health_url.empty() ||
         !options_.health_command.empty();
}

void Outside::after_release(std::string_view outcome) const {
  if (!release_is_due(context_.names.folder)) return;
  hook_or_warn("after_release", options_.after_release,
               {.outcome = std::string(outcome), .text = {}});
  context_.journal.fact(kHold, kHook, {{"hook", "after_release"}});
}

std::string Outside::unwell(std::chrono::milliseconds limit, const std::stop_token& stop) const {
  try {
    if (!options_.health_url.empty()) {
      const int status = util::http_get(options_.health_url, limit, stop);
      if (status < 200 || status > 299)
        return cat(util::http_host(options_.health_url), " answered with status ", status);
    }
    if (!options_.health_command.empty())
      run_hook("health", options_.health_command, limit, {}, stop);
    return {};
  } catch (const util::Error& error) {
    if (error.kind() == util::Kind::Interrupted) throw;
    return error.message();
  }
}

std::string Outside::health(const std::stop_token& stop) const {
  if (options_.health_url.empty() && options_.health_command.empty()) return {};
  const util::Stopwatch watch;
  context_.reporter.step("health", util::StepState::Begin, "");
  context_.journal.begin("health");
  const auto deadline = std::chrono::steady_clock::now() + options_.health_timeout;
  std::string why = "interrupted";
  bool answered = false;
  try {
    for (;;) {
      const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
          deadline - std::chrono::steady_clock::now());
      if (left <= 0ms) break;
      std::string answer = unwell(left, stop);
      const bool well = answer.empty();
      // A question that the end of the time has cut off says less than the answer before it.
      const bool cut = std::chrono::steady_clock::now() >= deadline;
      if (well || !cut || !answered) why = std::move(answer);
      answered = true;
      if (well || !util::pause(std::min<std::chrono::milliseconds>(left, kBetweenQuestions), stop))
        break;
    }
  } catch (const util::Error& error) {
    why = error.message();
  }
  const bool ok = why.empty();
  context_.journal.end("health", {{"result", ok ? "ok" : "failed"}, {"text", why}});
  context_.reporter.step("health", ok ? util::StepState::Ok : util::StepState::Failed,
                         ok ? util::show_duration(watch.elapsed()) : why);
  if (ok) return {};
  return cat("the application is not well after the migration: ", why);
}

std::jthread Outside::watch_migration() const {
  const bool somebody = !options_.notify_url.empty() || !options_.notify_command.empty();
  if (!somebody || options_.stuck_after <= 0ms) return {};
  return std::jthread([this](const std::stop_token& over) {
    if (!util::pause(options_.stuck_after, over)) return;
    tell(News::Stuck,
         {.outcome = {},
          .text = cat("the migration has been running for ",
                      util::show_duration(options_.stuck_after))},
         over);
  });
}

void Outside::ended(const Result& result) const {
  switch (result.outcome) {
    case Outcome::Done:
      after_release("done");
      tell(News::Done, {.outcome = "done", .text = "the migration is done and checked"});
      return;
    case Outcome::Undone: {
      after_release("undone");
      const Told told{.outcome = "undone",
                      .exit_code = result.exit_code,
                      .text = "the migration was undone: the database is as it was"};
      hook_or_warn("on_failure", options_.on_failure, told);
      tell(News::Undone, told);
      return;
    }
    case Outcome::NotUndone: {
      const Told told{.outcome = "not-undone",
                      .exit_code = result.exit_code,
                      .text = "the migration failed and was NOT undone: act now"};
      hook_or_warn("on_failure", options_.on_failure, told);
      tell(News::Stuck, told);
      return;
    }
    case Outcome::Planned:
    case Outcome::NothingToDo:
    case Outcome::Rehearsed:
      return;
  }
}

void Outside::given_up(const util::Error& error) const {
  after_release("given-up");
  const Told told{.outcome = "given-up",
                  .exit_code = error.exit_code(),
                  .text = cat("the run was given up before its migration: ", error.message())};
  hook_or_warn("on_failure", options_.on_failure, told);
  tell(News::Failed, told);
}

bool release_is_due(const std::filesystem::path& run_folder) {
  const std::vector<Event> events = read_run(run_folder).events;
  const auto last = std::find_if(events.rbegin(), events.rend(), [](const Event& event) {
    return event.step == kHold && event.name == kHook;
  });
  return last != events.rend() && last->get("hook") == "before_hold";
}

void require_usable(const OutsideOptions& options) {
  if (!options.health_url.empty()) util::require_http_url("health.url", options.health_url);
  if (!options.notify_url.empty()) util::require_http_url("notify.url", options.notify_url);
}

}  // namespace guard
