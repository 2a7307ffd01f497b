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

// All of it before the deadline; false if the client has gone, is too slow, or the tap stops.
bool read_all(int fd, char* out, std::size_t size, const StopSignal& stop, Deadline deadline);
bool write_all(int fd, std::string_view bytes, const StopSignal& stop, Deadline deadline);
// What the system takes at once, of a few words to a client that is about to be closed.
void write_now(int fd, std::string_view bytes) noexcept;

// Says goodbye so that the client still gets what was written: closing with unread input would
// reset the connection.
void linger(int fd, const StopSignal& stop);

}  // namespace tap
