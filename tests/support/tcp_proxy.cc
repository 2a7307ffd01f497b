#include "support/tcp_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "util/files.h"

namespace test {
namespace {

using namespace std::chrono_literals;

constexpr int kLook = 20;  // milliseconds between two looks at what the test has asked for
constexpr std::size_t kPiece = 65'536;

constexpr std::uint32_t kOtherLoopback = INADDR_LOOPBACK + 1;

sockaddr_in loopback(std::uint16_t port, std::uint32_t host = INADDR_LOOPBACK) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(host);
  address.sin_port = htons(port);
  return address;
}

// From port `own_port`, unless that is 0.
util::UniqueFd dial(std::uint16_t port, std::uint16_t own_port) {
  util::UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in from = loopback(own_port, kOtherLoopback);
  if (own_port != 0 &&
      ::bind(out.get(), reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0)
    return {};
  const sockaddr_in address = loopback(port);
  if (::connect(out.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return out;
}

std::uint16_t port_of_peer(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Closing it now sends a reset, not an orderly end.
void reset_at_close(int socket) {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

bool send_all(int socket, const std::string& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::send(socket, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (put <= 0) return false;
    done += static_cast<std::size_t>(put);
  }
  return true;
}

}  // namespace

struct TcpProxy::Pair {
  util::UniqueFd client, server;
  std::atomic<bool> reset = false;       // by the test
  std::atomic<bool> swallowing = false;  // the answer of the server is the end
  std::atomic<bool> over = false;
  std::thread thread;
};

TcpProxy::TcpProxy(std::uint16_t server_port) : server_port_(server_port) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  if (listener_ < 0 ||
      ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 128) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw util::io_error("listen on", "127.0.0.1", errno);
  port_ = ntohs(address.sin_port);
  accepting_ = std::thread([this] { accept_clients(); });
}

TcpProxy::~TcpProxy() {
  over_ = true;
  accepting_.join();
  reset_all();
  std::list<std::unique_ptr<Pair>> pairs;
  {
    const util::Lock hold(mutex_);
    pairs.swap(pairs_);
  }
  for (const auto& pair : pairs) pair->thread.join();
  ::close(listener_);
}

void TcpProxy::accept_clients() {
  while (!over_) {
    pollfd item{.fd = listener_, .events = POLLIN, .revents = 0};
    if (::poll(&item, 1, kLook) <= 0) continue;
    util::UniqueFd client(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) continue;
    if (cut_) {
      reset_at_close(client.get());
      ++dropped_;
      continue;
    }
    const util::Lock hold(mutex_);
    for (auto at = pairs_.begin(); at != pairs_.end();) {
      if (!(*at)->over) {
        ++at;
        continue;
      }
      (*at)->thread.join();
      at = pairs_.erase(at);
    }
    Pair& pair = *pairs_.emplace_back(std::make_unique<Pair>());
    pair.client = std::move(client);
    pair.thread = std::thread([this, &pair] { serve(pair); });
  }
}

void TcpProxy::serve(Pair& pair) {
  std::function<void(std::string)> take;
  {
    const util::Lock hold(mutex_);
    take = std::exchange(capture_, {});
  }
  if (take) {
    std::string piece(kPiece, '\0');
    const ssize_t got = ::recv(pair.client.get(), piece.data(), piece.size(), 0);
    piece.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    take(std::move(piece));
  } else if ((pair.server =
                  dial(server_port_, keeps_ports_ ? port_of_peer(pair.client.get()) : 0))) {
    const int on = 1;
    for (const int socket : {pair.client.get(), pair.server.get()})
      ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // One thread each: neither direction may keep the other waiting.
    std::thread down([&] { carry(pair, pair.server.get(), pair.client.get(), false); });
    carry(pair, pair.client.get(), pair.server.get(), true);
    down.join();
  }
  if (pair.reset) {
    reset_at_close(pair.client.get());
    if (pair.server) reset_at_close(pair.server.get());
  }
  pair.client.reset();
  pair.server.reset();
  pair.over = true;
}

// Until either end has gone, the test resets the connection, or the proxy ends.
void TcpProxy::carry(Pair& pair, int from, int to, bool from_client) {
  std::string piece;
  while (!over_ && !pair.reset) {
    pollfd item{.fd = from, .events = POLLIN, .revents = 0};
    if (held_ || ::poll(&item, 1, kLook) <= 0) {
      if (held_) std::this_thread::sleep_for(std::chrono::milliseconds(kLook));
      continue;
    }
    piece.resize(kPiece);
    const ssize_t got = ::recv(from, piece.data(), piece.size(), 0);
    if (got <= 0) break;
    piece.resize(static_cast<std::size_t>(got));
    if (delay_ > 0) std::this_thread::sleep_for(std::chrono::milliseconds(delay_));
    if (!lets_pass(pair, piece, from_client) || !send_all(to, piece)) break;
  }
  // The other direction notices: its poll or its write ends.
  ::shutdown(from, SHUT_RD);
  ::shutdown(to, pair.reset ? SHUT_RD : SHUT_WR);
}

bool TcpProxy::lets_pass(Pair& pair, const std::string& piece, bool from_client) {
  if (!from_client) {
    if (pair.swallowing) {  // the server has acted on it
      pair.reset = true;
      return false;
    }
    if (left_ >= 0 && (left_ -= static_cast<std::int64_t>(piece.size())) < 0) {
      left_ = -1;
      drop();
      return false;
    }
    return true;
  }
  const util::Lock hold(mutex_);
  if (text_.empty() || piece.find(text_) == std::string::npos) return true;
  text_.clear();
  ++dropped_;
  if (side_ == Side::Before) pair.reset = true;
  pair.swallowing = true;
  return side_ == Side::Behind;
}

void TcpProxy::reset_all() {
  const util::Lock hold(mutex_);
  for (const auto& pair : pairs_) pair->reset = true;  // their own threads look at it
}

void TcpProxy::drop() {
  ++dropped_;
  reset_all();
}

void TcpProxy::cut() {
  cut_ = true;
  drop();
}

void TcpProxy::drop_after(std::uint64_t bytes) noexcept {
  left_ = static_cast<std::int64_t>(bytes);
}

void TcpProxy::drop_at(std::string text, Side side) {
  const util::Lock hold(mutex_);
  text_ = std::move(text);
  side_ = side;
}

void TcpProxy::capture(std::function<void(std::string)> take) {
  const util::Lock hold(mutex_);
  capture_ = std::move(take);
}

}  // namespace test
