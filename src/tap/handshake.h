// What a client and the tap say to each other before the server comes in: encryption refused,
// startup packet, one-time password.
//
// Failure: Kind::Connect, in words for the client, with its SQLSTATE.
// Threads: one.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "tap/scram.h"
#include "tap/socket.h"
#include "tap/wire.h"

namespace tap {

// The client has gone, is too slow, or the tap stops: nobody is left to be told anything.
class ClientGone : public std::exception {};

class Handshake {
 public:
  Handshake(int client, const StopSignal& stop);

  // Refuses TLS and GSS, as the protocol allows, until the client says what it wants.
  std::variant<CancelKey, Startup> begin();
  // Throws 28P01 unless the client knows the password.
  void authenticate(const scram::Verifier& verifier, std::string_view user);

 private:
  void send(std::string_view bytes);
  std::string receive(std::size_t size);
  std::string receive_answer();

  int client_;
  const StopSignal& stop_;
  Deadline deadline_;
};

}  // namespace tap
