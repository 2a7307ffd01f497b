// through_tap COMMAND [ARGUMENT…]: runs a command beside a tap before the server of DATABASE_URL,
// as a guarded run does: PGHOST and PGPORT lead to the tap, PGPASSWORD opens it, and PGSSLMODE asks
// for no TLS on the way there. Its exit status is ours.
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "pg/conninfo.h"
#include "tap/tap.h"
#include "util/error.h"
#include "util/signals.h"
#include "util/subprocess.h"
#include "util/text.h"

namespace {

int run(std::vector<std::string> argv) {
  const char* const url = std::getenv("DATABASE_URL");  // NOLINT: nobody changes the environment
  if (url == nullptr) throw util::Error(util::Kind::Usage, "DATABASE_URL is not set");
  util::SignalWatcher signals;
  tap::Tap tap({.server = pg::ConnInfo::parse(url), .application_name = "bench"});
  const util::Command command{
      .argv = std::move(argv),
      .set_env = {util::cat("PGHOST=", tap.host()), util::cat("PGPORT=", tap.port()),
                  util::cat("PGPASSWORD=", tap.password().reveal()), "PGSSLMODE=disable"}};
  const auto forward = [](util::Stream, std::string_view bytes) { std::cerr << bytes; };
  const int status = util::run(command, forward, signals.token()).status;
  tap.end_sessions(std::chrono::seconds(10));
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: through_tap COMMAND [ARGUMENT...]\n";
    return 2;
  }
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& failure) {
    std::cerr << "through_tap: " << failure.what() << '\n';
    return 1;
  }
}
