// What the tap shows to a client that insists on TLS: a key and a certificate that it has signed
// itself, made in memory for this tap alone. It names localhost and 127.0.0.1 and is its own root,
// so that a client that verifies can be given it as the root to trust.
//
// Failure: Kind::Io if OpenSSL cannot make it. Threads: from any.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace tap {

struct FreeTls {
  void operator()(ssl_ctx_st* context) const noexcept;
  void operator()(ssl_st* tls) const noexcept;
};

class Certificate {
 public:
  Certificate();

  const std::string& pem() const noexcept { return pem_; }  // without the key
  // tls-server-end-point (RFC 5929): what SCRAM-SHA-256-PLUS binds to.
  const std::string& end_point() const noexcept { return end_point_; }
  // The server's end of a connection over `socket`, before its handshake.
  std::unique_ptr<ssl_st, FreeTls> serve(int socket) const;

 private:
  std::unique_ptr<ssl_ctx_st, FreeTls> context_;
  std::string pem_, end_point_;
};

}  // namespace tap
