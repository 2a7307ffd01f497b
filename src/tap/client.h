// The connection of one client of the tap: plain, or under TLS once it has asked for it.
//
// Threads: one.
#pragma once

#include <string_view>

#include "tap/certificate.h"
#include "tap/stream.h"
#include "util/files.h"

namespace tap {

class Client {
 public:
  explicit Client(util::UniqueFd socket)
      : socket_(std::move(socket)), stream_(socket_.get(), nullptr) {}

  const Stream& stream() const noexcept { return stream_; }
  bool secured() const noexcept { return tls_ != nullptr; }
  // Whether its first byte is that of a TLS handshake; false if it has gone.
  bool begins_with_tls(const StopSignal& stop, Deadline deadline) const;
  // The handshake, as the server. False if it fails or takes too long.
  bool secure(const Certificate& certificate, const StopSignal& stop, Deadline deadline);

  // What the system takes at once, of a few words to a client that is about to be closed.
  void write_now(std::string_view bytes) const noexcept;
  // Says goodbye so that the client still gets what was written: closing with unread input would
  // reset the connection.
  void linger(const StopSignal& stop) const;

 private:
  util::UniqueFd socket_;
  std::unique_ptr<ssl_st, FreeTls> tls_;
  Stream stream_;
};

}  // namespace tap
