// Bytes of a socket that does not block, under TLS or not: the server's side and the client's.
//
// Threads: one per stream.
#pragma once

#include <cstddef>
#include <string_view>

#include "tap/socket.h"

struct ssl_st;

namespace tap {

enum class Io { Done, WantRead, WantWrite, Closed };

// Owns neither.
class Stream {
 public:
  Stream() = default;
  Stream(int socket, ssl_st* tls) : socket_(socket), tls_(tls) {}

  // Some of it, never waiting; Done only if at least one byte went.
  Io read(char* out, std::size_t size, std::size_t& done) const;
  Io write(const char* bytes, std::size_t size, std::size_t& done) const;
  bool buffered() const noexcept;  // TLS holds bytes that poll() does not know of
  bool secured() const noexcept { return tls_ != nullptr; }
  int socket() const noexcept { return socket_; }

  // All of it before the deadline; false if the peer has gone, is too slow, or the tap stops.
  bool read_all(char* out, std::size_t size, const StopSignal& stop, Deadline deadline) const;
  bool write_all(std::string_view bytes, const StopSignal& stop, Deadline deadline) const;

 private:
  int socket_ = -1;
  ssl_st* tls_ = nullptr;
};

short events_for(Io want) noexcept;  // of poll()

}  // namespace tap
