#include "tap/client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>

namespace tap {

namespace {
constexpr char kTlsHandshake = 0x16;
}

bool Client::begins_with_tls(const StopSignal& stop, Deadline deadline) const {
  char first = 0;
  return wait_for(socket_.get(), POLLIN, stop, deadline) == Wait::Ready &&
         ::recv(socket_.get(), &first, 1, MSG_PEEK) == 1 && first == kTlsHandshake;
}

bool Client::secure(const Certificate& certificate, const StopSignal& stop, Deadline deadline) {
  std::unique_ptr<ssl_st, FreeTls> tls = certificate.serve(socket_.get());
  while (true) {
    ERR_clear_error();
    const int result = SSL_do_handshake(tls.get());
    if (result == 1) break;
    const int reason = SSL_get_error(tls.get(), result);
    if (reason != SSL_ERROR_WANT_READ && reason != SSL_ERROR_WANT_WRITE) return false;
    const short events = reason == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT;
    if (wait_for(socket_.get(), events, stop, deadline) != Wait::Ready) return false;
  }
  tls_ = std::move(tls);
  stream_ = Stream(socket_.get(), tls_.get());
  return true;
}

void Client::write_now(std::string_view bytes) const noexcept {
  std::size_t put = 0;
  stream_.write(bytes.data(), bytes.size(), put);
}

void Client::linger(const StopSignal& stop) const {
  if (tls_) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());  // sends the notice; the answer is not waited for
  }
  tap::linger(socket_.get(), stop);
}

}  // namespace tap
