#include "util/fault.h"

#ifdef PGBELAY_FAULT_POINTS

#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <mutex>

#include "util/error.h"
#include "util/text.h"

namespace util::fault {
namespace {
struct Armed {
  std::mutex mutex;
  std::string name;
  std::string action;
};
Armed& armed() {
  static Armed state;
  return state;
}
}  // namespace

void arm(std::string_view spec) {
  const std::size_t equals = spec.find('=');
  const std::string_view name = spec.substr(0, equals);
  const std::string_view action = equals == std::string_view::npos ? "" : spec.substr(equals + 1);
  const bool known = std::find(kPoints.begin(), kPoints.end(), name) != kPoints.end();
  if (!known || (action != "kill" && action != "throw" && action != "stop")) {
    throw Error(Kind::Usage, cat("no fault point ", spec),
                {.hint = "NAME=kill|throw|stop", .sqlstate = {}});
  }
  const std::lock_guard lock(armed().mutex);
  armed().name = name;
  armed().action = action;
}

void point(std::string_view name) {
  std::string action;
  {
    const std::lock_guard lock(armed().mutex);
    if (armed().name != name) return;
    action = armed().action;
    armed().name.clear();  // once
  }
  const std::string line = cat("fault point ", name, "\n");
  [[maybe_unused]] const ssize_t said = ::write(STDERR_FILENO, line.data(), line.size());
  if (action == "kill") ::kill(::getpid(), SIGKILL);
  if (action == "stop") ::raise(SIGSTOP);
  if (action == "throw") throw Error(Kind::Io, cat("injected failure at ", name));
}

}  // namespace util::fault

#endif
