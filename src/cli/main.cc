#include <unistd.h>

#include <array>
#include <cstdlib>

#include "cli/commands.h"
#include "cli/json.h"
#include "cli/parse.h"
#include "cli/terminal.h"
#include "util/error.h"
#include "util/fault.h"
#include "util/log.h"
#include "util/signals.h"
#include "util/text.h"

namespace cli {
namespace {

using Runner = int (*)(const Invocation&);
struct Route {
  config::CommandBit command;
  Runner run;
};
constexpr std::array kRoutes{
    Route{config::kBackup, run_backup},   Route{config::kList, run_list},
    Route{config::kShow, run_show},       Route{config::kVerify, run_verify},
    Route{config::kRestore, run_restore}, Route{config::kMigrate, run_migrate},
    Route{config::kUndo, run_undo},       Route{config::kClose, run_close},
    Route{config::kRescue, run_rescue},   Route{config::kRuns, run_runs},
    Route{config::kStatus, run_status},   Route{config::kDoctor, run_doctor},
    Route{config::kDemo, run_demo},       Route{config::kExtract, run_extract},
    Route{config::kDiff, run_diff},       Route{config::kRehearse, run_rehearse},
    Route{config::kResume, run_resume},   Route{config::kDrift, run_drift},
    Route{config::kPrune, run_prune},
};
static_assert(kRoutes.size() == config::kCommands.size());

std::optional<std::string> environment(std::string_view name) {
  const char* const value =
      std::getenv(std::string(name).c_str());  // NOLINT: nobody changes the environment
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

int route(const Parsed& parsed, const config::Settings& settings, std::stop_token stop) {
  const Invocation invocation{settings, parsed.arguments, parsed.guarded, parsed.has_separator,
                              std::move(stop)};
  for (const Route& candidate : kRoutes) {
    if (candidate.command == parsed.command->bit) return candidate.run(invocation);
  }
  return util::info(util::Kind::Bug).exit_code;
}

void tell(const util::Error& error, bool json) {
  util::log::warning(error.text());
  if (json) print_out(end_event(error.exit_code(), "failed", error.message(), error.hint()));
  print_err(util::cat("pgbelay: ", error.text(), "\n"));
}

int run(const std::vector<std::string>& argv) {
  util::SignalWatcher signals([] {
    print_err(
        "pgbelay: already stopping; what is begun must be finished (kill -9 is safe, then: pgbelay "
        "undo)\n");
  });
  bool json = false;
  try {
    if (const auto fault = environment("PGBELAY_FAULT")) util::fault::arm(*fault);
    const Parsed parsed = parse(argv);
    if (parsed.command == nullptr) {
      print_out(parsed.text);
      return 0;
    }
    json = parsed.flags.contains("json");
    const config::Settings settings =
        config::Settings::load(parsed.command->bit, parsed.flags, environment, ".");
    json = settings.flag("json");
    util::log::open(settings.path("log-file"),
                    settings.flag("verbose") ? util::log::Echo::Stderr : util::log::Echo::Off);
    return route(parsed, settings, signals.token());
  } catch (...) {
    const util::Error error = util::as_error(std::current_exception());
    tell(error, json);
    if (error.kind() == util::Kind::Interrupted && signals.received())
      util::die_by_signal(*signals.received());
    return error.exit_code();
  }
}

}  // namespace
}  // namespace cli

int main(int argc, char** argv) { return cli::run(std::vector<std::string>(argv, argv + argc)); }
