// Loopback sockets without blocking, and waiting for them until the tap stops.
//
// Failure: Kind::Io while listening. What happens to one client is a value.
// Threads: StopSignal from any; a socket belongs to one.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "util/files.h"

namespace tap {

using Deadline = std::chrono::steady_clock::time_point;

// Raised once and for good; every poll of the tap looks at it.
class StopSignal {
 public:
  StopSignal();
  void raise() noexcept;
  bool raised() const noexcept { return raised_; }
  int fd() const noexcept { return fd_.get(); }

 private:
  std::atomic<bool> raised_ = false;
  util::UniqueFd fd_;
};

util::UniqueFd listen_on_loopback();
std::uint16_t local_port(int socket);  // 0 if it is no TCP socket

// The next client, or none once `stop` is raised. Waits through a shortage of descriptors.
util::UniqueFd accept_client(int listener, const StopSignal& stop);

enum class Wait { Ready, Stopped, TimedOut };
// Until one of `events` (POLLIN, POLLOUT) is possible on `fd`.
Wait wait_for(int fd, short events, const StopSignal& stop, Deadline deadline);

// Ends our direction and waits a little for the other's end.
void linger(int fd, const StopSignal& stop);

}  // namespace tap
