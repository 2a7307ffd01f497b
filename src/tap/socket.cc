#include "tap/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "util/error.h"

namespace tap {

namespace {

using namespace std::chrono_literals;

constexpr int kBacklog = 512;
constexpr auto kLinger = 500ms;

// In the form that poll() wants, rounded up; -1 waits for ever.
int milliseconds_until(Deadline deadline) {
  if (deadline == Deadline::max()) return -1;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp(left, 0ms, std::chrono::milliseconds(1h)).count());
}

bool try_again(int code) { return code == EAGAIN || code == EWOULDBLOCK || code == EINTR; }

sockaddr_in loopback() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

StopSignal::StopSignal() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!fd_) throw util::io_error("create", "eventfd", errno);
}

void StopSignal::raise() noexcept {
  raised_ = true;
  const std::uint64_t one = 1;
  // Cannot fail before 2^64 calls: the counter is never read.
  [[maybe_unused]] const ssize_t written = ::write(fd_.get(), &one, sizeof one);
}

util::UniqueFd listen_on_loopback() {
  util::UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener) throw util::io_error("create", "the socket of the tap", errno);
  const sockaddr_in address = loopback();
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener.get(), kBacklog) != 0) {
    throw util::io_error("listen on", "127.0.0.1", errno);
  }
  return listener;
}

std::uint16_t local_port(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET)
    return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  return 0;
}

util::UniqueFd accept_client(int listener, const StopSignal& stop) {
  while (wait_for(listener, POLLIN, stop, Deadline::max()) == Wait::Ready) {
    util::UniqueFd client(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client) {
      const int on = 1;  // small messages go at once, as libpq sends them
      ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return client;
    }
    // Out of descriptors: somebody will close one.
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      wait_for(stop.fd(), 0, stop, std::chrono::steady_clock::now() + 50ms);
    }
  }
  return {};
}

Wait wait_for(int fd, short events, const StopSignal& stop, Deadline deadline) {
  while (true) {
    std::array<pollfd, 2> items{pollfd{.fd = fd, .events = events, .revents = 0},
                                pollfd{.fd = stop.fd(), .events = POLLIN, .revents = 0}};
    const int ready = ::poll(items.data(), items.size(), milliseconds_until(deadline));
    if (items[1].revents != 0) return Wait::Stopped;
    if (ready > 0) return Wait::Ready;
    if (ready == 0 && std::chrono::steady_clock::now() >= deadline) return Wait::TimedOut;
    if (ready < 0 && errno != EINTR) return Wait::TimedOut;
  }
}

void linger(int fd, const StopSignal& stop) {
  ::shutdown(fd, SHUT_WR);
  const Deadline deadline = std::chrono::steady_clock::now() + kLinger;
  std::array<char, 4096> ignored;
  while (wait_for(fd, POLLIN, stop, deadline) == Wait::Ready) {
    const ssize_t got = ::recv(fd, ignored.data(), ignored.size(), 0);
    if (got == 0 || (got < 0 && !try_again(errno))) return;
  }
}

}  // namespace tap
