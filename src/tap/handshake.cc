#include "tap/handshake.h"

#include "util/text.h"

namespace tap {

namespace {

using namespace std::chrono_literals;

constexpr auto kHandshakeTime = 1min;  // the server's authentication_timeout
constexpr int kMaxFirstPackets = 4;    // TLS, GSS, the real one; more is no client

constexpr std::uint32_t kAuthSasl = 10;
constexpr std::uint32_t kAuthSaslContinue = 11;
constexpr std::uint32_t kAuthSaslFinal = 12;
constexpr std::string_view kMechanism = "SCRAM-SHA-256";
constexpr std::string_view kBindingMechanism = "SCRAM-SHA-256-PLUS";

util::Error violation(std::string what) {
  return {util::Kind::Connect, std::move(what), {.sqlstate = "08P01"}};
}

// A client of a later 3.x, or one with extensions, is told that this is 3.0 without any.
std::string negotiate(const Startup& startup) {
  Message message('v');
  message.int32(0).int32(static_cast<std::uint32_t>(startup.extensions.size()));
  for (const std::string& name : startup.extensions) message.text(name);
  return message.bytes();
}

}  // namespace

Handshake::Handshake(Client& client, const Certificate& certificate, const StopSignal& stop)
    : client_(client),
      certificate_(certificate),
      stop_(stop),
      deadline_(std::chrono::steady_clock::now() + kHandshakeTime) {}

void Handshake::send(std::string_view bytes) {
  if (!client_.stream().write_all(bytes, stop_, deadline_)) throw ClientGone();
}

std::string Handshake::receive(std::size_t size) {
  std::string bytes(size, '\0');
  if (!client_.stream().read_all(bytes.data(), size, stop_, deadline_)) throw ClientGone();
  return bytes;
}

void Handshake::secure() {
  if (!client_.secure(certificate_, stop_, deadline_)) throw ClientGone();
}

std::variant<CancelKey, Startup> Handshake::begin() {
  if (client_.begins_with_tls(stop_, deadline_)) secure();
  for (int packets = 0; packets < kMaxFirstPackets; ++packets) {
    const std::uint32_t length = read_u32(receive(4).data());
    if (length < 8 || length > kMaxStartupBytes)
      throw violation("invalid length of startup packet");
    FirstPacket packet = parse_first_packet(receive(length - 4));
    if (const auto* cancel = std::get_if<CancelKey>(&packet)) return *cancel;
    if (auto* startup = std::get_if<Startup>(&packet)) {
      if (startup->minor > 0 || !startup->extensions.empty()) send(negotiate(*startup));
      return std::move(*startup);
    }
    const bool tls = std::holds_alternative<SslRequest>(packet) && !client_.secured();
    // A loopback connection of our own needs no encryption, but its client's setup may insist.
    send(tls ? "S" : "N");
    if (tls) secure();
  }
  throw violation("the client asks for encryption again and again");
}

// A SASLInitialResponse or SASLResponse.
std::string Handshake::receive_answer() {
  const std::string header = receive(kFrameHeaderBytes);
  const std::uint32_t length = read_u32(header.data() + 1);
  if (header[0] != 'p' || length < 4 || length > kMaxAuthBytes)
    throw violation("expected a SASL response");
  return receive(length - 4);
}

void Handshake::authenticate(const scram::Verifier& verifier, std::string_view user) {
  Message offer('R');
  offer.int32(kAuthSasl);
  if (client_.secured()) offer.text(kBindingMechanism);
  send(offer.text(kMechanism).text("").bytes());
  const std::string initial = receive_answer();
  Reader reader(initial);
  const std::string_view chosen = reader.text();
  const bool binds = chosen == kBindingMechanism;
  if (binds && !client_.secured()) {
    throw util::Error(util::Kind::Connect,
                      "channel binding needs TLS, which this connection has not",
                      {.hint = "connect with sslmode=require, or without channel_binding=require",
                       .sqlstate = "08P01"});
  }
  if (!binds && chosen != kMechanism)
    throw violation("the client chose a mechanism that was not offered");
  if (reader.int32() != reader.rest().size()) throw violation("invalid SASL initial response");
  scram::Exchange exchange(
      verifier, {.offered = client_.secured(), .end_point = binds ? certificate_.end_point() : ""});
  send(Message('R').int32(kAuthSaslContinue).raw(exchange.first(reader.rest())).bytes());
  const std::optional<std::string> proof = exchange.final(receive_answer());
  if (!proof) {
    throw util::Error(util::Kind::Connect,
                      util::cat("password authentication failed for user \"", user, "\""),
                      {.hint = "the guarded command gets a one-time password in its environment; "
                               "use that URL or PGPASSWORD",
                       .sqlstate = "28P01"});
  }
  send(Message('R').int32(kAuthSaslFinal).raw(*proof).bytes());
}

}  // namespace tap
