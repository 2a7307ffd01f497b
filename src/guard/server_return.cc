#include "guard/server_return.h"

#include <thread>

#include "swap/swap.h"

namespace guard {
namespace {

using namespace std::chrono_literals;

constexpr auto kAskAgain = 200ms;

}  // namespace

void require_server(const RunContext& context, std::chrono::milliseconds patience) {
  if (context.maintenance.alive()) return;
  context.lock.reset();
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    try {
      context.maintenance = swap::open_maintenance(context.live.served(), context.maintenance_db,
                                                   context.names.application, {});
      context.lock = take_lock(context.maintenance, context.live.served().database());
      return;
    } catch (const util::Error& error) {
      const bool later = error.kind() == util::Kind::Connect || error.kind() == util::Kind::Busy;
      if (!later || std::chrono::steady_clock::now() >= deadline) throw;
    }
    std::this_thread::sleep_for(kAskAgain);
  }
}

}  // namespace guard
