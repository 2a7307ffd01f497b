// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677) for one password.
//
// Guarantees: the password does not cross the connection; the proof is compared in constant time.
// Failure: Kind::Connect with SQLSTATE 08P01 for messages that are none of SCRAM. A wrong password
// is a value. Threads: Verifier may be shared; an exchange belongs to one client.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "util/secret.h"

namespace tap::scram {

using Digest = std::array<unsigned char, 32>;

// What a server needs to know of a password, computed once: it is slow on purpose.
class Verifier {
 public:
  explicit Verifier(const util::Secret& password);  // ASCII

 private:
  friend class Exchange;
  std::string salt_;
  Digest stored_key_{};
  Digest server_key_{};
};

// What is bound to the TLS connection beneath.
struct Binding {
  bool offered = false;        // SCRAM-SHA-256-PLUS was among the mechanisms
  std::string end_point = {};  // of the certificate, if the client chose it; else empty
};

class Exchange {
 public:
  explicit Exchange(const Verifier& verifier, Binding binding = {})
      : verifier_(verifier), binding_(std::move(binding)) {}

  // client-first-message to server-first-message.
  std::string first(std::string_view client_first);
  // client-final-message to server-final-message; nothing if the client does not know the password.
  std::optional<std::string> final(std::string_view client_final);

 private:
  const Verifier& verifier_;
  const Binding binding_;
  std::string gs2_header_;
  std::string nonce_;
  std::string auth_message_;  // as far as it is known
};

std::string base64(std::string_view bytes);
std::optional<std::string> unbase64(std::string_view text);

}  // namespace tap::scram
