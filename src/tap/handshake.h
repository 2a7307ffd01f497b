// What a client and the tap say to each other before the server comes in: TLS for those that ask
// for it, startup packet, one-time password.
//
// Failure: Kind::Connect, in words for the client, with its SQLSTATE.
// Threads: one.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>

#include "tap/client.h"
#include "tap/scram.h"
#include "tap/wire.h"

namespace tap {

// The client has gone, is too slow, or the tap stops: nobody is left to be told anything.
class ClientGone : public std::exception {};

class Handshake {
 public:
  Handshake(Client& client, const Certificate& certificate, const StopSignal& stop);

  // Gives TLS and refuses GSS, as the protocol allows, until the client says what it wants.
  std::variant<CancelKey, Startup> begin();
  // Throws 28P01 unless the client knows the password. Over TLS the client may bind the channel.
  void authenticate(const scram::Verifier& verifier, std::string_view user);

 private:
  void send(std::string_view bytes);
  std::string receive(std::size_t size);
  std::string receive_answer();

  void secure();

  Client& client_;
  const Certificate& certificate_;
  const StopSignal& stop_;
  Deadline deadline_;
};

}  // namespace tap
