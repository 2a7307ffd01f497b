#include "tap/stream.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace tap {

namespace {

int tls_size(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, std::numeric_limits<int>::max()));
}

Io tls_wants(SSL* tls, int result) {
  const int reason = SSL_get_error(tls, result);
  return reason == SSL_ERROR_WANT_READ    ? Io::WantRead
         : reason == SSL_ERROR_WANT_WRITE ? Io::WantWrite
                                          : Io::Closed;
}

bool try_again() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

short events_for(Io want) noexcept { return want == Io::WantWrite ? POLLOUT : POLLIN; }

Io Stream::read(char* out, std::size_t size, std::size_t& done) const {
  done = 0;
  if (tls_ != nullptr) {
    ERR_clear_error();
    const int got = SSL_read(tls_, out, tls_size(size));
    if (got <= 0) return tls_wants(tls_, got);
    done = static_cast<std::size_t>(got);
    return Io::Done;
  }
  const ssize_t got = ::recv(socket_, out, size, 0);
  if (got <= 0) return got < 0 && try_again() ? Io::WantRead : Io::Closed;
  done = static_cast<std::size_t>(got);
  return Io::Done;
}

Io Stream::write(const char* bytes, std::size_t size, std::size_t& done) const {
  done = 0;
  if (tls_ != nullptr) {
    ERR_clear_error();
    const int put = SSL_write(tls_, bytes, tls_size(size));
    if (put <= 0) return tls_wants(tls_, put);
    done = static_cast<std::size_t>(put);
    return Io::Done;
  }
  const ssize_t put = ::send(socket_, bytes, size, MSG_NOSIGNAL);
  if (put < 0) return try_again() ? Io::WantWrite : Io::Closed;
  done = static_cast<std::size_t>(put);
  return Io::Done;
}

bool Stream::buffered() const noexcept { return tls_ != nullptr && SSL_pending(tls_) > 0; }

bool Stream::read_all(char* out, std::size_t size, const StopSignal& stop,
                      Deadline deadline) const {
  while (size > 0) {
    std::size_t got = 0;
    const Io result = read(out, size, got);
    if (result == Io::Closed) return false;
    if (result != Io::Done && wait_for(socket_, events_for(result), stop, deadline) != Wait::Ready)
      return false;
    out += got;
    size -= got;
  }
  return true;
}

bool Stream::write_all(std::string_view bytes, const StopSignal& stop, Deadline deadline) const {
  while (!bytes.empty()) {
    std::size_t put = 0;
    const Io result = write(bytes.data(), bytes.size(), put);
    if (result == Io::Closed) return false;
    if (result != Io::Done && wait_for(socket_, events_for(result), stop, deadline) != Wait::Ready)
      return false;
    bytes.remove_prefix(put);
  }
  return true;
}

}  // namespace tap
